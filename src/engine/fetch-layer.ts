// One layer of a pull: socket -> partial download (storage/ingest.ts) -> a thread that verifies, decompresses and unpacks it
// as it grows, with no second pass over the bytes.
//
// After a cut, whoever's fault, the kept bytes are read again, which rebuilds digest and folder, and only the rest is asked for.
import { InvalidParameterError, SystemError } from "../base/errors.ts";
import type { Cockpit } from "../base/single-flight.ts";
import type { CheckedDescriptor } from "../images/manifest.ts";
import { downloadBlob } from "../registry/blob-download.ts";
import type { Pieces } from "../registry/pieces.ts";
import type { Repository } from "../registry/repository.ts";
import { shortId, type Digest } from "../spec/digest.ts";
import type { ProgressMessage } from "../spec/docker-images.ts";
import type { Ingest } from "../storage/ingest.ts";
import type { StagedLayer } from "../storage/layer-store.ts";
import type { Engine } from "./engine.ts";

export type LayerRequest = {
  readonly repository: Repository;
  readonly blob: CheckedDescriptor;
  readonly diffID: Digest;
  /** Shared by all layers that are missing of an image. */
  readonly pieces: Pieces;
};

/** Told at most so often. */
const progressMs = 100;

/**
 * @returns the unpacked layer, which the caller commits or discards; the partial download stays until it is dropped.
 * @throws InvalidParameterError when the bytes are not what digest, size or diffID say: nothing of them is left then.
 */
export async function fetchLayer(
  engine: Engine,
  request: LayerRequest,
  { signal, tell }: Cockpit<ProgressMessage>,
): Promise<StagedLayer> {
  const { registries, images, host } = engine;
  const { digest } = request.blob;
  const id = shortId(digest);
  const say = (status: string, detail: ProgressMessage["progressDetail"] = {}): void =>
    tell(id, { status, progressDetail: detail, id });
  return await registries.ingestLocks.run(digest, async () => {
    for (;;) {
      using ingest = images.ingest.open(digest);
      if (ingest.sizeBytes > request.blob.size) ingest.reset();
      const isResumed = ingest.sizeBytes > 0;
      try {
        return await stageLayer(engine, request, ingest, signal, say);
      } catch (err) {
        const isWrong = err instanceof InvalidParameterError;
        if (isWrong || ingest.sizeBytes === 0) images.ingest.drop(digest);
        if (!isWrong || !isResumed) throw err;
        host.log.info("partial download was damaged and is begun anew", { blob: digest });
      }
    }
  });
}

type Say = (status: string, detail?: ProgressMessage["progressDetail"]) => void;

async function stageLayer(
  engine: Engine,
  request: LayerRequest,
  ingest: Ingest,
  signal: AbortSignal,
  say: Say,
): Promise<StagedLayer> {
  const { images, registries } = engine;
  const { blob, diffID } = request;
  const staging = Promise.withResolvers<StagedLayer>();
  // Whichever of the two fails ends the other.
  const failure = new AbortController();
  const ended = AbortSignal.any([signal, failure.signal]);
  let telling: ReturnType<typeof setInterval> | undefined;
  if (registries.downloads.isFull) say("Waiting");
  const downloading = registries.downloads.run(async () => {
    // Not before its turn: a thread would stand still for a blob that nobody fetches.
    staging.resolve(images.layers.stageBlob(registries.unpackers, ingest.followed(blob.size), ended));
    await download(engine, request, ingest, ended, say);
    const extracting = (): void => say("Extracting", { current: ingest.progress.read, total: blob.size });
    extracting();
    telling = setInterval(extracting, progressMs);
  }, ended);
  downloading.catch(staging.reject); // where its turn never came
  const [layer] = await Promise.all([staging.promise, downloading])
    .catch(async (err: unknown) => {
      failure.abort(err);
      const [staged] = await Promise.allSettled([staging.promise, downloading]);
      if (staged.status === "fulfilled") images.layers.discard(staged.value);
      signal.throwIfAborted();
      throw err instanceof InvalidParameterError
        ? new InvalidParameterError(`failed to register layer: ${err.message}`, { cause: err })
        : err;
    })
    .finally(() => clearInterval(telling));
  if (layer.diffID === diffID) return layer;
  images.layers.discard(layer);
  throw new InvalidParameterError(
    `layer ${blob.digest} does not match the image's config: it declares ${diffID}, the layer's content has ${layer.diffID}`,
  );
}

/** Fetches what is not there yet. */
async function download(
  { host: { clock } }: Engine,
  { repository, blob, pieces }: LayerRequest,
  ingest: Ingest,
  signal: AbortSignal,
  say: Say,
): Promise<void> {
  const onRetry = (seconds: number): void => say(`Retrying in ${seconds} second${seconds === 1 ? "" : "s"}`);
  let told = Number.NEGATIVE_INFINITY;
  const from = ingest.sizeBytes;
  for await (const bytes of downloadBlob(repository, blob, { from, clock, signal, onRetry, pieces })) {
    ingest.append(bytes);
    const now = clock.monotonicMs();
    if (now - told < progressMs) continue;
    told = now;
    say("Downloading", { current: ingest.sizeBytes, total: blob.size });
  }
  if (ingest.sizeBytes !== blob.size)
    throw new SystemError(`blob ${blob.digest} ended after ${ingest.sizeBytes} of ${blob.size} bytes`);
  say("Download complete");
}
