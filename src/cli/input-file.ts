// Archives for the daemon: from a file or from stdin.

import { closeSync, openSync, statSync } from "node:fs";
import type { EngineClient } from "../client/engine-client.ts";
import { handOver } from "../client/handed-file.ts";
import type { Archive } from "../client/images.ts";
import { CommandError } from "./failure.ts";
import type { Input } from "./streams.ts";

/** Below this, handing a file over takes longer than sending what is in it. */
const largeBytes = 4 << 20;

/**
 * What `use` may send of a file: its bytes, or the open file itself where the daemon can read it.
 * @throws CommandError where there is no file.
 */
export async function withArchive<T>(
  client: EngineClient,
  path: string,
  use: (archive: Archive) => Promise<T>,
): Promise<T> {
  const status = statSync(path, { throwIfNoEntry: false });
  if (status === undefined) throw new CommandError(`open ${path}: no such file or directory`);
  if (status.isDirectory()) throw new CommandError(`read ${path}: is a directory`);
  const bytes = (): Archive => ({ bytes: Bun.file(path).stream() });
  // A pipe is not opened twice, nor waited for here.
  if (!status.isFile() || status.size < largeBytes) return await use(bytes());
  const fd = openSync(path, "r");
  try {
    const handed = await handOver(client, fd);
    try {
      return await use(handed ?? bytes());
    } finally {
      handed?.letGo();
    }
  } finally {
    closeSync(fd);
  }
}

/** The bytes of stdin, which must not be a terminal. */
export async function archiveFromStdin(stdin: Input): Promise<Archive> {
  if (await stdin.isTerminal()) throw new CommandError("requested load from stdin, but stdin is empty");
  return { bytes: stdin.bytes() };
}
