// Whether a stored layer is still what it was: its archive is written again and compared with the layer's name, and each
// file that has bytes must be one of the archive's.
import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { digestOfHex, type Digest } from "../spec/digest.ts";
import { statAt, AT_FDCWD } from "../sys/directory-entry.ts";
import { joinPath, placeOf, type LayerPath } from "./entry-path.ts";
import { layerArchive, layerParts } from "./layer-archive.ts";
import { isFolder, isRegular } from "./layer-tree.ts";
import { decodeName, encodeName } from "./tar-name.ts";
import { TarReader } from "./tar-reader.ts";
import { readSplit } from "./tar-split.ts";

export type LayerCheck = {
  /** Of the archive as it can be written now. */
  readonly diffID: Digest;
  readonly archiveBytes: number;
  /** As LayerRecord.sizeBytes counts. */
  readonly sizeBytes: number;
  readonly files: number;
  /** Files with bytes that no archive brought. */
  readonly foreign: readonly { readonly path: LayerPath; readonly sizeBytes: number }[];
};

/** `folder` holds the layer's parts. Throws, with what is wrong, when no archive can be written. */
export async function checkLayer(folder: string): Promise<LayerCheck> {
  const hash = createHash("sha256");
  let archiveBytes = 0;
  async function* hashed(): AsyncGenerator<Uint8Array> {
    for (const chunk of layerArchive(folder)) {
      hash.update(chunk);
      archiveBytes += chunk.length;
      yield chunk;
      await othersTurn();
    }
  }
  const reader = new TarReader(hashed());
  let sizeBytes = 0;
  try {
    for (let entry = await reader.next(); entry !== undefined; entry = await reader.next())
      if (entry.kind === "file" && placeOf(entry.path).kind === "entry")
        sizeBytes += entry.sparse?.fileBytes ?? entry.sizeBytes;
    await reader.drain();
  } finally {
    await reader.close();
  }
  const { files, foreign } = await filesOf(folder);
  return { diffID: digestOfHex(hash.digest("hex")), archiveBytes, sizeBytes, files, foreign };
}

/** By inode: a hard link of a file of the archive's is that file. */
async function filesOf(folder: string): Promise<Pick<LayerCheck, "files" | "foreign">> {
  const known = new Set<LayerPath>();
  for (const piece of readSplit(join(folder, layerParts.split)))
    if (piece.kind === "body") known.add(piece.path);
  const found: Found[] = [];
  for (const file of regularFiles(join(folder, layerParts.files), ""))
    if (found.push(file) % filesAtOnce === 0) await othersTurn();
  const inodes = new Set(found.filter(({ path }) => known.has(path)).map(({ inode }) => inode));
  const foreign = found.filter(({ sizeBytes, inode }) => sizeBytes > 0 && !inodes.has(inode));
  return { files: found.length, foreign };
}

/** So many files are looked at in one go: a few ms. */
const filesAtOnce = 512;

/** A whole turn of the event loop: a layer takes seconds, and requests come meanwhile. */
function othersTurn(): Promise<void> {
  return new Promise(setImmediate);
}

type Found = { readonly path: LayerPath; readonly sizeBytes: number; readonly inode: bigint };

function* regularFiles(folder: string, below: LayerPath): Generator<Found> {
  const here = encodeName(below === "" ? folder : `${folder}/${below}`);
  for (const bytes of readdirSync(typeof here === "string" ? here : Buffer.from(here), {
    encoding: "buffer",
  })) {
    const path = joinPath(below, decodeName(bytes));
    const status = statAt(AT_FDCWD, encodeName(`${folder}/${path}`));
    if (status === undefined) continue;
    if (isFolder(status)) yield* regularFiles(folder, path);
    else if (isRegular(status)) yield { path, sizeBytes: status.sizeBytes, inode: status.inode };
  }
}
