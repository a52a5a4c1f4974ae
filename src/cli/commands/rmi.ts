import { platformJson, removeImage } from "../../client/images.ts";
import { ResponseError } from "../../client/errors.ts";
import type { ImageDeleteItem } from "../../spec/docker-images.ts";
import type { Context } from "../command.ts";
import type { Flags } from "../flags.ts";
import { describe } from "../report.ts";

/** One image after the other: which layers are left for the second depends on the first. */
export async function removeImages(
  { client, stdout, stderr }: Context,
  flags: Flags,
  operands: readonly string[],
): Promise<number> {
  const force = flags.bool("force");
  const platforms = flags.list("platform").map(platformJson);
  const problems: string[] = [];
  let exitCode = 0;
  for (const image of operands) {
    try {
      const query = { force, noprune: flags.bool("no-prune"), ...(platforms.length > 0 && { platforms }) };
      await stdout.write(deletedText(await removeImage(client, image, query)));
    } catch (err) {
      problems.push(describe(err));
      // With --force, what is gone already is said, but is no failure.
      if (!(force && err instanceof ResponseError && err.status === 404)) exitCode = 1;
    }
  }
  await stderr.write(problems.map((line) => `${line}\n`).join(""));
  return exitCode;
}

export function deletedText(items: readonly ImageDeleteItem[]): string {
  return items
    .map((item) =>
      "Deleted" in item && item.Deleted
        ? `Deleted: ${item.Deleted}\n`
        : "Untagged" in item
          ? `Untagged: ${item.Untagged}\n`
          : "",
    )
    .join("");
}
