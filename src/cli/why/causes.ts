// Why a container is in the state it is in, as data: the first cause of the table that applies is the answer. Each is a
// pure function over the evidence.

import type { Evidence } from "./evidence.ts";
import { endCauses } from "./end-causes.ts";
import { liveCauses } from "./live-causes.ts";
import { startCauses } from "./start-causes.ts";

export type Explanation = {
  /** One sentence. */
  readonly why: string;
  /** What is known besides, a sentence each. */
  readonly details?: readonly string[];
  /** What to do next. */
  readonly next?: string;
};

export type Cause = {
  /** For scripts: stays as it is. */
  readonly id: string;
  /** Undefined where this is not the cause. */
  readonly explain: (evidence: Evidence) => Explanation | undefined;
};

/** Nothing better is known. */
const unknown: Cause = {
  id: "unknown",
  explain: ({ container: { State } }) => ({ why: `The container is ${State.Status}.` }),
};

export const causes: readonly Cause[] = [...startCauses, ...liveCauses, ...endCauses, unknown];

export type Found = Explanation & { readonly cause: string };

/** What does not explain the state, but will matter at the next start. */
function besides(cause: string, { container, joined }: Evidence): readonly string[] {
  if (joined === undefined || joined.state === "running" || cause === "joined-container-gone") return [];
  if (container.State.Running) return [];
  return [
    `It shares a namespace of the container ${joined.name}, which ${joined.state === undefined ? "is gone" : `is ${joined.state}`}.`,
  ];
}

export function findCause(evidence: Evidence): Found {
  for (const { id, explain } of causes) {
    const explanation = explain(evidence);
    if (explanation === undefined) continue;
    const details = [...(explanation.details ?? []), ...besides(id, evidence)];
    return { cause: id, ...explanation, details };
  }
  throw new Error("the last cause applies always");
}
