// Unpacks an archive into a file system that is in use, as `docker cp` does.
import { cleanPath, joinPath, splitPath, type LayerPath } from "./entry-path.ts";
import { applyAll, Applier, type Rules } from "./layer-apply.ts";
import { LayerTree } from "./layer-tree.ts";
import type { TarReader } from "./tar-reader.ts";

export type UnpackOptions = Pick<Rules, "keepKinds" | "owner"> & {
  /** The folder below the root that the archive is unpacked into; it exists. */
  readonly into: LayerPath;
};

/**
 * Folders are merged, anything else is replaced, and names mean nothing special. Links on the way are followed inside
 * `root`, a folder's path, whoever changes them meanwhile. What was unpacked before a failure stays.
 * @throws InvalidParameterError, SystemError.
 */
export async function unpackInto(archive: TarReader, root: string, options: UnpackOptions): Promise<void> {
  using tree = new LayerTree(root);
  await applyAll(archive, new Applier(tree, archive, copyRules(options)));
}

function copyRules({ into, ...rest }: UnpackOptions): Rules {
  const below = (path: string): LayerPath => {
    const clean = cleanPath(path);
    return clean === "" ? into : joinPath(into, clean);
  };
  return {
    ...rest,
    inUse: true,
    targetOf: below,
    placeOf: (entryPath) => {
      const path = below(entryPath);
      // The folder itself is there and stays what it is.
      return path === into ? { kind: "ignored" } : { kind: "entry", path, ...splitPath(path) };
    },
  };
}
