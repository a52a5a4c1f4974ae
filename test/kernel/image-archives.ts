// Archives of images, made by hand for tests.
import { createHash } from "node:crypto";
import { digestOfHex, type Digest } from "../../src/spec/digest.ts";
import type { ArchiveImage } from "../../src/spec/oci-image.ts";
import { encodeArchive, type EntryWithBody } from "../../src/storage/tar-writer.ts";

export function digest(bytes: Uint8Array | string): Digest {
  return digestOfHex(createHash("sha256").update(bytes).digest("hex"));
}

export type TestImage = {
  readonly layers: readonly Uint8Array[];
  readonly config: Uint8Array;
  readonly id: Digest;
};

/** An image whose layers are archives of these entries, lowest first. */
export function testImage(
  layerEntries: readonly (readonly EntryWithBody[])[],
  config: Readonly<Record<string, unknown>> = {},
  created = "2024-01-02T03:04:05Z",
): TestImage {
  const layers = layerEntries.map(encodeArchive);
  const body = {
    architecture: "amd64",
    os: "linux",
    created,
    config,
    rootfs: { type: "layers", diff_ids: layers.map(digest) },
    history: layers.map((_, at) => ({ created, created_by: `step ${at}` })),
  };
  const bytes = Buffer.from(JSON.stringify(body));
  return { layers, config: bytes, id: digest(bytes) };
}

const hexOf = (bytes: Uint8Array): string => digest(bytes).slice("sha256:".length);

/** As `docker save` writes it: a file for each layer, the table of contents last. */
export function dockerArchive(
  images: readonly (TestImage & { readonly tags?: readonly string[]; readonly parent?: Digest })[],
  pack: (layer: Uint8Array) => Uint8Array = (layer) => layer,
): Buffer {
  const layers = new Map(
    images.flatMap(({ layers: all }) => all.map((layer) => [hexOf(layer), layer] as const)),
  );
  const list: ArchiveImage[] = images.map(({ config, layers: all, tags, parent }) => ({
    Config: `${hexOf(config)}.json`,
    RepoTags: tags ?? null,
    Layers: all.map((layer) => `${hexOf(layer)}/layer.tar`),
    ...(parent === undefined ? {} : { Parent: parent }),
  }));
  return encodeArchive([
    ...[...layers].map(([hex, layer]) => ({ path: `${hex}/layer.tar`, body: pack(layer) })),
    ...images.map(({ config }) => ({ path: `${hexOf(config)}.json`, body: config })),
    { path: "manifest.json", body: JSON.stringify(list) },
  ]);
}

export async function* stream(bytes: Uint8Array, step = 50_000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += step) yield bytes.subarray(at, at + step);
}

/** The same in one piece of memory, as who reads a file has it. */
export async function* streamThroughOneBuffer(bytes: Uint8Array, step = 50_000): AsyncGenerator<Uint8Array> {
  const memory = Buffer.alloc(step);
  for (const at of Array.from({ length: Math.ceil(bytes.length / step) }, (_, piece) => piece * step)) {
    const piece = bytes.subarray(at, at + step);
    memory.set(piece);
    yield memory.subarray(0, piece.length);
    memory.fill(0xee);
  }
}
