// From samples to a Markdown table with ratios and verdicts.
import { cpus, totalmem, release } from "node:os";
import type { BenchEngine, EngineName } from "./engine.ts";
import type { Against, Row, Target } from "./scenario.ts";

export type Column = EngineName | "floor";
export type Results = ReadonlyMap<string, ReadonlyMap<Column, readonly number[]>>;

/** The value at `part` (0..1) of the sorted samples; the upper of two middle ones for the median of an even number. */
export function quantile(samples: readonly number[], part: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN;
}

export function valueOf({ statistic }: Pick<Row, "statistic">, samples: readonly number[]): number {
  return quantile(samples, { median: 0.5, p99: 0.99, max: 1 }[statistic]);
}

type Interval = { readonly low: number; readonly high: number };

/**
 * Between these is the median of the rounds' ratios, own to other, with a probability of 95 %: by the sign test, so that
 * no distribution is supposed. `undefined` for too few rounds to say.
 */
function ratioInterval(own: readonly number[], other: readonly number[]): Interval | undefined {
  const ratios = own
    .slice(0, other.length)
    .map((value, at) => value / (other[at] ?? Number.NaN))
    .toSorted((a, b) => a - b);
  const outside = Math.floor(ratios.length / 2 - 0.98 * Math.sqrt(ratios.length));
  const [low, high] = [ratios[outside], ratios.at(-1 - outside)];
  return outside < 0 || low === undefined || high === undefined ? undefined : { low, high };
}

/** A wider interval tells nothing. */
const narrow = 0.1;

type Verdict = { readonly text: string; readonly reached: boolean };

function verdict(
  row: Row,
  target: Target,
  values: ReadonlyMap<Column, number>,
  samples: ReadonlyMap<Column, readonly number[]>,
): Verdict | undefined {
  const own = values.get("sampan");
  const other = target.against === "absolute" ? 1 : values.get(target.against);
  if (own === undefined || other === undefined) return undefined;
  const bound = other * target.factor;
  const text = `${row.more ? "≥" : "≤"} ${targetText(target)}`;
  if (row.more ? own >= bound : own <= bound) return { text: `${text}: yes`, reached: true };
  const isEqual = row.sameWay && target.factor === 1 && target.against !== "absolute";
  const interval = isEqual
    ? ratioInterval(samples.get("sampan") ?? [], samples.get(target.against) ?? [])
    : undefined;
  if (
    interval === undefined ||
    interval.low > 1 ||
    interval.high < 1 ||
    interval.high - interval.low > narrow
  )
    return { text: `${text}: **NO**`, reached: false };
  return {
    text: `${text}: equal (${interval.low.toFixed(2)} to ${interval.high.toFixed(2)} of it)`,
    reached: true,
  };
}

function targetText({ against, factor }: Target): string {
  if (against === "absolute") return String(factor);
  const names: Record<Exclude<Against, "absolute">, string> = {
    dockerd: "dockerd",
    podman: "podman",
    floor: "the floor",
  };
  const part = 1 / factor;
  const isPart = factor < 1 && Math.abs(part - Math.round(part)) < 0.01;
  const times = factor === 1 ? "" : isPart ? `1/${Math.round(part)} of ` : `${factor} x `;
  return times + names[against];
}

const number = (value: number | undefined): string => {
  if (value === undefined) return "";
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
};

/** The whole file, and how many targets were missed. */
export function report(
  rows: readonly Row[],
  results: Results,
  engines: readonly BenchEngine[],
  now: Date,
): { markdown: string; missed: number } {
  let missed = 0;
  const lines = rows.flatMap((row) => {
    const samples = results.get(row.id);
    if (samples === undefined) return [];
    const values = new Map([...samples].map(([column, list]) => [column, valueOf(row, list)] as const));
    const own = values.get("sampan");
    const ratio = (column: Column): string => {
      const other = values.get(column);
      if (own === undefined || other === undefined || own === 0 || column === "sampan") return "";
      return ` (${number(row.more ? own / other : other / own)}x)`;
    };
    const cells = (["sampan", "dockerd", "podman", "floor"] as const).map(
      (column) => number(values.get(column)) + ratio(column),
    );
    const verdicts = row.targets.flatMap((target) => verdict(row, target, values, samples) ?? []);
    missed += verdicts.filter(({ reached }) => !reached).length;
    return [
      `| ${row.title}${row.unit === "" ? "" : `, ${row.unit}`} | ${cells.join(" | ")} | ${verdicts.map(({ text }) => text).join("; ")} |`,
    ];
  });
  const machine = `${cpus().length} x ${cpus()[0]?.model.trim() ?? "unknown cpu"}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}`;
  return {
    missed,
    markdown: `# Benchmark

Made by \`npm run bench\` on ${now.toISOString().slice(0, 10)}: ${machine}. All engines in the same run, each with folders, network and mount namespace of its own,
warmed up untimed, their rounds interleaved; medians, except where a row says otherwise. In brackets: how many times better Sampan is. "Equal": the rounds, in pairs, cannot tell the
two apart; in brackets the 95 % interval of the median of their ratios (sign test). Said only of ways through the kernel that are the
same for all engines.

| work | sampan | dockerd | podman | floor | to reach |
| --- | --- | --- | --- | --- | --- |
${lines.join("\n")}

${engines.map(({ version }) => `- ${version}`).join("\n")}
`,
  };
}
