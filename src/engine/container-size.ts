// How many bytes a container takes: what it changed itself, and that together with its image.
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { ContainerRecord } from "../containers/record.ts";
import { upperFolder } from "./create.ts";
import type { Engine } from "./engine.ts";

export type ContainerSizes = { readonly SizeRw: number; readonly SizeRootFs: number };

/** Reads the container's own files; those that change meanwhile are counted as they are met. */
export async function containerSizes(engine: Engine, record: ContainerRecord): Promise<ContainerSizes> {
  const SizeRw = await treeSize(upperFolder(engine, record.id));
  return { SizeRw, SizeRootFs: SizeRw + engine.images.sizeOfLayers(record.layers) };
}

/** Sum of the sizes of regular files and links below `folder`, a file with several names counted once. */
async function treeSize(folder: string, seen = new Set<number>()): Promise<number> {
  let total = 0;
  for (const entry of await entriesOf(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) total += await treeSize(path, seen);
    else if (entry.isFile() || entry.isSymbolicLink()) {
      const { size, nlink, ino } = await lstat(path).catch(nothing);
      if (nlink > 1 && seen.has(ino)) continue;
      seen.add(ino);
      total += size;
    }
  }
  return total;
}

/** A running container removes files while they are counted. */
const nothing = (): { readonly size: number; readonly nlink: number; readonly ino: number } => ({
  size: 0,
  nlink: 0,
  ino: 0,
});

async function entriesOf(folder: string) {
  return readdir(folder, { withFileTypes: true }).catch(() => []);
}
