// The commands about the image store as it lies on the disk.

import type { Command } from "../command.ts";
import { noTruncFlag, tableFormatFlag } from "./shared-flags.ts";

export const graphCommands: readonly Command[] = [
  {
    paths: ["graph ls", "graph list"],
    summary: "List the layers of all images, each below those that stand on it",
    usage: "[OPTIONS]",
    operands: { min: 0, max: 0 },
    flags: [tableFormatFlag, noTruncFlag, { name: "quiet", short: "q", type: "bool", help: "Show ids only" }],
    load: () => import("../commands/graph.ts").then((module) => module.listLayers),
  },
  {
    paths: ["graph json"],
    summary: "Print layers as the first Docker kept them in graph/ID/json",
    usage: "[LAYER...]",
    operands: { min: 0 },
    flags: [],
    load: () => import("../commands/graph.ts").then((module) => module.layersOf2013),
  },
  {
    paths: ["graph fsck"],
    summary: "Check every layer, every reference and every byte of the image store",
    usage: "[OPTIONS]",
    operands: { min: 0, max: 0 },
    flags: [{ name: "repair", type: "bool", help: "Repair what can be repaired" }],
    load: () => import("../commands/graph.ts").then((module) => module.fsck),
  },
];
