// A check of the whole image store, beside everything that uses it: files are read with their layers held, what belongs
// together is compared in one turn of the event loop, and each repair is made while nothing else changes images.
import { errorText } from "../../base/errors.ts";
import type { FsckFinding, FsckLine } from "../../spec/graph.ts";
import type { ImageStore } from "../image-store.ts";
import { containerFindings, contentFindings, imageFindings, nameFindings } from "./check-images.ts";
import { graphFindings, layerFindings } from "./check-layers.ts";
import type { Finding, Totals, Users } from "./finding.ts";

/** In an order in which what was repaired before helps: layers, images, names, content. The summary is the last line. */
export async function* fsck(store: ImageStore, users: Users, repair: boolean): AsyncGenerator<FsckLine> {
  const totals: Totals = {
    layers: 0,
    layerFiles: 0,
    layerBytes: 0,
    blobs: 0,
    blobBytes: 0,
    unaccountedBytes: 0,
  };
  let problems = 0;
  let repaired = 0;
  const checks = [
    () => layerFindings(store, users, totals),
    () => graphFindings(store, users, totals),
    () => imageFindings(store),
    () => nameFindings(store),
    () => containerFindings(store, users),
    () => contentFindings(store, totals),
  ];
  for (const check of checks)
    for (const finding of await collected(store, check())) {
      const line = await settled(store, finding, repair);
      problems++;
      if (line.Repair === "done") repaired++;
      yield { Finding: line };
    }
  yield {
    Summary: {
      Layers: totals.layers,
      LayerFiles: totals.layerFiles,
      LayerBytes: totals.layerBytes,
      Images: store.records().length,
      Names: store.tags.all().length,
      Blobs: totals.blobs,
      BlobBytes: totals.blobBytes,
      UnaccountedBytes: totals.unaccountedBytes,
      Problems: problems,
      Repaired: repaired,
    },
  };
}

/** Synchronous checks see one moment, in which no image is half added or half removed. */
async function collected(
  store: ImageStore,
  findings: Iterable<Finding> | AsyncIterable<Finding>,
): Promise<readonly Finding[]> {
  if (!(Symbol.iterator in findings)) return Array.fromAsync(findings);
  return store.exclusive(async () => [...findings]);
}

async function settled(store: ImageStore, finding: Finding, wanted: boolean): Promise<FsckFinding> {
  const { kind, object, problem, advice = "", repair } = finding;
  const line = { Kind: kind, Object: object, Problem: problem, Advice: advice };
  if (repair === undefined) return { ...line, Repair: "impossible" };
  if (!wanted) return { ...line, Repair: "possible" };
  try {
    await store.exclusive(async () => repair());
    return { ...line, Repair: "done" };
  } catch (err) {
    return { ...line, Problem: `${problem}: ${errorText(err)}`, Repair: "impossible" };
  }
}
