// The commands about the engine itself, and those that work on objects of any kind.

import type { Command } from "../command.ts";
import { filterFlag, forceFlag, formatFlag, inspectFormatFlag, longFilterFlag } from "./shared-flags.ts";

export const systemCommands: readonly Command[] = [
  {
    paths: ["version"],
    section: "common",
    summary: "Show the versions of client and engine",
    usage: "[OPTIONS]",
    operands: { min: 0, max: 0 },
    flags: [inspectFormatFlag],
    load: () => import("../commands/version.ts").then((module) => module.version),
  },
  {
    paths: ["system info", "info"],
    section: "common",
    summary: "Display system-wide information",
    usage: "[OPTIONS]",
    operands: { min: 0, max: 0 },
    flags: [inspectFormatFlag],
    load: () => import("../commands/info.ts").then((module) => module.info),
  },
  {
    paths: ["system events", "events"],
    section: "commands",
    summary: "Get real time events from the server",
    usage: "[OPTIONS]",
    operands: { min: 0, max: 0 },
    flags: [
      filterFlag,
      formatFlag,
      { name: "since", type: "string", help: "From this time on, or so long ago" },
      { name: "until", type: "string", help: "Up to this time, then end" },
    ],
    load: () => import("../commands/events.ts").then((module) => module.events),
  },
  {
    paths: ["inspect"],
    section: "commands",
    summary: "Return low-level information on objects of any kind",
    usage: "[OPTIONS] NAME|ID [NAME|ID...]",
    operands: { min: 1 },
    flags: [
      inspectFormatFlag,
      { name: "size", short: "s", type: "bool", help: "Show total file sizes of containers" },
      { name: "type", type: "string", help: "Only objects of this kind (container, image)" },
    ],
    load: () => import("../commands/inspect.ts").then((module) => module.inspect),
  },
  {
    paths: ["system prune"],
    summary: "Remove unused data",
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
      { name: "volumes", type: "bool", help: "Anonymous volumes as well" },
    ],
    load: () => import("../commands/prune.ts").then((module) => module.pruneSystem),
  },
  {
    paths: ["install"],
    section: "commands",
    summary: "Install this executable and a systemd unit that runs the engine",
    usage: "[OPTIONS]",
    operands: { min: 0, max: 0 },
    flags: [
      { name: "prefix", type: "string", default: "/usr/local", help: "Where bin/sampan goes" },
      { name: "no-start", type: "bool", help: "Write the files, but start nothing" },
    ],
    load: () => import("../commands/install.ts").then((module) => module.install),
  },
];
