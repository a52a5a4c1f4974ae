// Images made from this machine itself, without any registry: the reserved repository `host/`. They are made when they are
// first wanted, say in their labels what they were made of, and never stand in for an image of another name.
import { NotFoundError } from "../base/errors.ts";
import type { Host } from "../base/host.ts";
import { parseReference, withDefaultTag } from "../spec/reference.ts";
import { makeBusybox, busyboxLabels } from "./host-busybox.ts";
import { makeDebian } from "./host-debian.ts";
import type { Image, ImageStore } from "./image-store.ts";

type Maker = {
  readonly make: (host: Host, store: ImageStore, repository: string) => Promise<Image>;
  /** Labels that tell another source from the one an image was made of, where that costs next to nothing. */
  readonly sourceLabels?: () => Readonly<Record<string, string>>;
};

const makers: ReadonlyMap<string, Maker> = new Map([
  ["busybox", { make: makeBusybox, sourceLabels: busyboxLabels }],
  ["debian", { make: makeDebian }],
]);

/**
 * The image `host/NAME`, made if it is not there. One that is there stays, with a warning when the machine's own files have
 * changed since: removing it first is the way to a new one.
 * @throws NotFoundError that names those which can be made.
 */
export async function makeHostImage(host: Host, store: ImageStore, name: string): Promise<Image> {
  const repository = `host/${name}`;
  const maker = makers.get(name);
  if (maker === undefined) {
    const known = [...makers.keys()].map((made) => `host/${made}`).join(", ");
    throw new NotFoundError(`No such image: ${repository}: of this machine can be made: ${known}`);
  }
  const existing = findImage(store, repository);
  if (existing === undefined) return await maker.make(host, store, repository);
  const changed = Object.entries(maker.sourceLabels?.() ?? {}).find(
    ([label, value]) => existing.config.Labels?.[label] !== value,
  );
  if (changed !== undefined)
    host.log.warn("host image was made from other files than this machine has now", {
      image: existing.id,
      name: repository,
      label: changed[0],
    });
  return existing;
}

function findImage(store: ImageStore, name: string): Image | undefined {
  const { reference } = parseReference(name);
  const id = reference === undefined ? undefined : store.tags.get(withDefaultTag(reference));
  return id === undefined ? undefined : store.get(id);
}
