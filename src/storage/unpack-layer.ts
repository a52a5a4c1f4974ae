// One layer's archive, as it streams in: digest, files, and what is needed to write the archive again.
import { createHash } from "node:crypto";
import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { crashPoint } from "../base/crash-point.ts";
import { InvalidParameterError } from "../base/errors.ts";
import { digestOfHex, type Digest } from "../spec/digest.ts";
import type { ByteSource } from "./byte-reader.ts";
import { applyLayer, type AppliedLayer } from "./layer-apply.ts";
import { layerParts, ReplacedKeeper } from "./layer-archive.ts";
import { TarReader, type TarLimits } from "./tar-reader.ts";
import { SplitWriter } from "./tar-split.ts";

export type UnpackedArchive = AppliedLayer & {
  /** Size of the archive, uncompressed. */
  readonly archiveBytes: number;
};

export type UnpackedLayer = UnpackedArchive & {
  /** Digest of the archive, uncompressed. */
  readonly diffID: Digest;
};

/**
 * Reads `archive`, which is not compressed, to its end. What was unpacked until a failure stays: the caller removes it.
 * @param folder an empty one; it gets the layer's parts.
 * @param onBytes told of each piece before it is unpacked; what it throws ends the work.
 * @throws InvalidParameterError, SystemError.
 */
export async function unpackLayer(
  archive: ByteSource,
  folder: string,
  limits: TarLimits,
  onBytes: (sizeBytes: number) => void,
): Promise<UnpackedLayer> {
  const hash = createHash("sha256");
  async function* hashed(): AsyncGenerator<Uint8Array> {
    for await (const chunk of archive) {
      onBytes(chunk.length);
      hash.update(chunk);
      yield chunk;
    }
  }
  const unpacked = await unpackArchive(hashed(), folder, limits);
  return { ...unpacked, diffID: digestOfHex(hash.digest("hex")) };
}

/** As `unpackLayer`, where somebody else makes the digest. */
export async function unpackArchive(
  archive: ByteSource,
  folder: string,
  limits: TarLimits,
): Promise<UnpackedArchive> {
  const files = join(folder, layerParts.files);
  const replaced = new ReplacedKeeper(folder);
  mkdirSync(files);
  chmodSync(files, 0o755);
  using split = new SplitWriter(join(folder, layerParts.split));
  const reader = new TarReader(archive, limits, (bytes) => split.bytes(bytes));
  try {
    const applied = await applyLayer(reader, files, {
      body: (path, extents) => split.body(path, extents),
      keepReplaced: (path) => replaced.keep(path, split.bodies),
    });
    // The digest covers what stands behind the archive's end too.
    await reader.drain();
    const { archiveBytes } = split;
    if (archiveBytes === 0)
      throw new InvalidParameterError("the archive is empty: not even a tar archive's end");
    split.end();
    replaced.end();
    crashPoint("layer staged");
    return { ...applied, archiveBytes };
  } finally {
    await reader.close();
  }
}
