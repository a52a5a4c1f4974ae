import { tagImage } from "../../client/images.ts";
import type { Context } from "../command.ts";
import { CommandError } from "../failure.ts";
import type { Flags } from "../flags.ts";
import { splitReference } from "./import.ts";

export async function tag({ client }: Context, _flags: Flags, operands: readonly string[]): Promise<number> {
  const [image = "", target = ""] = operands;
  if (target === "" || /\s/.test(target)) {
    throw new CommandError(
      `Error parsing reference: ${JSON.stringify(target)} is not a valid repository/tag: invalid reference format`,
    );
  }
  const { repo = "", tag: name = "latest" } = splitReference(target);
  await tagImage(client, image, repo, name);
  return 0;
}
