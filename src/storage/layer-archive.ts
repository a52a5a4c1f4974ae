// Writes the archive of a stored layer again: what tar-split.ts noted, with the contents of the files in their places.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { InvalidParameterError, SystemError } from "../base/errors.ts";
import {
  closeFd,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_PATH,
  O_RDONLY,
  openFile,
  readAt,
} from "../sys/file.ts";
import { openInRoot } from "../sys/open-in-root.ts";
import { bytesSource, chunked, type Source, type TakeChunk } from "./chunks.ts";
import { quoted, splitPath, type LayerPath } from "./entry-path.ts";
import { encodeName } from "./tar-name.ts";
import { readSplit } from "./tar-split.ts";

export const layerParts = { files: "diff", split: "tar-split", replaced: "replaced" } as const;

/** The thing that was at `path` when `before` contents had been noted lies in `replaced/<place in the list>` now. */
export type Replaced = { readonly before: number; readonly path: LayerPath };

const replacedList = "list.json";
/** Far above any real archive; one that is made of nothing else must not fill the memory. */
const mostReplaced = 100_000;

/** Keeps what later entries of an archive replace: its contents are needed to write the archive again. */
export class ReplacedKeeper {
  readonly #folder: string;
  readonly #list: Replaced[] = [];

  /** `folder` holds the layer's parts. */
  constructor(folder: string) {
    this.#folder = join(folder, layerParts.replaced);
  }

  /** The place for what is at `path` now, when `before` contents have been noted. */
  keep(path: LayerPath, before: number): string {
    if (this.#list.length === 0) mkdirSync(this.#folder, { mode: 0o700 });
    if (this.#list.length === mostReplaced)
      throw new InvalidParameterError(`more than ${mostReplaced} entries replace others`);
    const index = this.#list.push({ before, path }) - 1;
    return join(this.#folder, String(index));
  }

  end(): void {
    if (this.#list.length > 0) writeFileSync(join(this.#folder, replacedList), JSON.stringify(this.#list));
  }
}

/**
 * The archive's bytes, in chunks that are the receiver's to keep. `folder` holds the layer's parts.
 * @throws SystemError when files are missing or shorter than they were. That they are the same is the receiver's to check,
 * by the digest.
 */
export function layerArchive(folder: string, take?: TakeChunk): Generator<Uint8Array> {
  return chunked(sources(folder), take);
}

function* sources(folder: string): Generator<Source> {
  using files = new LayerFiles(folder);
  for (const piece of readSplit(join(folder, layerParts.split))) {
    if (piece.kind === "bytes") {
      yield bytesSource(piece.bytes);
      continue;
    }
    using file = files.open(piece.path);
    for (const { offset, sizeBytes } of piece.extents)
      yield { sizeBytes, fill: (target, at) => file.fill(target, offset + at) };
  }
}

type OpenFile = Disposable & Pick<Source, "fill">;

/** The files of a layer, asked for in the order of its archive. */
class LayerFiles implements Disposable {
  readonly #folder: string;
  readonly #root: number;
  readonly #replaced: readonly Replaced[];
  /** Places in the list by path, the last one first: those that have been passed are taken off its end. */
  readonly #byPath = new Map<LayerPath, number[]>();
  #opened = 0;

  constructor(folder: string) {
    this.#folder = folder;
    const list = join(folder, layerParts.replaced, replacedList);
    this.#replaced = existsSync(list) ? (JSON.parse(readFileSync(list, "utf8")) as Replaced[]) : [];
    for (let index = this.#replaced.length - 1; index >= 0; index--) {
      const { path = "" } = this.#replaced[index] ?? {};
      const places = this.#byPath.get(path) ?? [];
      places.push(index);
      this.#byPath.set(path, places);
    }
    this.#root = openFile(folder, O_PATH | O_DIRECTORY);
  }

  [Symbol.dispose](): void {
    closeFd(this.#root);
  }

  open(path: LayerPath): OpenFile {
    const flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK;
    const fd = openInRoot(this.#root, encodeName(this.#place(path, this.#opened++)), flags);
    return {
      fill: (target, position) => {
        for (let done = 0; done < target.length;) {
          const got = readAt(fd, target, done, target.length - done, position + done);
          if (got === 0)
            throw new SystemError(`layer ${this.#folder} is damaged: ${quoted(path)} is too short`);
          done += got;
        }
      },
      [Symbol.dispose]: () => closeFd(fd),
    };
  }

  /** The first thing to replace the file, or a folder above it, after it was there. */
  #place(path: LayerPath, ordinal: number): LayerPath {
    let first: number | undefined;
    for (let part = this.#replaced.length === 0 ? "" : path; part !== ""; part = splitPath(part).folder) {
      const index = this.#next(part, ordinal);
      if (index !== undefined && (first === undefined || index < first)) first = index;
    }
    if (first === undefined) return `${layerParts.files}/${path}`;
    return `${layerParts.replaced}/${first}${path.slice(this.#replaced[first]?.path.length)}`;
  }

  /** The first time that something at exactly this path was replaced after `ordinal`, which never goes back. */
  #next(path: LayerPath, ordinal: number): number | undefined {
    const places = this.#byPath.get(path) ?? [];
    for (let last = places.at(-1); last !== undefined; last = places.at(-1)) {
      if ((this.#replaced[last]?.before ?? 0) > ordinal) return last;
      places.pop();
    }
    return undefined;
  }
}
