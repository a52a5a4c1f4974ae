import { renameSync, writeFileSync } from "node:fs";

/** Puts a file (0600) in the place of what has this name, a FIFO for instance: whoever has that open keeps it. Not durable. */
export function replaceFile(path: string, text: string): void {
  writeFileSync(`${path}.new`, text, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}
