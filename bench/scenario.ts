// A scenario is done by every engine in turn, round after round, and gives samples for one or more rows of the table.
import type { BenchEngine, EngineName } from "./engine.ts";

export type Against = "dockerd" | "podman" | "floor" | "absolute";

/** Our value must be at most (`more`: at least) `factor` times the other's; for "absolute" the factor is the value itself. */
export type Target = { readonly against: Against; readonly factor: number };

export type Row = {
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  readonly statistic: "median" | "p99" | "max";
  /** Set where a bigger value is the better one. */
  readonly more?: true;
  /**
   * Set where no engine's code is at work, only the kernel's on a way that is the same for all: there "as good as" is
   * reached when the rounds, in pairs, cannot tell the two apart.
   */
  readonly sameWay?: true;
  readonly targets: readonly Target[];
};

/** Row id to what one round found. */
export type Samples = Readonly<Record<string, readonly number[]>>;

export type Scenario = {
  readonly id: string;
  readonly rows: readonly Row[];
  readonly rounds: number;
  /** Rounds before that are not counted, for each engine; default 1. */
  readonly warmUps?: number;
  /** Default: all. */
  readonly engines?: readonly EngineName[];
  readonly setUp?: (engine: BenchEngine) => Promise<void>;
  readonly sample: (engine: BenchEngine) => Promise<Samples>;
  readonly tearDown?: (engine: BenchEngine) => Promise<void>;
  /** The same work by the plainest means there are, such as a bare `crun run`. */
  readonly floor?: () => Promise<Samples>;
};
