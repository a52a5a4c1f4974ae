// One layer of a pull, as a stream: socket -> digest -> decompressor -> unpacked folder, with no second pass over the bytes.
//
// Beside it the compressed bytes are kept until the image is there (storage/ingest.ts). After a cut, whoever's fault, the
// kept ones are read again, which rebuilds digest and folder, and only the rest is asked for.
import type { Clock } from "../base/host.ts";
import { InvalidParameterError, SystemError } from "../base/errors.ts";
import type { Cockpit } from "../base/single-flight.ts";
import type { CheckedDescriptor } from "../images/manifest.ts";
import { downloadBlob } from "../registry/blob-download.ts";
import type { Repository } from "../registry/repository.ts";
import { digestOfHex, shortId, type Digest } from "../spec/digest.ts";
import type { ProgressMessage } from "../spec/docker.ts";
import type { Ingest } from "../storage/ingest.ts";
import type { StagedLayer } from "../storage/layer-store.ts";
import type { Engine } from "./engine.ts";

export type LayerRequest = {
  readonly repository: Repository;
  readonly blob: CheckedDescriptor;
  readonly diffID: Digest;
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
  const { registries, images } = engine;
  const { digest } = request.blob;
  const id = shortId(digest);
  const say = (status: string, detail: ProgressMessage["progressDetail"] = {}): void =>
    tell(id, { status, progressDetail: detail, id });
  if (registries.downloads.isFull) say("Waiting");
  return await registries.ingestLocks.run(digest, () =>
    registries.downloads.run(async () => {
      using ingest = images.ingest.open(digest);
      const isResumed = ingest.sizeBytes > 0;
      try {
        return await stageLayer(engine, request, ingest, signal, say);
      } catch (err) {
        if (ingest.sizeBytes === 0) images.ingest.drop(digest);
        if (!(err instanceof InvalidParameterError)) throw err;
        ingest.reset();
        images.ingest.drop(digest);
        if (!isResumed) throw err;
        engine.host.log.info("partial download was damaged and is begun anew", { blob: digest });
      }
      using fresh = images.ingest.open(digest);
      try {
        return await stageLayer(engine, request, fresh, signal, say);
      } catch (err) {
        if (err instanceof InvalidParameterError) images.ingest.drop(digest);
        throw err;
      }
    }, signal),
  );
}

type Say = (status: string, detail?: ProgressMessage["progressDetail"]) => void;

async function stageLayer(
  { host, images }: Engine,
  { repository, blob, diffID }: LayerRequest,
  ingest: Ingest,
  signal: AbortSignal,
  say: Say,
): Promise<StagedLayer> {
  const onRetry = (seconds: number): void => say(`Retrying in ${seconds} second${seconds === 1 ? "" : "s"}`);
  const onBytes = throttled(host.clock, (current) => say("Downloading", { current, total: blob.size }));
  const source = verified(blob, kept(ingest, blob), (from) =>
    recorded(ingest, downloadBlob(repository, blob, { from, clock: host.clock, signal, onRetry })),
  );
  let isVerified = false;
  async function* watched(): AsyncGenerator<Uint8Array> {
    let at = 0;
    for await (const bytes of source) {
      at += bytes.length;
      onBytes(at);
      yield bytes;
    }
    isVerified = true;
    say("Download complete");
    say("Extracting", { current: blob.size, total: blob.size });
  }
  const layer = await images.layers.stage(watched(), signal).catch((err: unknown) => {
    if (!(err instanceof InvalidParameterError)) throw err;
    throw new InvalidParameterError(`failed to register layer: ${err.message}`, { cause: err });
  });
  if (isVerified && layer.diffID === diffID) return layer;
  images.layers.discard(layer);
  // A decompressor that meets the end of its data reads no further, and what was not read was not verified.
  if (!isVerified)
    throw new InvalidParameterError(
      `failed to register layer: blob ${blob.digest} goes on behind the end of its compressed archive`,
    );
  throw new InvalidParameterError(
    `layer ${blob.digest} does not match the image's config: it declares ${diffID}, the layer's content has ${layer.diffID}`,
  );
}

/** What is there from before. More than there can be is of no use. */
function kept(ingest: Ingest, { size }: CheckedDescriptor): AsyncIterable<Uint8Array> {
  if (ingest.sizeBytes > size) ingest.reset();
  return ingest.read();
}

async function* recorded(ingest: Ingest, source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const bytes of source) {
    ingest.append(bytes);
    yield bytes;
  }
}

/** The bytes on hand and then those of `rest`, which is told where to begin. Ends only if they are the blob's. */
async function* verified(
  { digest, size }: CheckedDescriptor,
  onHand: AsyncIterable<Uint8Array>,
  rest: (from: number) => AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const hash = new Bun.CryptoHasher("sha256");
  let at = 0;
  for await (const bytes of onHand) {
    hash.update(bytes);
    at += bytes.length;
    yield bytes;
  }
  for await (const bytes of rest(at)) {
    hash.update(bytes);
    at += bytes.length;
    yield bytes;
  }
  if (at !== size) throw new SystemError(`blob ${digest} ended after ${at} of ${size} bytes`);
  const found = digestOfHex(hash.digest("hex"));
  if (found !== digest)
    throw new InvalidParameterError(
      `filesystem layer verification failed for digest ${digest}: its bytes have the digest ${found}`,
    );
}

function throttled(clock: Clock, tell: (value: number) => void): (value: number) => void {
  let last = Number.NEGATIVE_INFINITY;
  return (value) => {
    const now = clock.monotonicMs();
    if (now - last < progressMs) return;
    last = now;
    tell(value);
  };
}
