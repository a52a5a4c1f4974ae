import { expect, test } from "bun:test";
import { InvalidParameterError } from "../base/errors.ts";
import { digestOf, digestHex } from "../spec/digest.ts";
import {
  annotations,
  mediaTypes,
  type Descriptor,
  type ImageIndex,
  type ImageManifest,
} from "../spec/oci-image.ts";
import { familiarString } from "../spec/reference.ts";
import type { ArchiveContents } from "./archive-contents.ts";
import { imagesIn } from "./archive-images.ts";
import { hostPlatform } from "./image-config.ts";

type Files = Record<string, unknown>;

function contents(files: Files, links: Record<string, string> = {}): ArchiveContents {
  const bytes = Object.entries(files).map(([path, body]) => [path, toBytes(body)] as const);
  return { files: new Map(bytes), layers: new Map(), links: new Map(Object.entries(links)) };
}

function toBytes(body: unknown): Uint8Array {
  return Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
}

/** Adds a blob to an image layout and gives its descriptor. */
function blob(files: Files, body: unknown, mediaType: string, more: Partial<Descriptor> = {}): Descriptor {
  const digest = digestOf(toBytes(body));
  files[`blobs/sha256/${digestHex(digest)}`] = body;
  return { mediaType, digest, size: toBytes(body).length, ...more };
}

function manifest(files: Files, name: string, more: Partial<Descriptor> = {}): Descriptor {
  const config = blob(files, { name }, mediaTypes.ociConfig);
  const layer = { mediaType: `${mediaTypes.ociLayer}+gzip`, digest: digestOf(Buffer.from(name)), size: 1 };
  const body: ImageManifest = { schemaVersion: 2, config, layers: [layer] };
  return blob(files, body, mediaTypes.ociManifest, more);
}

function names(files: Files): string[][] {
  return imagesIn(contents(files)).map(({ references }) => references.map(familiarString));
}

const image = {
  Config: "c.json",
  RepoTags: ["busybox:1", "localhost:5000/b"],
  Layers: ["a/layer.tar", "b/layer.tar"],
};

test("manifest.json: names, config and layers, found through the archive's links", () => {
  const archive = contents({ "manifest.json": [image], "c.json": "{}" }, { "b/layer.tar": "a/layer.tar" });
  const [found] = imagesIn(archive);
  expect(found?.references.map(familiarString)).toEqual(["busybox:1", "localhost:5000/b:latest"]);
  expect(found?.layerPaths).toEqual(["a/layer.tar", "a/layer.tar"]);
  expect(Buffer.from(found?.configBytes ?? []).toString()).toBe("{}");
});

test("manifest.json counts more than index.json; an image may have no name", () => {
  const files = { "manifest.json": [{ ...image, RepoTags: null }], "c.json": "{}", "index.json": "rubbish" };
  expect(names(files)).toEqual([[]]);
});

test("index.json: a whole reference in the annotations is the name, a mere tag is none", () => {
  const named = (notes: Record<string, string>): string[][] => {
    const files: Files = {};
    files["index.json"] = { manifests: [manifest(files, "x", { annotations: notes })] };
    return names(files);
  };
  expect(named({ [annotations.refName]: "localhost/app:1" })).toEqual([["localhost/app:1"]]);
  expect(named({ [annotations.refName]: "latest" })).toEqual([[]]);
  expect(
    named({ [annotations.refName]: "1.2", [annotations.containerdName]: "docker.io/library/app:1.2" }),
  ).toEqual([["app:1.2"]]);
  expect(named({ [annotations.containerdName]: "NOT A NAME" })).toEqual([[]]);
  expect(named({})).toEqual([[]]);
});

test("index.json: several images are several, attestations and other things are none", () => {
  const files: Files = {};
  const other = blob(
    files,
    { schemaVersion: 2, config: blob(files, {}, "application/vnd.example.config"), layers: [] },
    mediaTypes.ociManifest,
  );
  const proof = manifest(files, "p", {
    annotations: { [annotations.referenceType]: "attestation-manifest" },
  });
  files["index.json"] = { manifests: [manifest(files, "a"), other, proof, manifest(files, "b")] };
  expect(
    imagesIn(contents(files)).map(({ configBytes }) => JSON.parse(Buffer.from(configBytes).toString())),
  ).toEqual([{ name: "a" }, { name: "b" }]);
});

test("an index within the index: the image for this machine is taken", () => {
  const files: Files = {};
  const mine = manifest(files, "mine", { platform: hostPlatform() });
  const foreign = manifest(files, "foreign", { platform: { os: "linux", architecture: "s390x" } });
  const index: ImageIndex = { schemaVersion: 2, manifests: [foreign, mine] };
  files["index.json"] = { manifests: [blob(files, index, mediaTypes.ociIndex)] };
  expect(Buffer.from(imagesIn(contents(files))[0]?.configBytes ?? []).toString()).toBe('{"name":"mine"}');
  files["index.json"] = { manifests: [blob(files, { manifests: [foreign] }, mediaTypes.dockerManifestList)] };
  expect(imagesIn(contents(files))).toHaveLength(1);
  files["index.json"] = { manifests: [blob(files, { manifests: [foreign, foreign] }, mediaTypes.ociIndex)] };
  expect(() => imagesIn(contents(files))).toThrow(/^no image for linux\//);
});

const wrong: readonly (readonly [claim: string, files: Files, message: RegExp])[] = [
  ["a root file system", { "etc/passwd": "root" }, /does not contain a manifest.json/],
  ["manifest.json that is no JSON", { "manifest.json": "[{" }, /it is no JSON/],
  ["manifest.json that is no list", { "manifest.json": {} }, /it is no list/],
  ["an image without a config", { "manifest.json": [{ Layers: [] }] }, /Config, Layers or RepoTags/],
  ["an image that is null", { "manifest.json": [null] }, /Config, Layers or RepoTags/],
  ["a config that is missing", { "manifest.json": [image] }, /"c.json" is missing/],
  ["a config outside", { "manifest.json": [{ ...image, Config: "../c" }] }, /leads out/],
  ["a layer outside", { "manifest.json": [{ ...image, Layers: ["/../x"] }], "c.json": "{}" }, /leads out/],
  [
    "a name that is none",
    { "manifest.json": [{ ...image, RepoTags: ["A:b"] }], "c.json": "{}" },
    /invalid tag "A:b"/,
  ],
  ["an index of nothing", { "index.json": { manifests: [] } }, /names no image/],
  [
    "a descriptor without digest",
    { "index.json": { manifests: [{ digest: "x" }] } },
    /without a sha256 digest/,
  ],
  [
    "a blob that is another",
    {
      "index.json": { manifests: [{ digest: `sha256:${"a".repeat(64)}` }] },
      [`blobs/sha256/${"a".repeat(64)}`]: "{}",
    },
    /is not what its digest says/,
  ],
];

for (const [claim, files, message] of wrong)
  test(`refused: ${claim}`, () => {
    expect(() => imagesIn(contents(files))).toThrow(InvalidParameterError);
    expect(() => imagesIn(contents(files))).toThrow(message);
  });

test("refused: links in a circle", () => {
  const archive = contents({ "manifest.json": [image] }, { "c.json": "d.json", "d.json": "c.json" });
  expect(() => imagesIn(archive)).toThrow(/link without end/);
});
