// Image records, names and content: what each of them names must be there, and be what it is called.
import { readdirSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { errorText } from "../../base/errors.ts";
import { digestHex, digestOfHex, isDigest, type Digest } from "../../spec/digest.ts";
import { familiarString } from "../../spec/reference.ts";
import type { ImageRecord, ImageStore } from "../image-store.ts";
import type { Finding, Totals, Users } from "./finding.ts";

export function* imageFindings(store: ImageStore): Generator<Finding> {
  for (const id of store.unusable()) yield* unusableImage(store, id);
  for (const record of store.records()) yield* oneImage(store, record);
}

function* unusableImage(store: ImageStore, id: Digest): Generator<Finding> {
  const about = { kind: "image", object: id } as const;
  const layers = store.layersOfConfig(id);
  const missing = layers?.filter((chainID) => store.layers.get(chainID) === undefined) ?? [];
  if (layers === undefined)
    yield {
      ...about,
      problem: "neither its record nor its config can be used",
      advice: "pull or load it again",
    };
  else if (missing.length > 0)
    yield { ...about, problem: `it lacks the layers ${missing.join(", ")}`, advice: "pull or load it again" };
  else yield { ...about, problem: "its record cannot be used", repair: () => store.repair(id, {}) };
}

function* oneImage(store: ImageStore, record: ImageRecord): Generator<Finding> {
  const { id, parent, layers, manifests = [] } = record;
  const about = { kind: "image", object: id } as const;
  const advice = `pull or load it again${namesOf(store, id)}`;
  const repair = (): void => {
    if (store.records().some((other) => other.id === id)) store.repair(id, record);
  };
  const own = store.layersOfConfig(id);
  if (own === undefined)
    yield { ...about, problem: `its config: ${problemOf(store, id) ?? "cannot be read"}`, advice };
  else if (own.join() !== layers.join())
    yield { ...about, problem: "its record names other layers than its config", repair };
  const missing = layers.filter((chainID) => store.layers.get(chainID) === undefined);
  if (missing.length > 0) yield { ...about, problem: `it lacks the layers ${missing.join(", ")}`, advice };
  if (parent !== undefined && !store.records().some((other) => other.id === parent))
    yield { ...about, problem: `the image that it was built on, ${parent}, is not there`, repair };
  for (const digest of manifests) {
    const problem = problemOf(store, digest);
    if (problem !== undefined) yield { ...about, problem: `a manifest that led to it: ${problem}`, repair };
  }
}

function namesOf(store: ImageStore, id: Digest): string {
  const names = store.tags.of(id).map(familiarString);
  return names.length === 0 ? "" : `: ${names.join(", ")}`;
}

function problemOf(store: ImageStore, digest: Digest): string | undefined {
  try {
    store.content(digest);
    return undefined;
  } catch (err) {
    return errorText(err);
  }
}

export function* nameFindings(store: ImageStore): Generator<Finding> {
  const isImage = (id: Digest): boolean => store.records().some((record) => record.id === id);
  for (const { reference, id } of store.tags.all()) {
    if (isImage(id)) continue;
    const object = familiarString(reference);
    // An image whose record or layers are damaged may come back: its name is kept for it.
    if (store.unusable().includes(id))
      yield {
        kind: "name",
        object,
        problem: `leads to ${id}, which cannot be used`,
        advice: "repair that image",
      };
    else
      yield {
        kind: "name",
        object,
        problem: `leads to ${id}, which is not there`,
        repair: () => {
          if (store.tags.get(reference) === id && !isImage(id)) store.tags.delete([reference]);
        },
      };
  }
  if (!store.tags.isOnDisk())
    yield {
      kind: "file",
      object: "repositories",
      problem: "does not say what the engine knows",
      repair: () => store.tags.repair(),
    };
}

export function* containerFindings(store: ImageStore, users: Users): Generator<Finding> {
  for (const { id, layers } of users.containers()) {
    const missing = layers.filter((chainID) => store.layers.get(chainID as Digest) === undefined);
    if (missing.length > 0)
      yield {
        kind: "container",
        object: id,
        problem: `it stands on layers that are missing: ${missing.join(", ")}`,
        advice: "load its image again, or remove it",
      };
  }
}

/** Blobs, and files that nobody knows, in the folders beside the graph. */
export function* contentFindings(store: ImageStore, totals: Totals): Generator<Finding> {
  const { content, records, blobs } = store.folders;
  const named = new Set<string>(store.namedContent());
  for (const { name, path, sizeBytes } of filesIn(content)) {
    const digest = digestOfHex(name);
    totals.blobs++;
    totals.blobBytes += sizeBytes;
    if (!isDigest(digest)) yield stray(path, sizeBytes, totals);
    else if (!named.has(digest))
      yield {
        kind: "content",
        object: digest,
        problem: "no image names it",
        repair: () => {
          if (!new Set<string>(store.namedContent()).has(digest)) rmSync(path, { force: true });
        },
      };
  }
  const isRecord = (name: string): boolean =>
    isDigest(digestOfHex(name.replace(/\.json$/, ""))) && name.endsWith(".json");
  for (const { name, path, sizeBytes } of filesIn(records))
    if (!isRecord(name)) yield stray(path, sizeBytes, totals);
  const diffIDs = new Set(store.layers.all().map(({ diffID }) => digestHex(diffID)));
  for (const { name, path, sizeBytes } of filesIn(blobs)) {
    const hex = name.replace(/\.json$/, "");
    if (!isRecord(name)) yield stray(path, sizeBytes, totals);
    else if (!diffIDs.has(hex))
      yield {
        kind: "file",
        object: path,
        problem: "is about a layer that is not there",
        repair: () => rmSync(path, { force: true }),
      };
    else if (!store.blobs.isReadable(digestOfHex(hex)))
      yield {
        kind: "file",
        object: path,
        problem: "cannot be read; it is only a help for pushes",
        repair: () => rmSync(path, { force: true }),
      };
  }
  const root = dirname(records);
  for (const name of readdirSync(root))
    if (name.startsWith("repositories.broken-"))
      yield {
        kind: "file",
        object: join(root, name),
        problem: "names that could not be read were put aside",
        advice: "give those images their names again, then delete it",
      };
}

type FileThere = { readonly name: string; readonly path: string; readonly sizeBytes: number };

function filesIn(folder: string): FileThere[] {
  return readdirSync(folder).map((name) => ({
    name,
    path: join(folder, name),
    sizeBytes: statSync(join(folder, name)).size,
  }));
}

/** A file half written by a crash ends in .tmp (base/durable-file.ts): nothing else is ours to delete. */
function stray(path: string, sizeBytes: number, totals: Totals): Finding {
  totals.unaccountedBytes += sizeBytes;
  const about = { kind: "file", object: path } as const;
  if (!path.endsWith(".tmp"))
    return { ...about, problem: "is nothing of the image store's", advice: "look at it and delete it" };
  return {
    ...about,
    problem: "half written when a daemon died",
    repair: () => rmSync(path, { force: true }),
  };
}
