// What a path shows in a stack of layers that is not mounted, by overlayfs's rules: the topmost entry wins, folders are
// merged down to a mark of deletion, a file or an opaque folder.
import { readdirSync } from "node:fs";
import { AT_FDCWD, statAt, type EntryStatus } from "../sys/directory-entry.ts";
import type { Path } from "../sys/errno.ts";
import { lgetxattr } from "../sys/xattr.ts";
import { joinPath, splitPath, type LayerPath } from "./entry-path.ts";
import { isFolder, isWhiteout, opaqueXattr } from "./layer-tree.ts";
import { decodeName, encodeName } from "./tar-name.ts";

/** What the stack shows at a path, and where that lies on disk. */
export type LowerEntry = { readonly place: Path; readonly status: EntryStatus };

/** Folders on disk that are merged into one, topmost first. */
type MergedFolder = readonly string[];

export class LowerLayers {
  readonly #roots: MergedFolder;
  readonly #merged = new Map<LayerPath, MergedFolder>();

  /** `folders`: the layers' root folders, topmost first. */
  constructor(folders: readonly string[]) {
    this.#roots = folders;
  }

  /** Where the topmost part of the folder at `path` lies on disk; `undefined` when the stack shows no folder there. */
  topFolder(path: LayerPath): Path | undefined {
    const [top] = this.#folder(path);
    return top === undefined ? undefined : encodeName(top);
  }

  /** `undefined` when it shows nothing there. */
  entry(path: LayerPath): LowerEntry | undefined {
    const { folder, name } = splitPath(path);
    for (const parent of this.#folder(folder)) {
      const place = joinPath(parent, name);
      const status = statusOf(place);
      if (status !== undefined) return isWhiteout(status) ? undefined : { place: encodeName(place), status };
    }
    return undefined;
  }

  /** The names that the stack shows in a folder; none where it shows no folder. */
  names(path: LayerPath): Set<string> {
    const shown = new Set<string>();
    const deleted = new Set<string>();
    for (const folder of this.#folder(path)) {
      for (const bytes of readdirSync(encodeName(folder) as string | Buffer, { encoding: "buffer" })) {
        const name = decodeName(bytes);
        if (shown.has(name) || deleted.has(name)) continue;
        const status = statusOf(joinPath(folder, name));
        (status === undefined || isWhiteout(status) ? deleted : shown).add(name);
      }
    }
    return shown;
  }

  #folder(path: LayerPath): MergedFolder {
    if (path === "") return this.#roots;
    const known = this.#merged.get(path);
    if (known !== undefined) return known;
    const { folder, name } = splitPath(path);
    const found: string[] = [];
    for (const parent of this.#folder(folder)) {
      const candidate = joinPath(parent, name);
      const status = statusOf(candidate);
      if (status === undefined) continue;
      if (!isFolder(status)) break;
      found.push(candidate);
      if (lgetxattr(encodeName(candidate), opaqueXattr) !== undefined) break;
    }
    this.#merged.set(path, found);
    return found;
  }
}

function statusOf(path: string): EntryStatus | undefined {
  return statAt(AT_FDCWD, encodeName(path));
}
