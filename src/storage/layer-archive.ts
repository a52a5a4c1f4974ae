// Writes the archive of a stored layer again: what tar-split.ts noted, with the contents of the files in their places.
import { join } from "node:path";
import { SystemError } from "../base/errors.ts";
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
import { bytesSource, chunked, type Source } from "./chunks.ts";
import { quoted, type LayerPath } from "./entry-path.ts";
import { encodeName } from "./tar-name.ts";
import { readSplit } from "./tar-split.ts";

/** The thing that was at `path` when `before` contents had been noted lies in `replaced/<place in the list>` now. */
export type Replaced = { readonly before: number; readonly path: LayerPath };

export const layerParts = { files: "diff", split: "tar-split", replaced: "replaced" } as const;

/**
 * The archive's bytes, in chunks that are the receiver's to keep. `folder` holds the layer's parts.
 * @throws SystemError when files are missing or shorter than they were. That they are the same is the receiver's to check,
 * by the digest.
 */
export function* layerArchive(folder: string, replaced: readonly Replaced[] = []): Generator<Uint8Array> {
  yield* chunked(sources(folder, replaced));
}

function* sources(folder: string, replaced: readonly Replaced[]): Generator<Source> {
  using files = new LayerFiles(folder, replaced);
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
  #opened = 0;

  constructor(folder: string, replaced: readonly Replaced[]) {
    this.#folder = folder;
    this.#replaced = replaced;
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

  #place(path: LayerPath, ordinal: number): LayerPath {
    for (const [index, { before, path: was }] of this.#replaced.entries())
      if (ordinal < before && (path === was || path.startsWith(`${was}/`)))
        return `${layerParts.replaced}/${index}${path.slice(was.length)}`;
    return `${layerParts.files}/${path}`;
  }
}
