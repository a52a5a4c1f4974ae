// The commands about images.

import type { Command, Flag } from "../command.ts";
import {
  filterFlag,
  forceFlag,
  inspectFormatFlag,
  longFilterFlag,
  noTruncFlag,
  tableFormatFlag,
} from "./shared-flags.ts";

const platform: Flag = { name: "platform", type: "string", help: "Platform: os[/arch[/variant]]" };
const quiet: Flag = { name: "quiet", short: "q", type: "bool", help: "Show IDs only" };

export const imageCommands: readonly Command[] = [
  {
    paths: ["image ls", "image list", "images"],
    section: "common",
    summary: "List images",
    usage: "[OPTIONS] [REPOSITORY[:TAG]]",
    operands: { min: 0, max: 1 },
    names: "image",
    flags: [
      { name: "all", short: "a", type: "bool", help: "Show intermediate images as well" },
      { name: "digests", type: "bool", help: "Show digests" },
      filterFlag,
      tableFormatFlag,
      noTruncFlag,
      quiet,
      { name: "tree", type: "bool", help: "Show names and platforms as a tree (experimental)" },
    ],
    load: () => import("../commands/images.ts").then((module) => module.images),
  },
  {
    paths: ["image history", "history"],
    section: "commands",
    summary: "Show the history of an image",
    usage: "[OPTIONS] IMAGE",
    operands: { min: 1, max: 1 },
    names: "image",
    flags: [
      tableFormatFlag,
      {
        name: "human",
        short: "H",
        type: "bool",
        default: "true",
        help: "Sizes and times in words for humans",
      },
      noTruncFlag,
      platform,
      quiet,
    ],
    load: () => import("../commands/history.ts").then((module) => module.history),
  },
  {
    paths: ["image import", "import"],
    section: "commands",
    summary: "Import the contents from a tarball to create a filesystem image",
    usage: "[OPTIONS] file|URL|- [REPOSITORY[:TAG]]",
    operands: { min: 1, max: 2 },
    fileOperand: ([source = "-"]) => (source === "-" || /^https?:\/\//.test(source) ? undefined : source),
    flags: [
      { name: "change", short: "c", type: "list", help: "Apply a Dockerfile instruction to the image" },
      { name: "message", short: "m", type: "string", help: "Comment for the image's history" },
      platform,
    ],
    examples: ["tar -C rootfs -c . | sampan import -c 'CMD [\"sh\"]' - mine:1"],
    load: () => import("../commands/import.ts").then((module) => module.importImage),
  },
  {
    paths: ["image load", "load"],
    section: "commands",
    summary: "Load an image from a tar archive or STDIN",
    usage: "[OPTIONS]",
    operands: { min: 0, max: 0 },
    flags: [
      { name: "input", short: "i", type: "string", file: true, help: "Read this file instead of STDIN" },
      platform,
      { name: "quiet", short: "q", type: "bool", help: "Do not print progress" },
    ],
    load: () => import("../commands/load.ts").then((module) => module.load),
  },
  {
    paths: ["image save", "save"],
    section: "commands",
    summary: "Save one or more images to a tar archive (streamed to STDOUT by default)",
    usage: "[OPTIONS] IMAGE [IMAGE...]",
    operands: { min: 1 },
    names: "image",
    flags: [
      {
        name: "output",
        short: "o",
        type: "string",
        file: true,
        help: "Write to this file instead of STDOUT",
      },
      platform,
    ],
    load: () => import("../commands/archives-out.ts").then((module) => module.save),
  },
  {
    paths: ["image tag", "tag"],
    section: "commands",
    summary: "Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE",
    usage: "SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]",
    operands: { min: 2, max: 2 },
    names: "image",
    flags: [],
    load: () => import("../commands/tag.ts").then((module) => module.tag),
  },
  {
    paths: ["image rm", "image remove", "rmi"],
    section: "commands",
    summary: "Remove one or more images",
    usage: "[OPTIONS] IMAGE [IMAGE...]",
    operands: { min: 1 },
    names: "image",
    flags: [
      { name: "force", short: "f", type: "bool", help: "Remove it although it has other names or is in use" },
      { name: "no-prune", type: "bool", help: "Keep parents that have no name" },
      { name: "platform", type: "strings", help: "Only this platform: os[/arch[/variant]]" },
    ],
    load: () => import("../commands/rmi.ts").then((module) => module.removeImages),
  },
  {
    paths: ["image inspect"],
    summary: "Display detailed information on one or more images",
    usage: "[OPTIONS] IMAGE [IMAGE...]",
    operands: { min: 1 },
    names: "image",
    flags: [inspectFormatFlag, platform],
    load: () => import("../commands/inspect.ts").then((module) => module.inspectImages),
  },
  {
    paths: ["image prune"],
    summary: "Remove unused images",
    usage: "[OPTIONS]",
    operands: { min: 0, max: 0 },
    flags: [
      {
        name: "all",
        short: "a",
        type: "bool",
        help: "All images that no container uses, not only nameless ones",
      },
      longFilterFlag,
      forceFlag,
    ],
    load: () => import("../commands/prune.ts").then((module) => module.pruneImages),
  },
];
