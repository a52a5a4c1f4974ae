// Manifests in registries, asked for without the engine, as docker's client does.

import { realHost } from "../../base/host.ts";
import { silentLog } from "../../base/log.ts";
import { downloadBytes } from "../../registry/blob-download.ts";
import { certsFolders, endpointsOf, type RegistryConfig } from "../../registry/endpoint.ts";
import { atFirstEndpoint } from "../../registry/first-endpoint.ts";
import { takeProxySettings } from "../../registry/proxy.ts";
import { RegistryResponseError } from "../../registry/registry-error.ts";
import { Repository, type FetchedManifest } from "../../registry/repository.ts";
import { Transport } from "../../registry/transport.ts";
import { isIndexType } from "../../spec/oci-image.ts";
import { familiarString, type Reference } from "../../spec/reference.ts";
import type { Context } from "../command.ts";
import { findCredentials, registryOf } from "../credentials.ts";
import { CommandError } from "../failure.ts";
import {
  localManifest,
  wholeName,
  type ListedPlatform,
  type LocalManifest,
  type ManifestDescriptor,
} from "./local-manifest.ts";

const { clock } = realHost(silentLog);
/** The command ends with its process. */
const { signal } = new AbortController();

/** Does `work` with the repository of a reference. */
export async function atRepository<T>(
  context: Context,
  reference: Reference,
  { insecure, actions }: { readonly insecure: boolean; readonly actions: "pull" | "pull,push" },
  work: (repository: Repository) => Promise<T>,
): Promise<T> {
  const config: RegistryConfig = {
    mirrors: [],
    insecureRegistries: insecure ? [reference.domain] : [],
    registries: {},
    certsFolders,
  };
  const found = await findCredentials(context.config, registryOf(familiarString(reference)));
  const credentials = found && {
    username: found.username,
    password: found.password,
    ...(found.identitytoken && { identityToken: found.identitytoken }),
  };
  const transport = new Transport(config, takeProxySettings({ ...context.env }));
  const endpoints = endpointsOf(config, reference.domain, actions === "pull" ? "pull" : "push");
  return await atFirstEndpoint(endpoints, signal, (endpoint) =>
    work(new Repository({ transport, clock, endpoint, path: reference.path, credentials, actions })),
  );
}

/** @throws CommandError `no such manifest` where the registry has nothing of that name. */
export async function fetchManifest(repository: Repository, reference: Reference): Promise<FetchedManifest> {
  try {
    const found = await repository.manifest(reference.digest ?? reference.tag ?? "latest", signal);
    const { mediaType = found.mediaType } = JSON.parse(Buffer.from(found.bytes).toString("utf8")) as {
      readonly mediaType?: string;
    };
    return { ...found, mediaType };
  } catch (err) {
    if (err instanceof RegistryResponseError && err.status === 404)
      throw new CommandError(`no such manifest: ${wholeName(reference)}`);
    throw err;
  }
}

/** An image's manifest with the machine that it is for, which its config says unless a list has said it already. */
export async function fetchImage(
  repository: Repository,
  reference: Reference,
  platform?: ListedPlatform,
): Promise<LocalManifest> {
  const { bytes, digest, mediaType } = await fetchManifest(repository, reference);
  const descriptor = { mediaType, digest, size: bytes.length };
  const manifest = localManifest(wholeName(reference), bytes, descriptor);
  if (platform !== undefined) return { ...manifest, Descriptor: { ...descriptor, platform } };
  const { config } = JSON.parse(Buffer.from(bytes).toString("utf8")) as {
    readonly config: ManifestDescriptor;
  };
  const configBytes = await downloadBytes(repository, config, { clock, signal });
  return {
    ...manifest,
    Descriptor: { ...descriptor, platform: platformOf(Buffer.from(configBytes).toString("utf8")) },
  };
}

/** The images of a list in a registry, each fetched. */
export async function fetchImagesOf(
  repository: Repository,
  reference: Reference,
  index: FetchedManifest,
): Promise<LocalManifest[]> {
  if (!isIndexType(index.mediaType)) return [await fetchImage(repository, reference)];
  const { manifests } = JSON.parse(Buffer.from(index.bytes).toString("utf8")) as {
    readonly manifests: readonly ManifestDescriptor[];
  };
  return await Promise.all(
    manifests.map(({ digest, platform = {} }) => fetchImage(repository, { ...reference, digest }, platform)),
  );
}

/** Puts an image of another repository of the same registry beside the target: blobs by mounting, then the manifest. */
export async function takeOver(
  repository: Repository,
  from: Reference,
  target: Reference,
  { digest, mediaType }: ManifestDescriptor,
  blobs: readonly string[],
  bytes: Uint8Array,
): Promise<void> {
  const source = `${repository.endpoint.prefix}${from.path}`;
  for (const blob of blobs)
    if (
      (await repository.startUpload(signal, { digest: blob, from: source })) !== "mounted" &&
      !(await repository.hasBlob(blob, signal))
    )
      throw new CommandError(`error mounting ${from.domain}/${from.path}@${blob} to ${wholeName(target)}`);
  await repository.putManifest(digest, bytes, mediaType, signal);
}

export async function putList(
  repository: Repository,
  target: Reference,
  list: { readonly mediaType: string; readonly bytes: Uint8Array },
): Promise<void> {
  await repository.putManifest(target.tag ?? target.digest ?? "latest", list.bytes, list.mediaType, signal);
}

function platformOf(config: string): ListedPlatform {
  const body = JSON.parse(config) as Record<string, unknown>;
  const keys = ["architecture", "os", "os.version", "os.features", "variant"] as const;
  return Object.fromEntries(keys.filter((key) => body[key] !== undefined).map((key) => [key, body[key]]));
}
