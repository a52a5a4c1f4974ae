import { topContainer } from "../../client/containers.ts";
import type { Context } from "../command.ts";
import type { Flags } from "../flags.ts";
import { alignTabs } from "../format/tab-writer.ts";

export async function top(
  { client, stdout }: Context,
  _flags: Flags,
  operands: readonly string[],
): Promise<number> {
  const [container = "", ...psArgs] = operands;
  const { Titles, Processes } = await topContainer(client, container, psArgs.join(" "));
  const lines = [Titles, ...Processes].map((cells) => `${cells.join("\t")}\n`).join("");
  await stdout.write(alignTabs(lines, { minWidth: 20, padding: 3 }));
  return 0;
}
