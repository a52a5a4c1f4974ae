// Packs files of ours into an archive for a container, as a stream.

import { lstat, open, readdir, readlink } from "node:fs/promises";
import type { Stats } from "node:fs";
import { join } from "node:path";
import type { EntryKind } from "../../storage/tar-reader.ts";
import { archiveEnd, encodeEntry, padding, plainEntry } from "../../storage/tar-writer.ts";
import { CommandError } from "../failure.ts";

const pieceBytes = 1 << 20;

/**
 * An archive of `path` and all below it, sockets left out.
 *
 * @param name what the first entry is called.
 */
export async function* pack(path: string, name: string): AsyncGenerator<Uint8Array, void, undefined> {
  yield* packEntry(path, name);
  yield archiveEnd();
}

async function* packEntry(path: string, name: string): AsyncGenerator<Uint8Array, void, undefined> {
  const stat = await lstat(path);
  const kind = kindOf(stat);
  if (kind === undefined) return;
  const sizeBytes = kind === "file" ? stat.size : 0;
  yield encodeEntry({
    ...plainEntry,
    path: kind === "directory" ? `${name}/` : name,
    kind,
    target: kind === "symlink" ? await readlink(path) : "",
    mode: stat.mode & 0o7777,
    uid: stat.uid,
    gid: stat.gid,
    sizeBytes,
    modifiedNs: BigInt(Math.trunc(stat.mtimeMs)) * 1_000_000n,
    accessedNs: BigInt(Math.trunc(stat.mtimeMs)) * 1_000_000n,
    deviceMajor: kind === "char" || kind === "block" ? stat.rdev >> 8 : 0,
    deviceMinor: kind === "char" || kind === "block" ? stat.rdev & 0xff : 0,
  });
  if (kind === "file") yield* packBody(path, sizeBytes);
  if (kind !== "directory") return;
  for (const child of (await readdir(path)).sort()) yield* packEntry(join(path, child), `${name}/${child}`);
}

/** As many bytes as the header says, whatever happens to the file meanwhile. */
async function* packBody(path: string, sizeBytes: number): AsyncGenerator<Uint8Array, void, undefined> {
  const file = await open(path, "r");
  try {
    for (let at = 0; at < sizeBytes;) {
      const buffer = Buffer.allocUnsafe(Math.min(pieceBytes, sizeBytes - at));
      const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
      if (bytesRead === 0) throw new CommandError(`${path} became shorter while it was copied`);
      yield buffer.subarray(0, bytesRead);
      at += bytesRead;
    }
  } finally {
    await file.close();
  }
  yield padding(sizeBytes);
}

function kindOf(stat: Stats): EntryKind | undefined {
  if (stat.isFile()) return "file";
  if (stat.isDirectory()) return "directory";
  if (stat.isSymbolicLink()) return "symlink";
  if (stat.isCharacterDevice()) return "char";
  if (stat.isBlockDevice()) return "block";
  return stat.isFIFO() ? "fifo" : undefined;
}
