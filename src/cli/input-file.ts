// Archives for the daemon: from a file or from stdin.

import { closeSync, fstatSync, openSync } from "node:fs";
import type { EngineClient } from "../client/engine-client.ts";
import { handOver } from "../client/handed-file.ts";
import type { Archive } from "../client/images.ts";
import { CommandError } from "./failure.ts";
import type { Input } from "./streams.ts";

/** Below this, handing a file over takes longer than sending what is in it. */
const largeBytes = 4 << 20;

/**
 * What `use` may send of a file: its bytes, or the open file itself where the daemon can read it.
 * @throws CommandError when it cannot be opened.
 */
export async function withArchive<T>(
  client: EngineClient,
  path: string,
  use: (archive: Archive) => Promise<T>,
): Promise<T> {
  const file = Bun.file(path);
  if (!(await file.exists())) throw new CommandError(`open ${path}: no such file or directory`);
  const fd = openSync(path, "r");
  try {
    const status = fstatSync(fd);
    const isLarge = status.isFile() && status.size >= largeBytes;
    const handed = isLarge ? await handOver(client, fd) : undefined;
    if (handed === undefined) return await use({ bytes: file.stream() });
    try {
      return await use(handed);
    } finally {
      handed.letGo();
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
