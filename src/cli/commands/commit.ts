import { commitContainer } from "../../client/containers.ts";
import { parseReference } from "../../spec/reference.ts";
import type { Context } from "../command.ts";
import { CommandError } from "../failure.ts";
import type { Flags } from "../flags.ts";
import { whileWaiting } from "../waiting.ts";
import { splitReference } from "./import.ts";

export async function commit(context: Context, flags: Flags, operands: readonly string[]): Promise<number> {
  const [container = "", reference = ""] = operands;
  const { problem } = reference === "" ? {} : parseReference(reference);
  if (problem !== undefined) throw new CommandError(problem);
  const query = {
    container,
    ...splitReference(reference),
    author: flags.text("author") || undefined,
    comment: flags.text("message") || undefined,
    changes: flags.list("change"),
    // The default is to pause; only "0" says that it is not.
    ...(!flags.bool("pause") && { pause: "0" }),
  };
  const { Id } = await whileWaiting(context, "committing", commitContainer(context.client, query));
  await context.stdout.write(`${Id}\n`);
  return 0;
}
