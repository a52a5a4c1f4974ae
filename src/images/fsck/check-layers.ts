// The layers: each is read whole, written again as an archive, and compared with its name.
import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { errorText } from "../../base/errors.ts";
import { digestOfHex, isDigest, type Digest } from "../../spec/digest.ts";
import { familiarString } from "../../spec/reference.ts";
import { chainIDOf } from "../../storage/chain-id.ts";
import { checkLayer, type LayerCheck } from "../../storage/layer-check.ts";
import type { LayerRecord } from "../../storage/layer-store.ts";
import type { ImageStore } from "../image-store.ts";
import type { Finding, Totals, Users } from "./finding.ts";

export async function* layerFindings(
  store: ImageStore,
  users: Users,
  totals: Totals,
): AsyncGenerator<Finding> {
  yield* unusableLayers(store, users);
  for (const { chainID } of store.layers.all()) {
    await using _hold = users.hold([chainID]);
    const record = store.layers.get(chainID);
    if (record !== undefined) yield* oneLayer(store, users, record, totals);
  }
}

/** What is in the graph and belongs to nothing. To be read in one turn: a pull adds layers before their image. */
export function* graphFindings(store: ImageStore, users: Users, totals: Totals): Generator<Finding> {
  yield* unusedLayers(store, users);
  yield* strays(store, totals);
}

async function* oneLayer(
  store: ImageStore,
  users: Users,
  record: LayerRecord,
  totals: Totals,
): AsyncGenerator<Finding> {
  const { chainID, diffID, parent } = record;
  const about = { kind: "layer", object: chainID } as const;
  const advice = adviceFor(store, users, chainID);
  totals.layers++;
  if (!existsSync(store.layers.diff(chainID))) {
    yield { ...about, problem: "its files are gone", advice };
    return;
  }
  if (parent !== undefined && store.layers.get(parent) === undefined)
    yield { ...about, problem: `the layer below it, ${parent}, is missing`, advice };
  const check = await checked(store, chainID);
  if (typeof check === "string") {
    yield { ...about, problem: check, advice };
    return;
  }
  totals.layerFiles += check.files;
  totals.layerBytes += check.sizeBytes;
  if (check.diffID !== diffID || chainIDOf(parent, check.diffID) !== chainID)
    yield { ...about, problem: `its archive is ${check.diffID}, not ${diffID}`, advice };
  else if (check.archiveBytes !== record.archiveBytes || check.sizeBytes !== record.sizeBytes) {
    const { archiveBytes, sizeBytes } = check;
    yield {
      ...about,
      problem: `its record says ${record.sizeBytes} bytes (${record.archiveBytes} as an archive), it has ${sizeBytes} (${archiveBytes})`,
      repair: () => store.layers.repair({ ...record, archiveBytes, sizeBytes }),
    };
  }
  for (const { path, sizeBytes } of check.foreign) {
    totals.unaccountedBytes += sizeBytes;
    yield {
      ...about,
      problem: `the file ${JSON.stringify(path)}, ${sizeBytes} bytes, is not of its archive`,
      advice,
    };
  }
}

async function checked(store: ImageStore, chainID: string): Promise<LayerCheck | string> {
  try {
    return await checkLayer(store.layers.folderOf(chainID));
  } catch (err) {
    return `its archive cannot be written again: ${errorText(err)}`;
  }
}

/** Layers whose record cannot be read: what it said follows from the images and from the layer itself. */
async function* unusableLayers(store: ImageStore, users: Users): AsyncGenerator<Finding> {
  for (const chainID of store.layers.unusable()) {
    const about = { kind: "layer", object: chainID } as const;
    const wanted = placeIn(store, chainID);
    const path = store.layers.folderOf(chainID);
    if (wanted === undefined && !isUsed(store, users, chainID)) {
      const problem = "its record cannot be read, and no image or container has it";
      yield { ...about, problem, repair: () => store.layers.discardUnusable(path) };
      continue;
    }
    const check = await checked(store, chainID);
    const isItself = typeof check !== "string" && chainIDOf(wanted?.parent, check.diffID) === chainID;
    if (typeof check === "string" || !isItself) {
      const why = typeof check === "string" ? check : `its archive is ${check.diffID}`;
      yield {
        ...about,
        problem: `its record cannot be read, and ${why}`,
        advice: adviceFor(store, users, chainID),
      };
      continue;
    }
    const { diffID, archiveBytes, sizeBytes } = check;
    const below = wanted?.parent === undefined ? {} : { parent: wanted.parent };
    yield {
      ...about,
      problem: "its record cannot be read",
      repair: () => store.layers.repair({ chainID, diffID, ...below, archiveBytes, sizeBytes }),
    };
  }
}

/** Where the layer stands in an image: on which other. */
function placeIn(store: ImageStore, chainID: Digest): { readonly parent?: Digest } | undefined {
  for (const id of [...store.records().map((record) => record.id), ...store.unusable()]) {
    const layers = store.layersOfConfig(id) ?? [];
    const at = layers.indexOf(chainID);
    const parent = layers[at - 1];
    if (at >= 0) return parent === undefined ? {} : { parent };
  }
  return undefined;
}

function* unusedLayers(store: ImageStore, users: Users): Generator<Finding> {
  for (const { chainID } of store.layers.all())
    if (!isUsed(store, users, chainID))
      yield {
        kind: "layer",
        object: chainID,
        problem: "no image and no container has it",
        repair: () => {
          if (!isUsed(store, users, chainID)) store.layers.remove([chainID]);
        },
      };
}

function isUsed(store: ImageStore, users: Users, chainID: string): boolean {
  return (
    store.layersInUse().has(chainID) ||
    store.layers.held().has(chainID) ||
    users.containers().some(({ layers }) => layers.includes(chainID))
  );
}

function* strays(store: ImageStore, totals: Totals): Generator<Finding> {
  for (const path of store.layers.strays())
    yield {
      kind: "file",
      object: path,
      problem: "left by a layer in the making",
      repair: () => {
        if (store.layers.strays().includes(path)) store.layers.discardUnusable(path);
      },
    };
  for (const name of readdirSync(store.layers.folder)) {
    if (isDigest(digestOfHex(name)) || name === ":tmp:" || name === ":mountpoints:") continue;
    const path = join(store.layers.folder, name);
    totals.unaccountedBytes += statSync(path).size;
    yield {
      kind: "file",
      object: path,
      problem: "is nothing of the graph's",
      advice: `look at ${basename(path)} and delete it`,
    };
  }
}

/** What is lost here may be had elsewhere. */
function adviceFor(store: ImageStore, users: Users, chainID: string): string {
  const images = store.records().filter(({ layers }) => layers.some((layer) => layer === chainID));
  const names = images.flatMap(({ id }) => store.tags.of(id).map(familiarString));
  const containers = users.containers().filter(({ layers }) => layers.includes(chainID));
  const parts = [
    ...(names.length > 0 ? [`remove and pull or load again: ${names.join(", ")}`] : []),
    ...(containers.length > 0
      ? [`containers stand on it: ${containers.map(({ id }) => id.slice(0, 12)).join(", ")}`]
      : []),
  ];
  return parts.join("; ");
}
