// Reading the config of an image, which came from outside. What this program relies on is checked, the rest kept as it is:
// the bytes are the image's identity and are never written anew.
import { InvalidParameterError } from "../base/errors.ts";
import { isDigest } from "../spec/digest.ts";
import type { ImageConfig, Platform } from "../spec/oci-image.ts";

/** @throws InvalidParameterError when it is no config of a Linux image. */
export function parseImageConfig(bytes: Uint8Array): ImageConfig {
  const body = parseJson(bytes, "image config");
  const rootfs = body["rootfs"];
  if (!isObject(rootfs)) throw new InvalidParameterError("invalid image config: no rootfs");
  const diffIDs = rootfs["diff_ids"] ?? [];
  if (!Array.isArray(diffIDs) || !diffIDs.every((id) => typeof id === "string" && isDigest(id)))
    throw new InvalidParameterError("invalid image config: rootfs.diff_ids are not digests");
  // Images made by old tools leave it out, and mean Linux.
  const os = textOf(body["os"]) || "linux";
  if (os !== "linux") throw new InvalidParameterError(`cannot load ${os} image on linux`);
  const run = body["config"] ?? {};
  if (!isObject(run)) throw new InvalidParameterError("invalid image config: config is no object");
  checkRunConfig(run);
  const history = body["history"] ?? [];
  if (!Array.isArray(history) || !history.every(isObject))
    throw new InvalidParameterError("invalid image config: history is no list");
  return {
    ...body,
    os,
    architecture: textOf(body["architecture"]),
    rootfs: { type: "layers", diff_ids: diffIDs },
  };
}

/** Of all that runs containers from an image. A wrong type here would come out much later and far away. */
function checkRunConfig(run: Readonly<Record<string, unknown>>): void {
  for (const key of ["Env", "Cmd", "Entrypoint", "OnBuild", "Shell"]) {
    const list = run[key] ?? [];
    if (!Array.isArray(list) || !list.every((item) => typeof item === "string"))
      throw new InvalidParameterError(`invalid image config: ${key} is no list of strings`);
  }
  for (const key of ["User", "WorkingDir", "StopSignal"])
    if (typeof (run[key] ?? "") !== "string")
      throw new InvalidParameterError(`invalid image config: ${key} is no string`);
  for (const key of ["ExposedPorts", "Volumes", "Labels"])
    if (!isObject(run[key] ?? {}))
      throw new InvalidParameterError(`invalid image config: ${key} is no object`);
  if (!Object.values(run["Labels"] ?? {}).every((value) => typeof value === "string"))
    throw new InvalidParameterError("invalid image config: a label is no string");
}

export function parseJson(bytes: Uint8Array, what: string): Readonly<Record<string, unknown>> {
  let body: unknown;
  try {
    body = JSON.parse(Buffer.from(bytes).toString());
  } catch (err) {
    throw new InvalidParameterError(`invalid ${what}: it is no JSON`, { cause: err });
  }
  if (!isObject(body)) throw new InvalidParameterError(`invalid ${what}: it is no object`);
  return body;
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** How this machine is called in images (Go's names). */
export function hostPlatform(): Platform {
  const architecture = { x64: "amd64", arm64: "arm64" }[process.arch as string] ?? process.arch;
  return { architecture, os: "linux", ...(architecture === "arm64" ? { variant: "v8" } : {}) };
}
