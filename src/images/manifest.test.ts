import { expect, test } from "bun:test";
import { mediaTypes } from "../spec/oci-image.ts";
import { parseManifest } from "./manifest.ts";

const digest = `sha256:${"a".repeat(64)}`;
const config = { mediaType: mediaTypes.ociConfig, digest, size: 10 };
const layer = { mediaType: `${mediaTypes.ociLayer}+gzip`, digest, size: 20 };
const image = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers: [layer] };
const index = {
  schemaVersion: 2,
  mediaType: mediaTypes.ociIndex,
  manifests: [{ ...config, mediaType: mediaTypes.ociManifest }],
};
const parse = (body: unknown, type = "") => parseManifest(Buffer.from(JSON.stringify(body)), type);

test("parseManifest: an image and an index, by body, by header, by neither", () => {
  expect(parse(image)).toMatchObject({ kind: "image", mediaType: mediaTypes.ociManifest });
  expect(parse(index)).toMatchObject({ kind: "index", mediaType: mediaTypes.ociIndex });
  const { mediaType: _, ...bare } = image;
  expect(parse(bare)).toMatchObject({ kind: "image" });
  expect(parse(bare, mediaTypes.dockerManifest)).toMatchObject({
    kind: "image",
    mediaType: mediaTypes.dockerManifest,
  });
  expect(parse({ schemaVersion: 2, manifests: [] })).toMatchObject({ kind: "index" });
});

test.each([
  ["schema 1", { schemaVersion: 1, fsLayers: [] }, "", /schema 1 are not supported/],
  ["an index and an image at once", { ...image, manifests: [] }, "", /at once/],
  ["a type that contradicts the header", image, mediaTypes.ociIndex, /says that it is/],
  [
    "a config of something else",
    { ...image, config: { ...config, mediaType: "application/x" } },
    "",
    /no image that can be run/,
  ],
  ["a config without end", { ...image, config: { ...config, size: 1e12 } }, "", /image config of/],
  ["a negative size", { ...image, layers: [{ ...layer, size: -1 }] }, "", /is no size/],
  ["a size that is no number", { ...image, layers: [{ ...layer, size: "20" }] }, "", /is no size/],
  ["a size beyond all sizes", { ...image, layers: [{ ...layer, size: 1e300 }] }, "", /is no size/],
  [
    "a digest that is a path",
    { ...image, layers: [{ ...layer, digest: "sha256:../../x" }] },
    "",
    /unsupported digest/,
  ],
  [
    "a digest of another kind",
    { ...image, layers: [{ ...layer, digest: `md5:${"a".repeat(32)}` }] },
    "",
    /unsupported digest/,
  ],
  ["a thousand layers", { ...image, layers: Array.from({ length: 1000 }, () => layer) }, "", /1000 layers/],
  ["layers that are no list", { ...image, layers: {} }, "", /no list/],
  ["a list", [image], "", /no object/],
  ["something else", { schemaVersion: 2 }, "text/html", /unsupported manifest/],
] as const)("parseManifest refuses %s", (_, body, type, words) => {
  expect(() => parse(body, type)).toThrow(words);
});

test("parseManifest refuses what is no JSON", () => {
  expect(() => parseManifest(Buffer.from("<html>"), "")).toThrow(/no JSON/);
});
