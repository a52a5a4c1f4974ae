// What the API says of images: a row of the list, and all of one.
import { zeroTime } from "../spec/docker.ts";
import type { ImageInspect, ImageSummary } from "../spec/docker-images.ts";
import { familiarName, familiarString } from "../spec/reference.ts";
import { storageDriverName } from "../storage/overlay.ts";
import type { Image, ImageStore } from "./image-store.ts";

export type SummaryOptions = {
  /** Containers of the image, running or not; -1: not counted. */
  readonly containers?: number;
  /** Bytes in layers that other images have too; -1: not counted. */
  readonly sharedBytes?: number;
};

export function imageSummary(store: ImageStore, image: Image, options: SummaryOptions = {}): ImageSummary {
  const { containers = -1, sharedBytes = -1 } = options;
  return {
    Id: image.id,
    ParentId: image.parent ?? "",
    ...imageNames(store, image),
    Created: createdSeconds(image.body.created),
    Size: image.sizeBytes,
    SharedSize: sharedBytes,
    Labels: image.config.Labels ?? null,
    Containers: containers,
  };
}

export function imageInspect(store: ImageStore, image: Image): ImageInspect {
  const { body, config } = image;
  const top = image.layers.at(-1);
  const lower = image.layers.slice(0, -1).toReversed();
  return {
    Id: image.id,
    ...imageNames(store, image),
    Parent: image.parent ?? "",
    Comment: body.comment ?? body.history?.at(-1)?.comment ?? "",
    Created: body.created ?? zeroTime,
    DockerVersion: body.docker_version ?? "",
    Author: body.author ?? "",
    Config: { ...config },
    Architecture: body.architecture,
    ...(body.variant === undefined || body.variant === "" ? {} : { Variant: body.variant }),
    Os: body.os,
    Size: image.sizeBytes,
    GraphDriver: {
      Name: storageDriverName,
      Data: {
        ...(lower.length === 0
          ? {}
          : { LowerDir: lower.map((chainID) => store.layers.diff(chainID)).join(":") }),
        ...(top === undefined ? {} : { UpperDir: store.layers.diff(top) }),
      },
    },
    RootFS: { Type: "layers", Layers: body.rootfs.diff_ids },
    Metadata: { LastTagTime: image.lastTagTime ?? zeroTime },
  };
}

/** `RepoTags` and `RepoDigests`, sorted; empty for an image without a name. */
export function imageNames(
  store: ImageStore,
  image: Image,
): { readonly RepoTags: readonly string[]; readonly RepoDigests: readonly string[] } {
  const references = store.tags.of(image.id);
  return {
    RepoTags: references.filter(({ tag }) => tag !== undefined).map(familiarString),
    RepoDigests: references.flatMap((reference) =>
      reference.digest === undefined ? [] : [`${familiarName(reference)}@${reference.digest}`],
    ),
  };
}

/** Unix seconds of an RFC 3339 time; a time that is missing or wrong is Docker's zero time, as in Go. */
export function createdSeconds(time: string | undefined): number {
  const ms = Date.parse(time ?? zeroTime);
  return Math.floor((Number.isNaN(ms) ? Date.parse(zeroTime) : ms) / 1000);
}
