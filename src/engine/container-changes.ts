// `diff`: what a container has changed in its image's files.
import type { ContainerRecord } from "../containers/record.ts";
import type { FilesystemChange } from "../spec/docker.ts";
import { containerMounts } from "../storage/overlay.ts";
import { upperChanges } from "../storage/upper-changes.ts";
import type { Engine } from "./engine.ts";

const kinds = { changed: 0, added: 1, deleted: 2 } as const;

/** `null` when there is none, as Docker answers. */
export function containerChanges(engine: Engine, ref: string): readonly FilesystemChange[] | null {
  const record = engine.containers.find(ref);
  const changes = changesOf(engine, record).map(({ path, kind }) => ({
    Path: `/${path}`,
    Kind: kinds[kind],
  }));
  return changes.length === 0 ? null : changes;
}

function changesOf(engine: Engine, { id, layers }: ContainerRecord): ReturnType<typeof upperChanges> {
  const [mount] = containerMounts(engine.images.layers, layers, engine.containers.folder(id));
  return mount === undefined ? [] : upperChanges(mount.upperFolder, mount.lowerFolders);
}
