// Archives that come from the daemon: to a file, which is there whole or not at all, or to stdout.

import type { Context } from "./command.ts";
import { CommandError } from "./failure.ts";
import { humanSize } from "./format/words.ts";

/** @throws CommandError, before anything is asked of the daemon, for a place that cannot be written to. */
export async function checkOutput({ stdout }: Context, path: string, what: string): Promise<void> {
  if (path === "") {
    if ((await stdout.windowSize()) !== undefined)
      throw new CommandError("cowardly refusing to save to a terminal. Use the -o flag or redirect");
    return;
  }
  const { stat } = await import("node:fs/promises");
  const { dirname } = await import("node:path");
  const folder = dirname(path);
  const parent = await stat(folder).catch(() => undefined);
  const failed = `failed to ${what}: invalid output path:`;
  if (parent === undefined) throw new CommandError(`${failed} stat ${folder}: no such file or directory`);
  if (!parent.isDirectory()) throw new CommandError(`${failed} ${folder} is not a directory`);
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory()) throw new CommandError(`failed to ${what}: cannot write to a directory`);
  if (found !== undefined && !found.isFile() && !found.isCharacterDevice())
    throw new CommandError(`${failed} ${path} is not a regular file`);
}

/** @param path "" for stdout. */
export async function writeArchive(
  context: Context,
  body: AsyncIterable<Uint8Array>,
  path: string,
): Promise<void> {
  const { stdout } = context;
  if (path === "") {
    for await (const piece of body) await stdout.writeAll([piece]);
    return;
  }
  const { open, rename, rm } = await import("node:fs/promises");
  // A device such as /dev/null is written to as it is.
  const isPlace = path.startsWith("/dev/");
  const temp = isPlace ? path : `${path}.${process.pid}.part`;
  const file = await open(temp, "w", 0o600);
  const { byteCounter } = await import("./byte-counter.ts");
  const counter = byteCounter(context, (bytes) => `wrote ${humanSize(bytes)}`);
  try {
    for await (const piece of body) {
      await file.writeFile(piece);
      counter.add(piece.length);
    }
    await file.close();
    if (!isPlace) await rename(temp, path);
  } catch (err) {
    await file.close().catch(() => undefined);
    if (!isPlace) await rm(temp, { force: true });
    throw err;
  } finally {
    await counter.end();
  }
}
