// A layer as the first Docker knew it: there an image was one layer, and `graph/<id>/json` told of it.
import { digestHex, type Digest } from "../spec/digest.ts";
import type { GraphJson } from "../spec/graph.ts";
import type { HistoryEntry, ImageConfig, ImageRunConfig } from "../spec/oci-image.ts";

/**
 * @param layers chain ids of an image that has the layer, lowest first.
 * @param at the layer's place among them.
 */
export function graphJson(layers: readonly Digest[], at: number, image: ImageConfig): GraphJson {
  const [own, below] = [layers[at], at === 0 ? undefined : layers[at - 1]];
  const steps = (image.history ?? []).filter(({ empty_layer }) => !empty_layer);
  // A history that does not tell of every layer does not say which it tells of.
  const step = steps.length === layers.length ? steps[at] : undefined;
  const isTop = at === layers.length - 1;
  const [created, author, comment] = [
    step?.created ?? (isTop ? image.created : undefined),
    step?.author ?? (isTop ? image.author : undefined),
    step?.comment ?? (isTop ? image.comment : undefined),
  ];
  return {
    id: own === undefined ? "" : digestHex(own),
    ...(below && { parent: digestHex(below) }),
    ...(comment && { comment }),
    created: created ?? "0001-01-01T00:00:00Z",
    container_config: containerConfig(step, isTop ? (image.config ?? {}) : {}),
    ...(isTop && image.docker_version && { docker_version: image.docker_version }),
    ...(author && { author }),
  };
}

/** With the command that made the layer, as an image was made of a container that ran it. */
function containerConfig(
  step: HistoryEntry | undefined,
  { User = "", Env }: ImageRunConfig,
): GraphJson["container_config"] {
  return {
    Hostname: "",
    User,
    Memory: 0,
    MemorySwap: 0,
    AttachStdin: false,
    AttachStdout: false,
    AttachStderr: false,
    PortSpecs: null,
    Tty: false,
    OpenStdin: false,
    StdinOnce: false,
    Env: Env ?? null,
    Cmd: commandOf(step?.created_by ?? ""),
    Dns: null,
    Image: "",
  };
}

const shell = "/bin/sh -c ";

function commandOf(createdBy: string): readonly string[] | null {
  if (createdBy === "") return null;
  return createdBy.startsWith(shell) ? ["/bin/sh", "-c", createdBy.slice(shell.length)] : [createdBy];
}
