// Archives that are sent to the daemon: from a file or from stdin.

import { CommandError } from "./failure.ts";
import type { Input } from "./streams.ts";

/** The bytes of a file. Throws CommandError when it cannot be opened. */
export async function openArchive(path: string): Promise<AsyncIterable<Uint8Array>> {
  const file = Bun.file(path);
  if (!(await file.exists())) throw new CommandError(`open ${path}: no such file or directory`);
  return file.stream();
}

/** The bytes of stdin, which must not be a terminal. */
export async function archiveFromStdin(stdin: Input): Promise<AsyncIterable<Uint8Array>> {
  if (await stdin.isTerminal()) throw new CommandError("requested load from stdin, but stdin is empty");
  return stdin.bytes();
}
