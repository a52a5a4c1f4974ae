// `commit`: the container's own files become a layer; it is paused meanwhile, unless that is not wanted.
import { ConflictError } from "../base/errors.ts";
import type { ContainerRecord } from "../containers/record.ts";
import { committedConfig } from "../images/commit-config.ts";
import { commitImage } from "../images/commit.ts";
import type { Image } from "../images/image-store.ts";
import { targetReference } from "../images/tag.ts";
import type { ContainerConfig } from "../spec/docker.ts";
import { familiarString } from "../spec/reference.ts";
import type { StagedLayer } from "../storage/layer-store.ts";
import { containerMounts } from "../storage/overlay.ts";
import { packTree } from "../storage/tree-archive.ts";
import { closeFd, O_DIRECTORY, O_PATH, openFile } from "../sys/file.ts";
import { openView } from "./container-view.ts";
import { publishContainerEvent } from "./engine.ts";
import type { Engine } from "./engine.ts";
import { holdLayers } from "./held-layers.ts";
import { publishImageEvent } from "./images.ts";
import { pauseForCommit, resumeAfterCommit } from "./pause.ts";

export type CommitOptions = {
  /** "" for an image without a name. */
  readonly repository: string;
  readonly tag: string;
  readonly author: string;
  readonly comment: string;
  /** Dockerfile instructions. */
  readonly changes: readonly string[];
  readonly pause: boolean;
  /** In place of the container's, which fills what is missing here. */
  readonly config?: Partial<ContainerConfig>;
};

export async function commitContainer(
  engine: Engine,
  ref: string,
  options: CommitOptions,
  signal?: AbortSignal,
): Promise<Image> {
  const record = engine.containers.find(ref);
  const { id, state } = record;
  if (state.status === "dead") throw new ConflictError(`You cannot commit container ${id} which is Dead`);
  if (state.status === "removing")
    throw new ConflictError(`You cannot commit container ${id} which is being removed`);
  const { repository, tag, author, comment, changes } = options;
  const references = repository === "" ? [] : [targetReference(repository, tag)];
  const config = committedConfig(record.config, options.config, changes);

  // The container, and with it what keeps the layers below, may go before the image is there.
  await using _hold = holdLayers(engine, record.layers);
  const paused = options.pause && state.status === "running";
  if (paused) await pauseForCommit(engine, id);
  let layer: StagedLayer;
  try {
    layer = await stageChanges(engine, id, signal);
  } finally {
    if (paused) await resumeAfterCommit(engine, id);
  }
  const image = await commitImage(engine.images, {
    layer,
    below: record.layers,
    parent: engine.images.get(record.imageId),
    config,
    author,
    comment,
    createdBy: (record.config.Cmd ?? []).join(" "),
    references,
  });
  const imageRef = references.map(familiarString).join("");
  if (imageRef !== "") publishImageEvent(engine, "tag", image, imageRef);
  publishContainerEvent(engine, record, "commit", { comment, imageID: image.id, imageRef });
  return image;
}

/** What the container changed as a layer: the same changes give the same layer. */
async function stageChanges(engine: Engine, id: string, signal?: AbortSignal): Promise<StagedLayer> {
  // The mount is not read, but as long as it is held nobody removes the files.
  await using view = await openView(engine, id, { withMounts: false });
  const upper = openUpper(engine, view.record);
  async function* archive(): AsyncGenerator<Uint8Array> {
    yield* packTree(upper, { marks: true, sparse: true });
  }
  try {
    return await engine.images.layers.stage(archive(), signal);
  } finally {
    closeFd(upper);
  }
}

function openUpper(engine: Engine, { id, layers }: ContainerRecord): number {
  const [mount] = containerMounts(engine.images.layers, layers, engine.containers.folder(id));
  if (mount === undefined) throw new Error("a container without a root file system");
  return openFile(mount.upperFolder, O_PATH | O_DIRECTORY);
}
