// `push`: an image to a registry, under the name that it has here. Layers go side by side, then the config, then the manifest,
// which makes the rest an image.
import { InvalidParameterError, NotFoundError } from "../base/errors.ts";
import { requirePlatform, type WantedPlatform } from "../images/image-platform.ts";
import type { Image } from "../images/image-store.ts";
import { knownManifests, manifestFor } from "../images/pushed-manifest.ts";
import type { Credentials } from "../registry/credentials.ts";
import type { Repository } from "../registry/repository.ts";
import { digestOf, shortId } from "../spec/digest.ts";
import type { ProgressMessage } from "../spec/docker-images.ts";
import { mediaTypes } from "../spec/oci-image.ts";
import { familiarName, familiarString, fullName, type Reference } from "../spec/reference.ts";
import type { PushCompression } from "../storage/compress-block.ts";
import type { Engine } from "./engine.ts";
import { holdLayers } from "./held-layers.ts";
import { publishImageEvent } from "./images.ts";
import { pushLayer } from "./push-layer.ts";
import { atRegistry } from "./registries.ts";

export type PushOptions = {
  readonly credentials: Credentials | undefined;
  /** The images must be for it. */
  readonly platform: WantedPlatform | undefined;
  /** For layers that the registry does not have. Undefined: gzip, and whatever it has is taken as it is. */
  readonly compression: PushCompression | undefined;
  readonly report: (message: ProgressMessage) => void;
  readonly signal: AbortSignal;
};

/**
 * Pushes the image under its name, or under all its tags where `reference` has none.
 * @throws NotFoundError when there is no image of that name here.
 */
export async function pushImage(engine: Engine, reference: Reference, options: PushOptions): Promise<void> {
  if (reference.digest !== undefined) throw new InvalidParameterError("cannot push a digest reference");
  const tagged = engine.images.tags
    .all()
    .filter(
      (found) =>
        found.reference.tag !== undefined &&
        fullName(found.reference) === fullName(reference) &&
        (reference.tag === undefined || found.reference.tag === reference.tag),
    );
  if (tagged.length === 0)
    throw new NotFoundError(`An image does not exist locally with the tag: ${familiarName(reference)}`);
  options.report({ status: `The push refers to repository [${fullName(reference)}]` });
  const { credentials, signal } = options;
  await atRegistry(engine, "push", { reference, credentials, signal }, async (repository) => {
    for (const found of tagged) {
      const image = engine.images.get(found.id);
      if (image === undefined) continue;
      if (options.platform !== undefined)
        requirePlatform(image, familiarString(found.reference), options.platform);
      await pushTag(engine, repository, image, found.reference, options);
    }
  });
}

async function pushTag(
  engine: Engine,
  repository: Repository,
  image: Image,
  reference: Reference,
  { compression, report, signal }: PushOptions,
): Promise<void> {
  const { images } = engine;
  const configBytes = images.content(image.id);
  const known = knownManifests(images, image);
  const [original] = known;
  await using _hold = holdLayers(engine, image.layers);
  const failure = new AbortController();
  for (const diffID of image.body.rootfs.diff_ids)
    report({ status: "Preparing", progressDetail: {}, id: shortId(diffID) });
  const layers = image.body.rootfs.diff_ids.map(
    async (diffID, at) =>
      await pushLayer(engine, {
        repository,
        name: fullName(reference),
        domain: reference.domain,
        chainID: image.layers[at] ?? diffID,
        diffID,
        wanted: original?.manifest.layers[at],
        compression,
        isOci: original?.manifest.mediaType === mediaTypes.ociManifest,
        signal: AbortSignal.any([signal, failure.signal]),
        report,
      }),
  );
  const forms = await Promise.all(layers).catch(async (err: unknown) => {
    failure.abort(err);
    await Promise.allSettled(layers);
    throw err;
  });
  if (!(await repository.hasBlob(image.id, signal))) {
    const upload = await repository.startUpload(signal);
    if (upload !== "mounted") await repository.finishUpload(upload, image.id, configBytes, signal);
  }
  const { bytes, mediaType } = manifestFor(image, configBytes.length, forms, known);
  const { tag = "latest" } = reference;
  await repository.putManifest(tag, bytes, mediaType, signal);
  const digest = digestOf(bytes);
  await images.exclusive(async () => {
    // Removed while it was pushed: then there is nothing to note.
    if (images.get(image.id) === undefined) return;
    images.keepManifests(image, [bytes]);
    const { tag: _, ...named } = reference;
    images.tags.set([{ reference: { ...named, digest }, id: image.id }]);
  });
  report({ status: `${tag}: digest: ${digest} size: ${bytes.length}` });
  report({ aux: { Tag: tag, Digest: digest, Size: bytes.length } });
  publishImageEvent(engine, "push", image, familiarString(reference));
}
