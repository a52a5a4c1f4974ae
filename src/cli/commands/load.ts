import { loadImages } from "../../client/images.ts";
import type { Archive } from "../../client/images.ts";
import type { Context } from "../command.ts";
import type { Flags } from "../flags.ts";
import { archiveFromStdin, withArchive } from "../input-file.ts";
import { printProgress } from "../progress.ts";

export async function load(context: Context, flags: Flags, _operands: readonly string[]): Promise<number> {
  const { client, stdin, stdout } = context;
  const path = flags.text("input");
  const query = { quiet: flags.bool("quiet"), platform: flags.text("platform") || undefined };
  const send = async (archive: Archive): Promise<void> => {
    const { body } = await loadImages(client, query, archive);
    // Quiet keeps the daemon from telling its progress; which images came is told all the same.
    await printProgress(body, stdout);
  };
  if (path === "") await send(await archiveFromStdin(stdin));
  else await withArchive(client, path, send);
  return 0;
}
