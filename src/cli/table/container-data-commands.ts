// The commands about what is in a container and what it does: files, changes, use of resources.

import type { Command } from "../command.ts";
import { noTruncFlag, outputFlag, tableFormatFlag } from "./shared-flags.ts";

export const containerDataCommands: readonly Command[] = [
  {
    paths: ["container commit", "commit"],
    section: "commands",
    summary: "Create a new image from a container's changes",
    usage: "[OPTIONS] CONTAINER [REPOSITORY[:TAG]]",
    operands: { min: 1, max: 2 },
    names: "container",
    flags: [
      { name: "author", short: "a", type: "string", help: "Author of the image" },
      { name: "change", short: "c", type: "list", help: "Apply a Dockerfile instruction to the image" },
      { name: "message", short: "m", type: "string", help: "Comment for the image's history" },
      { name: "pause", short: "p", type: "bool", default: "true", help: "Pause the container meanwhile" },
    ],
    load: () => import("../commands/commit.ts").then((module) => module.commit),
  },
  {
    paths: ["container cp", "cp"],
    section: "commands",
    summary: "Copy files/folders between a container and the local filesystem",
    about: `Copy files/folders between a container and the local filesystem

Use '-' as the source to read a tar archive from stdin
and extract it to a directory destination in a container.
Use '-' as the destination to stream a tar archive of a
container source to stdout.`,
    usage: "[OPTIONS] CONTAINER:SRC_PATH DEST_PATH|-\n\tsampan cp [OPTIONS] SRC_PATH|- CONTAINER:DEST_PATH",
    operands: { min: 2, max: 2 },
    // As the command itself tells a container's path from one of the user's.
    fileOperand: (operands) => operands.find((one) => one !== "-" && /^(?:[./]|[^:]*$)/.test(one)),
    names: "container",
    flags: [
      { name: "archive", short: "a", type: "bool", help: "Copy owner and group as well" },
      { name: "follow-link", short: "L", type: "bool", help: "Copy what a link in SRC_PATH points at" },
      { name: "quiet", short: "q", type: "bool", help: "Show no progress" },
    ],
    examples: ["sampan cp web:/etc/hosts .", "tar c data | sampan cp - web:/srv"],
    load: () => import("../commands/cp.ts").then((module) => module.cp),
  },
  {
    paths: ["container diff", "diff"],
    section: "commands",
    summary: "Inspect changes to files or directories on a container's filesystem",
    usage: "CONTAINER",
    operands: { min: 1, max: 1 },
    names: "container",
    flags: [],
    load: () => import("../commands/diff.ts").then((module) => module.diff),
  },
  {
    paths: ["container export", "export"],
    section: "commands",
    summary: "Export a container's filesystem as a tar archive",
    usage: "[OPTIONS] CONTAINER",
    operands: { min: 1, max: 1 },
    names: "container",
    flags: [outputFlag],
    load: () => import("../commands/archives-out.ts").then((module) => module.exportArchive),
  },
  {
    paths: ["container stats", "stats"],
    section: "commands",
    summary: "Display a live stream of container(s) resource usage statistics",
    usage: "[OPTIONS] [CONTAINER...]",
    operands: { min: 0 },
    names: "container",
    flags: [
      { name: "all", short: "a", type: "bool", help: "All containers (without it, only running ones)" },
      tableFormatFlag,
      { name: "no-stream", type: "bool", help: "Show the numbers once" },
      noTruncFlag,
    ],
    load: () => import("../commands/stats.ts").then((module) => module.stats),
  },
  {
    paths: ["why"],
    section: "commands",
    summary: "Tell why a container is in the state it is in",
    usage: "[OPTIONS] CONTAINER [CONTAINER...]",
    operands: { min: 1 },
    names: "container",
    flags: [{ name: "format", short: "f", type: "string", help: "'json', or a Go template" }],
    examples: ["sampan why web"],
    load: () => import("../commands/why.ts").then((module) => module.why),
  },
];
