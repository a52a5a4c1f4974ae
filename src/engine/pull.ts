// `pull`: an image from a registry. One pull of the same image at a time serves all who ask for it.
//
//   manifest (by tag or digest) ─► index? the one for the platform ─► config ─► layers that are missing, side by side,
//   each unpacked as it comes ─► all committed in one step ─► image, its names, the manifests that led to it
import { InvalidParameterError, NotFoundError } from "../base/errors.ts";
import type { Ticket } from "../base/single-flight.ts";
import { hostPlatform, parseImageConfig } from "../images/image-config.ts";
import { parseManifest, type CheckedDescriptor, type Manifest } from "../images/manifest.ts";
import { choosePlatform, parsePlatform, platformText } from "../images/image-platform.ts";
import { addPulledImage, missingLayers, type PulledImage } from "../images/pulled-image.ts";
import { downloadBytes } from "../registry/blob-download.ts";
import type { Credentials } from "../registry/credentials.ts";
import { Pieces } from "../registry/pieces.ts";
import type { Repository } from "../registry/repository.ts";
import { isDigest, shortId, type Digest } from "../spec/digest.ts";
import type { ProgressMessage } from "../spec/docker-images.ts";
import type { Platform } from "../spec/oci-image.ts";
import { familiarName, familiarString, fullName, isHostName, type Reference } from "../spec/reference.ts";
import type { StagedLayer } from "../storage/layer-store.ts";
import type { Engine } from "./engine.ts";
import { fetchLayer, type LayerRequest } from "./fetch-layer.ts";
import { publishImageEvent } from "./images.ts";
import { atRegistry, type PullResult } from "./registries.ts";
import { pullError } from "./registry-error-words.ts";

export type PullOptions = {
  readonly credentials: Credentials | undefined;
  /** `os[/arch[/variant]]`, or empty for this machine's. */
  readonly platform: string;
  readonly report: (message: ProgressMessage) => void;
  /** Gives up waiting; the pull itself ends when nobody waits for it. */
  readonly signal: AbortSignal;
};

/** An index within an index is rare, one deeper is a trick. */
const maxIndexDepth = 4;

/**
 * Pulls the image that `reference` (with a tag or a digest) means, which is named so from then on.
 * @throws NotFoundError in Docker's words when there is none or the caller may not have it.
 */
export async function pullImage(
  engine: Engine,
  reference: Reference,
  options: PullOptions,
): Promise<PullResult> {
  const { credentials, report, signal } = options;
  if (isHostName(reference))
    throw new NotFoundError(
      `${familiarString(reference)}: names of host/ are made from this machine, never pulled`,
    );
  const platform = options.platform === "" ? undefined : wantedPlatform(options.platform);
  const name = familiarString(reference);
  // Another user's pull must not lend its rights: who is somebody else flies alone.
  const key = JSON.stringify([name, options.platform, credentials ?? null]);
  using ticket = engine.registries.pulls.board(key, report, async ({ signal: shared, tell }) => {
    const say = (message: ProgressMessage): void => tell(message.id ?? "", message);
    const access = { reference, credentials, signal: shared };
    return await atRegistry(engine, "pull", access, (repository) =>
      pullFrom(engine, repository, reference, platform, { signal: shared, say }),
    );
  });
  const result = await ticket.arrival(signal).catch((err: unknown) => {
    throw pullError(reference, err);
  });
  report({ status: `Digest: ${result.digest}` });
  report({
    status: `Status: ${result.isNew ? "Downloaded newer image" : "Image is up to date"} for ${name}`,
  });
  publishImageEvent(engine, "pull", result.image, name);
  return result;
}

/** Every tag of a repository, one after the other. */
export async function pullAllTags(
  engine: Engine,
  repository: Reference,
  options: PullOptions,
): Promise<void> {
  const access = { reference: repository, credentials: options.credentials, signal: options.signal };
  const tags = await atRegistry(engine, "pull", access, (found) => found.tags(options.signal)).catch(
    (err: unknown) => {
      throw pullError(repository, err);
    },
  );
  if (tags.length === 0) throw new NotFoundError(`no tags found for ${familiarName(repository)}`);
  for (const tag of tags) await pullImage(engine, { ...repository, tag }, options);
}

/** With this machine's architecture where only a system is asked for. */
function wantedPlatform(text: string): Platform {
  const { os, architecture, variant } = parsePlatform(text);
  if (os !== "linux")
    throw new InvalidParameterError(`operating system is not supported: ${JSON.stringify(os)}`);
  const host = hostPlatform();
  return { os, architecture: architecture || host.architecture, ...(variant === "" ? {} : { variant }) };
}

type Report = { readonly signal: AbortSignal; readonly say: (message: ProgressMessage) => void };

async function pullFrom(
  engine: Engine,
  repository: Repository,
  reference: Reference,
  platform: Platform | undefined,
  report: Report,
): Promise<PullResult> {
  const { images } = engine;
  const found = await findImage(repository, reference, platform, report.signal);
  const { config, layers } = found.manifest;
  report.say({ status: `Pulling from ${reference.path}`, id: reference.digest ?? reference.tag ?? "" });
  const known = images.get(config.digest);
  const configBytes =
    known === undefined
      ? await downloadBytes(repository, config, { clock: engine.host.clock, signal: report.signal })
      : images.content(config.digest);
  const body = parseImageConfig(configBytes);
  checkPlatform(reference, body, platform);
  const { diff_ids: diffIDs } = body.rootfs;
  if (diffIDs.length !== layers.length)
    throw new InvalidParameterError(
      `invalid manifest: it has ${layers.length} layers, and the config ${diffIDs.length}`,
    );
  const { tag, digest, ...named } = reference;
  const references: Reference[] = [
    { ...named, digest: found.digest },
    ...(tag === undefined || digest !== undefined ? [] : [{ ...named, tag }]),
  ];
  const before = images.tags.get(references.at(-1) ?? reference);
  const pulled = { configBytes, body, manifests: found.documents, references };
  const image = await withLayers(engine, repository, pulled, layers, report);
  for (const [at, blob] of layers.entries()) {
    const diffID = diffIDs[at];
    if (diffID !== undefined) images.blobs.note(diffID, blob, fullName(reference));
  }
  return { image, digest: found.digest, isNew: before !== image.id };
}

type FoundImage = {
  /** Of the document that the reference leads to: an index, or the image's manifest. */
  readonly digest: Digest;
  readonly manifest: Extract<Manifest, { kind: "image" }>;
  /** The image's manifest first, then what led to it. */
  readonly documents: readonly Uint8Array[];
};

async function findImage(
  repository: Repository,
  reference: Reference,
  platform: Platform | undefined,
  signal: AbortSignal,
): Promise<FoundImage> {
  const wanted = reference.digest ?? reference.tag ?? "latest";
  if (reference.digest !== undefined && !isDigest(reference.digest))
    throw new InvalidParameterError(`unsupported digest algorithm: ${reference.digest}`);
  let fetched = await repository.manifest(wanted, signal);
  const { digest } = fetched;
  const documents = [fetched.bytes];
  for (let depth = 0; depth < maxIndexDepth; depth += 1) {
    const manifest = parseManifest(fetched.bytes, fetched.mediaType);
    if (manifest.kind === "image") return { digest, manifest, documents };
    const chosen = chooseManifest(manifest.manifests, platform ?? hostPlatform());
    fetched = await repository.manifest(chosen.digest, signal, chosen);
    documents.unshift(fetched.bytes);
  }
  throw new InvalidParameterError(`invalid index ${digest}: indexes within indexes without end`);
}

function chooseManifest(manifests: readonly CheckedDescriptor[], wanted: Platform): CheckedDescriptor {
  const images = manifests.filter(({ isAttestation }) => !isAttestation);
  const chosen = choosePlatform(images, wanted);
  if (chosen !== undefined) return chosen;
  // An index of one image that says nothing of its platform: the config will.
  const [only] = images;
  if (images.length === 1 && only?.platform === undefined && only !== undefined) return only;
  throw new NotFoundError(`no matching manifest for ${platformText(wanted)} in the manifest list entries`);
}

/** An image that is no index says its platform in its config only. */
function checkPlatform(reference: Reference, body: Platform, wanted: Platform | undefined): void {
  if (wanted === undefined || choosePlatform([{ platform: body }], wanted) !== undefined) return;
  throw new NotFoundError(
    `image with reference ${familiarString(reference)} was found but its platform (${platformText(body)}) does not match the specified platform (${platformText(wanted)})`,
  );
}

/** Fetches what is missing and adds the image; again where a layer that was counted on was removed meanwhile. */
async function withLayers(
  engine: Engine,
  repository: Repository,
  pulled: PulledImage,
  blobs: readonly CheckedDescriptor[],
  { signal, say }: Report,
) {
  const { images } = engine;
  const tickets: Ticket<StagedLayer>[] = [];
  const staged = new Map<Digest, StagedLayer>();
  const failure = new AbortController();
  const ended = AbortSignal.any([signal, failure.signal]);
  try {
    for (;;) {
      const missing = new Set(missingLayers(images, pulled.body));
      const wanted: Omit<LayerRequest, "pieces">[] = [];
      for (const [at, diffID] of pulled.body.rootfs.diff_ids.entries()) {
        const blob = blobs[at];
        if (blob === undefined || staged.has(diffID)) continue;
        const isThere = !missing.has(diffID);
        const status = isThere ? "Already exists" : "Pulling fs layer";
        say({ status, progressDetail: {}, id: shortId(blob.digest) });
        if (!isThere) wanted.push({ repository, blob, diffID });
      }
      const pieces = new Pieces(wanted.reduce((sum, { blob }) => sum + blob.size, 0));
      // The largest first: a large one that begins last is what everybody waits for in the end.
      const waiting = wanted
        .toSorted((a, b) => b.blob.size - a.blob.size)
        .map(async (request) => {
          const layer = await sharedLayer(engine, { ...request, pieces }, tickets, { signal: ended, say });
          staged.set(request.diffID, layer);
        });
      await Promise.all(waiting).catch((err: unknown) => {
        failure.abort(err);
        throw err;
      });
      signal.throwIfAborted();
      const image = await addPulledImage(images, pulled, staged);
      if (image === undefined) continue;
      for (const [at, { digest }] of blobs.entries()) {
        const diffID = pulled.body.rootfs.diff_ids[at];
        if (diffID === undefined || !staged.has(diffID)) continue;
        images.ingest.drop(digest);
        say({ status: "Pull complete", progressDetail: {}, id: shortId(digest) });
      }
      return image;
    }
  } finally {
    for (const ticket of tickets) ticket[Symbol.dispose]();
  }
}

/** The layer, fetched by whoever asked first. What the first fails with may be their own trouble: then we try it ourselves. */
async function sharedLayer(
  { registries, ...engine }: Engine,
  request: LayerRequest,
  tickets: Ticket<StagedLayer>[],
  { signal, say }: Report,
): Promise<StagedLayer> {
  for (;;) {
    let isOurs = false;
    const ticket = registries.layers.board(
      `${request.blob.digest} ${request.diffID}`,
      say,
      async (cockpit) => {
        isOurs = true;
        return await fetchLayer({ ...engine, registries }, request, cockpit);
      },
    );
    tickets.push(ticket);
    try {
      return await ticket.arrival(signal);
    } catch (err) {
      if (isOurs || signal.aborted) throw err;
    }
  }
}
