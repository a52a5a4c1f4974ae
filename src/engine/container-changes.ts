// `diff`: what a container has changed in its image's files.
import type { FilesystemChange } from "../spec/docker.ts";
import { containerMounts } from "../storage/overlay.ts";
import { upperChanges } from "../storage/upper-changes.ts";
import type { Engine } from "./engine.ts";

const kinds = { changed: 0, added: 1, deleted: 2 } as const;

/** `null` when there is none, as Docker answers. */
export async function containerChanges(
  engine: Engine,
  ref: string,
): Promise<readonly FilesystemChange[] | null> {
  const { id, layers } = engine.containers.find(ref);
  const [mount] = containerMounts(engine.images.layers, layers, engine.containers.folder(id));
  if (mount === undefined) return null;
  const changes = await upperChanges(mount.upperFolder, mount.lowerFolders);
  return changes.length === 0
    ? null
    : changes.map(({ path, kind }) => ({ Path: `/${path}`, Kind: kinds[kind] }));
}
