import { containerChanges } from "../../client/containers.ts";
import type { Context } from "../command.ts";
import type { Flags } from "../flags.ts";
import { whileWaiting } from "../waiting.ts";

/** Changed, added, deleted. */
const letters = ["C", "A", "D"] as const;

export async function diff(context: Context, _flags: Flags, operands: readonly string[]): Promise<number> {
  const changes = await whileWaiting(
    context,
    "comparing",
    containerChanges(context.client, operands[0] ?? ""),
  );
  const lines = (changes ?? []).map(({ Kind, Path }) => `${letters[Kind]} ${Path}\n`);
  await context.stdout.write(lines.join(""));
  return 0;
}
