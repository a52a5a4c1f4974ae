import { loadImages } from "../../client/images.ts";
import type { Context } from "../command.ts";
import type { Flags } from "../flags.ts";
import { archiveFromStdin, openArchive } from "../input-file.ts";
import { printProgress } from "../progress.ts";

export async function load(context: Context, flags: Flags, _operands: readonly string[]): Promise<number> {
  const { client, stdin, stdout } = context;
  const path = flags.text("input");
  const archive = path === "" ? await archiveFromStdin(stdin) : await openArchive(path);
  const quiet = flags.bool("quiet");
  const { body } = await loadImages(
    client,
    { quiet, platform: flags.text("platform") || undefined },
    archive,
  );
  // Quiet keeps the daemon from telling its progress; which images came is told all the same.
  await printProgress(body, stdout);
  return 0;
}
