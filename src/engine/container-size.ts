// How many bytes a container takes: what it changed itself, and that together with its image.
import type { Dirent, Stats } from "node:fs";
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { ContainerRecord } from "../containers/record.ts";
import { containerMounts } from "../storage/overlay.ts";
import type { Engine } from "./engine.ts";

export type ContainerSizes = { readonly SizeRw: number; readonly SizeRootFs: number };

/** Reads the container's own files; those that change meanwhile are counted as they are met. */
export async function containerSizes(engine: Engine, record: ContainerRecord): Promise<ContainerSizes> {
  const { layers } = engine.images;
  const [mount] = containerMounts(layers, record.layers, engine.containers.folder(record.id));
  const SizeRw = mount ? await treeSize(mount.upperFolder) : 0;
  const imageSize = record.layers.reduce((sum, chainID) => sum + (layers.get(chainID)?.sizeBytes ?? 0), 0);
  return { SizeRw, SizeRootFs: SizeRw + imageSize };
}

/** Sum of the sizes of regular files and links below `folder`, a file with several names counted once. */
export async function treeSize(folder: string, seen = new Set<number>()): Promise<number> {
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

/** A running container removes files while they are counted: one that is gone counts nothing. */
const nothing = (): Pick<Stats, "size" | "nlink" | "ino"> => ({ size: 0, nlink: 0, ino: 0 });

function entriesOf(folder: string): Promise<Dirent[]> {
  return readdir(folder, { withFileTypes: true }).catch(() => []);
}
