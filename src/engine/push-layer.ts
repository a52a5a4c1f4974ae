// One layer of a push. In this order, whichever works first: the repository has it in a form that is known, it can be taken
// over from another repository of the same registry, or it is written as an archive again, compressed and sent in one stream.
import type { Clock } from "../base/host.ts";
import { compressionIn, layerType, type LayerForm } from "../images/pushed-manifest.ts";
import { RegistryResponseError, UnreachableError } from "../registry/registry-error.ts";
import type { Repository } from "../registry/repository.ts";
import { digestOfHex, shortId, type Digest } from "../spec/digest.ts";
import type { ProgressMessage } from "../spec/docker-images.ts";
import { parseReference } from "../spec/reference.ts";
import type { PushCompression } from "../storage/compress-block.ts";
import type { Engine } from "./engine.ts";

export type LayerPush = {
  readonly repository: Repository;
  /** What the repository is called here: `docker.io/library/busybox`. */
  readonly name: string;
  readonly domain: string;
  readonly chainID: Digest;
  readonly diffID: Digest;
  /** Of the manifest that the image came with: with this form that manifest holds. */
  readonly wanted: LayerForm | undefined;
  /** Undefined: gzip, or whatever form the registry has. */
  readonly compression: PushCompression | undefined;
  readonly isOci: boolean;
  readonly signal: AbortSignal;
  readonly report: (message: ProgressMessage) => void;
};

/** More than these are not asked for: each costs a round trip. */
const mostQuestions = 4;
const attempts = 3;
const progressMs = 100;
const emptyBytes = new Uint8Array(0);

/** In which form the registry has the layer now. */
export async function pushLayer(engine: Engine, push: LayerPush): Promise<LayerForm> {
  const { images, registries, host } = engine;
  const { diffID, name, signal } = push;
  const id = shortId(diffID);
  const say = (status: string, detail: ProgressMessage["progressDetail"] = {}): void =>
    push.report({ status, progressDetail: detail, id });
  if (registries.uploads.isFull) say("Waiting");
  return await registries.uploads.run(async () => {
    const form = (await findForm(engine, push, say)) ?? (await send(engine, push, say));
    images.blobs.note(diffID, form, name);
    host.log.debug("layer is in registry", { repository: name, layer: diffID, blob: form.digest });
    return form;
  }, signal);
}

type Say = (status: string, detail?: ProgressMessage["progressDetail"]) => void;

async function findForm({ images }: Engine, push: LayerPush, say: Say): Promise<LayerForm | undefined> {
  const { repository, name, domain, diffID, wanted, compression, signal } = push;
  const known = images.blobs.of(diffID);
  const forms = [...(wanted === undefined ? [] : [wanted]), ...known].filter(
    (form, at, all) =>
      all.findIndex(({ digest }) => digest === form.digest) === at &&
      (compression === undefined || compressionIn(form.mediaType) === compression),
  );
  for (const form of forms.slice(0, mostQuestions)) {
    const seenIn = known.find(({ digest }) => digest === form.digest)?.repositories ?? [];
    const from = seenIn.map(parseReference).find(({ reference }) => reference?.domain === domain)?.reference;
    const isElsewhere = from !== undefined && !seenIn.includes(name);
    if (isElsewhere) {
      const source = `${repository.endpoint.prefix}${from.path}`;
      const mount = { digest: form.digest, from: source };
      // A registry that does not do it has begun an upload, which it forgets in time.
      if ((await repository.startUpload(signal, mount)) === "mounted") {
        say(`Mounted from ${from.path}`);
        return form;
      }
    }
    if (await repository.hasBlob(form.digest, signal)) {
      say("Layer already exists");
      return form;
    }
  }
  return undefined;
}

/** What breaks off is begun again: the same bytes come out. */
async function send(engine: Engine, push: LayerPush, say: Say): Promise<LayerForm> {
  const { clock } = engine.host;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await sendOnce(engine, push, say);
    } catch (err) {
      push.signal.throwIfAborted();
      const mayHelp =
        err instanceof UnreachableError || (err instanceof RegistryResponseError && err.isTemporary);
      if (!mayHelp || attempt === attempts) throw err;
      const seconds = attempt;
      say(`Retrying in ${seconds} second${seconds === 1 ? "" : "s"}`);
      await clock.sleep(seconds * 1000, push.signal);
    }
  }
}

async function sendOnce({ images, host, registries }: Engine, push: LayerPush, say: Say): Promise<LayerForm> {
  const { repository, chainID, compression = "gzip", isOci, signal } = push;
  const total = images.layers.get(chainID)?.archiveBytes ?? 0;
  const upload = await repository.startUpload(signal);
  if (upload === "mounted") throw new UnreachableError("the registry mounted what nobody asked for");
  let hash = new Bun.CryptoHasher("sha256");
  let size = 0;
  const { compressors } = registries;
  async function* archive(): AsyncGenerator<Uint8Array> {
    let current = 0;
    const tell = everySoOften(host.clock, () => say("Pushing", { current, total }));
    for await (const bytes of images.layers.archive(chainID, () => compressors.takeChunk())) {
      signal.throwIfAborted();
      current += bytes.length;
      tell();
      yield bytes;
    }
  }
  async function* body(): AsyncGenerator<Uint8Array> {
    hash = new Bun.CryptoHasher("sha256");
    size = 0;
    for await (const bytes of compressors.compressed(archive(), compression)) {
      hash.update(bytes);
      size += bytes.length;
      yield bytes;
    }
  }
  say("Pushing", { current: 0, total });
  const next = await repository.uploadStream(upload, body, signal);
  const digest = digestOfHex(hash.digest("hex"));
  await repository.finishUpload(next, digest, emptyBytes, signal);
  say("Pushed");
  return { digest, size, mediaType: layerType(compression, isOci || compression === "zstd") };
}

function everySoOften(clock: Clock, tell: () => void): () => void {
  let last = clock.monotonicMs();
  return () => {
    const now = clock.monotonicMs();
    if (now - last < progressMs) return;
    last = now;
    tell();
  };
}
