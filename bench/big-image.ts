// The image that moving images is measured with, made from this machine's own /usr by GNU tar: about 300 MB, 11,000 files,
// 6 layers, real sizes, names and contents.
import { existsSync, lstatSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { output } from "../test/harness/command.ts";
import { sha256 } from "../test/harness/tar.ts";
import { scratch } from "./scratch.ts";

const wanted = { files: 11_000, bytes: 300e6, layers: 6 };
const slackBytes = 15e6;
const smallBytes = 10e3;

export const bigImageName = "bench/big:latest";

const imageFolder = join(scratch, "big-image");

export type BigImage = {
  /** An archive of `docker save` that is an OCI layout too, layers not compressed: `skopeo copy docker-archive:PATH …`. */
  readonly archive: string;
  /** All its files in one archive, as `import` takes it. */
  readonly rootfs: string;
};

/** Made once. */
export async function bigImage(): Promise<BigImage> {
  const image = { archive: join(imageFolder, "image.tar"), rootfs: join(imageFolder, "rootfs.tar") };
  if (existsSync(image.archive)) return image;
  rmSync(imageFolder, { recursive: true, force: true });
  return await makeBigImage(imageFolder);
}

/** The same files with other times: an image of the same work that has no layer in common with the first. */
export async function otherBigImage(): Promise<BigImage> {
  await bigImage();
  const folder = join(imageFolder, "other");
  const image = { archive: join(folder, "image.tar"), rootfs: join(folder, "rootfs.tar") };
  return existsSync(image.archive) ? image : await makeBigImage(folder, ["--mtime=@1700000000"]);
}

/** Makes both in `folder`. The same machine gives the same files, hence the same image. */
async function makeBigImage(folder: string, tarFlags: readonly string[] = []): Promise<BigImage> {
  const blobs = join(folder, "image", "blobs", "sha256");
  mkdirSync(blobs, { recursive: true });
  const files = await chooseFiles();
  const rootfs = join(folder, "rootfs.tar");
  await pack(rootfs, files, tarFlags);
  const diffIDs: string[] = [];
  for (let layer = 0; layer < wanted.layers; layer += 1) {
    const [from, to] = [layer, layer + 1].map((at) => Math.round((files.length * at) / wanted.layers));
    const path = join(folder, "layer.tar");
    await pack(path, files.slice(from, to), tarFlags);
    const hex = (await output(["sha256sum", path])).slice(0, 64);
    await output(["mv", path, join(blobs, hex)]);
    diffIDs.push(`sha256:${hex}`);
  }
  writeImage(join(folder, "image"), diffIDs);
  const archive = join(folder, "image.tar");
  await output(["tar", "-cf", `${archive}.tmp`, "-C", join(folder, "image"), "."]);
  rmSync(join(folder, "image"), { recursive: true });
  renameSync(`${archive}.tmp`, archive);
  return { archive, rootfs };
}

/** Paths relative to the root, sorted: files of all parts of /usr, so many and so large as is wanted. */
async function chooseFiles(): Promise<string[]> {
  const find = ["find", "/usr", "-xdev", "-path", "/usr/local", "-prune", "-o"];
  const listed = await output([...find, "(", "-type", "f", "-o", "-type", "l", ")", "-printf", "%s %p\\0"]);
  const all = listed
    .split("\0")
    .filter((line) => line !== "")
    .map((line) => {
      const path = line.slice(line.indexOf(" /") + 2);
      // Whole folders, in a random order that is always the same.
      return { size: Number.parseInt(line, 10), path, order: sha256(dirname(path)) };
    })
    .toSorted((a, b) => (a.order < b.order ? -1 : 1));
  const chosen: string[] = [];
  let bytes = 0;
  for (const { path, size } of all) {
    const behind = (wanted.bytes * (chosen.length + 1)) / wanted.files - bytes;
    if (size > behind + slackBytes || (behind > slackBytes && size < smallBytes)) continue;
    chosen.push(path);
    bytes += size;
    if (chosen.length === wanted.files) break;
  }
  return chosen.toSorted();
}

async function pack(archive: string, files: readonly string[], more: readonly string[]): Promise<void> {
  const folders = new Set(files.flatMap(parentsOf));
  const list = [...folders, ...files].toSorted().join("\0");
  const flags = [
    "--null",
    "--no-recursion",
    "--numeric-owner",
    "--format=posix",
    "--pax-option=delete=atime,delete=ctime",
    ...more,
  ];
  await output(["tar", "-C", "/", ...flags, "-T", "-", "-cf", archive], { input: list });
}

function parentsOf(path: string): string[] {
  const parts = path.split("/");
  return parts.slice(1).map((_, at) => parts.slice(0, at + 1).join("/"));
}

function writeImage(folder: string, diffIDs: readonly string[]): void {
  const put = (text: string, mediaType: string) => {
    writeFileSync(join(folder, "blobs", "sha256", sha256(text)), text);
    return { mediaType, digest: `sha256:${sha256(text)}`, size: Buffer.byteLength(text) };
  };
  const created = "2024-01-01T00:00:00Z";
  const config = {
    architecture: { x64: "amd64" }[process.arch as string] ?? process.arch,
    os: "linux",
    created,
    config: { Cmd: ["/usr/bin/env"] },
    rootfs: { type: "layers", diff_ids: diffIDs },
    history: diffIDs.map((_, at) => ({ created, created_by: `layer ${at}` })),
  };
  const configBlob = put(JSON.stringify(config), "application/vnd.oci.image.config.v1+json");
  const paths = diffIDs.map((diffID) => `blobs/${diffID.replace(":", "/")}`);
  const layers = diffIDs.map((digest, at) => ({
    mediaType: "application/vnd.oci.image.layer.v1.tar",
    digest,
    size: lstatSync(join(folder, paths[at] ?? "")).size,
  }));
  const manifest = put(
    JSON.stringify({ schemaVersion: 2, config: configBlob, layers }),
    "application/vnd.oci.image.manifest.v1+json",
  );
  const annotations = { "io.containerd.image.name": `docker.io/${bigImageName}` };
  const configPath = `blobs/${configBlob.digest.replace(":", "/")}`;
  const files = {
    "manifest.json": [{ Config: configPath, RepoTags: [bigImageName], Layers: paths }],
    "index.json": { schemaVersion: 2, manifests: [{ ...manifest, annotations }] },
    "oci-layout": { imageLayoutVersion: "1.0.0" },
  };
  for (const [name, body] of Object.entries(files)) writeFileSync(join(folder, name), JSON.stringify(body));
}
