// `import`: an image from the tar archive of a file system.

import { importImage as sendImport } from "../../client/images.ts";
import type { Archive } from "../../client/images.ts";
import type { Context } from "../command.ts";
import { CommandError } from "../failure.ts";
import type { Flags } from "../flags.ts";
import { withArchive } from "../input-file.ts";
import { printProgress } from "../progress.ts";

export async function importImage(
  { client, stdin, stdout }: Context,
  flags: Flags,
  operands: readonly string[],
): Promise<number> {
  const [source = "", reference = ""] = operands;
  const isUrl = /^https?:\/\//.test(source);
  const { repo, tag } = splitReference(reference);
  const query = {
    fromSrc: isUrl ? source : "-",
    repo,
    tag,
    message: flags.text("message") || undefined,
    changes: flags.list("change"),
    platform: flags.text("platform") || undefined,
  };
  const send = async (archive?: Archive): Promise<void> => {
    const { body } = await sendImport(client, query, archive);
    await printProgress(body, stdout);
  };
  if (isUrl) await send();
  else if (source === "-") await send({ bytes: stdin.bytes() });
  else await withArchive(client, source, send);
  return 0;
}

/** "name:tag" in its parts; whether they are well formed is for the daemon to say. */
export function splitReference(reference: string): { readonly repo?: string; readonly tag?: string } {
  if (reference === "") return {};
  const colon = reference.indexOf(":", reference.lastIndexOf("/") + 1);
  if (colon < 0) return { repo: reference };
  if (reference.indexOf(":", colon + 1) >= 0) throw new CommandError("invalid reference format");
  return { repo: reference.slice(0, colon), tag: reference.slice(colon + 1) };
}
