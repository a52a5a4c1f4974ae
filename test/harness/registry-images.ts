// Images for registry tests, made without any engine and put into a registry by skopeo or by hand.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { output } from "./command.ts";
import { sha256, tarOf, type Files } from "./tar.ts";

export type Blob = { readonly bytes: Uint8Array; readonly digest: string };

export function blobOf(content: string | Uint8Array): Blob {
  const bytes = Buffer.from(content);
  return { bytes, digest: `sha256:${sha256(bytes)}` };
}

/** The config of an image of these uncompressed layers. */
export function configOf(layers: readonly Uint8Array[], more: Readonly<Record<string, unknown>> = {}): Blob {
  const body = {
    architecture: "amd64",
    os: "linux",
    created: "2024-01-02T03:04:05Z",
    config: { Cmd: ["/bin/sh"], Env: ["PATH=/bin"] },
    rootfs: { type: "layers", diff_ids: layers.map((layer) => `sha256:${sha256(layer)}`) },
    history: layers.map((_, at) => ({ created: "2024-01-02T03:04:05Z", created_by: `step ${at}` })),
    ...more,
  };
  return blobOf(JSON.stringify(body));
}

/** Puts an image of layers with these files into a registry, in one of the two formats, compressed as is wanted. */
export async function putImage(
  to: string,
  layers: readonly Files[],
  options: {
    readonly format?: "oci" | "v2s2";
    readonly compression?: Compression;
    readonly flags?: readonly string[];
  } = {},
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "image-test-"));
  const { format = "oci", compression = "gzip", flags = [] } = options;
  try {
    const tars = await Promise.all(layers.map((files) => tarOf(files, "--mtime=@1000000000")));
    const config = configOf(tars);
    const put = (blob: Blob): void => writeFileSync(join(folder, blob.digest.slice(7)), blob.bytes);
    const type = "application/vnd.oci.image.layer.v1.tar";
    put(config);
    const blobs = tars.map((tar) => {
      const packed = pack(Buffer.from(tar), compression);
      const blob = blobOf(packed);
      put(blob);
      const mediaType = compression === "none" ? type : `${type}+${compression}`;
      return { mediaType, digest: blob.digest, size: blob.bytes.length };
    });
    const manifest = {
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      config: {
        mediaType: "application/vnd.oci.image.config.v1+json",
        digest: config.digest,
        size: config.bytes.length,
      },
      layers: blobs,
    };
    writeFileSync(join(folder, "manifest.json"), JSON.stringify(manifest));
    writeFileSync(join(folder, "version"), "Directory Transport Version: 1.1\n");
    await output([
      "skopeo",
      "copy",
      "--dest-tls-verify=false",
      "--format",
      format,
      ...flags,
      `dir:${folder}`,
      `docker://${to}`,
    ]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

type Compression = "gzip" | "zstd" | "none";

export function pack(bytes: Buffer<ArrayBuffer>, compression: Compression): Uint8Array {
  if (compression === "none") return bytes;
  return compression === "gzip" ? Bun.gzipSync(bytes) : Bun.zstdCompressSync(bytes);
}
