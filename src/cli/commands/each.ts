// Doing one thing to each of several operands: side by side, printed in their order, and a failure stops no other.

import type { Context } from "../command.ts";
import { CommandError } from "../failure.ts";
import { describe } from "../report.ts";
import { whileWaiting } from "../waiting.ts";

/**
 * @param doing what stands on the terminal when it takes long: "stopping".
 * @param act returns what to print about the operand; "" prints nothing.
 * @returns 0, or 1 when any failed. Failures are printed after the successes, as Docker does.
 */
export async function forEach(
  context: Context,
  doing: string,
  operands: readonly string[],
  act: (operand: string) => Promise<string>,
): Promise<number> {
  const results = await whileWaiting(
    context,
    `${doing} ${operands.join(", ")}`,
    Promise.allSettled(operands.map(act)),
  );
  const done = results.flatMap((result) =>
    result.status === "fulfilled" && result.value !== "" ? [result.value] : [],
  );
  const failed = results.flatMap((result) => (result.status === "rejected" ? [describe(result.reason)] : []));
  await context.stdout.write(done.map((line) => `${line}\n`).join(""));
  await context.stderr.write(failed.map((line) => `${line}\n`).join(""));
  return failed.length === 0 ? 0 : 1;
}

/** A container's name as it may be typed: a leading slash is no part of it. */
export function containerName(operand: string): string {
  const name = operand.replace(/^\/+|\/+$/g, "");
  if (name === "") throw new CommandError("container name cannot be empty");
  return name;
}
