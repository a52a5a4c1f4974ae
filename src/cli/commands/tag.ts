import { tagImage } from "../../client/images.ts";
import { parseReference } from "../../spec/reference.ts";
import type { Context } from "../command.ts";
import { CommandError } from "../failure.ts";
import type { Flags } from "../flags.ts";
import { splitReference } from "./import.ts";

export async function tag({ client }: Context, _flags: Flags, operands: readonly string[]): Promise<number> {
  const [image = "", target = ""] = operands;
  const { problem } = parseReference(target);
  if (problem !== undefined) {
    throw new CommandError(
      `Error parsing reference: ${JSON.stringify(target)} is not a valid repository/tag: ${problem}`,
    );
  }
  const { repo = "", tag: name = "latest" } = splitReference(target);
  await tagImage(client, image, repo, name);
  return 0;
}
