// The commands about volumes.

import type { Command } from "../command.ts";
import { filterFlag, forceFlag, inspectFormatFlag, longFilterFlag, tableFormatFlag } from "./shared-flags.ts";

const noOperands = { min: 0, max: 0 };

export const volumeCommands: readonly Command[] = [
  {
    paths: ["volume create"],
    summary: "Create a volume",
    usage: "[OPTIONS] [VOLUME]",
    operands: { min: 0, max: 1 },
    flags: [
      { name: "driver", short: "d", type: "string", default: "local", help: "Driver of the volume" },
      { name: "label", type: "list", help: "Set a label (KEY=VALUE)" },
      { name: "name", type: "string", help: "", hidden: true },
      { name: "opt", short: "o", type: "map", help: "Option of the driver (KEY=VALUE)" },
    ],
    examples: ["sampan volume create --label team=web data"],
    load: () => import("../commands/volumes.ts").then((module) => module.create),
  },
  {
    paths: ["volume inspect"],
    summary: "Display detailed information on one or more volumes",
    usage: "[OPTIONS] VOLUME [VOLUME...]",
    operands: { min: 1 },
    names: "volume",
    flags: [inspectFormatFlag],
    load: () => import("../commands/inspect.ts").then((module) => module.inspectVolumes),
  },
  {
    paths: ["volume ls", "volume list"],
    summary: "List volumes",
    usage: "[OPTIONS]",
    operands: noOperands,
    flags: [
      filterFlag,
      tableFormatFlag,
      { name: "quiet", short: "q", type: "bool", help: "Show names only" },
    ],
    load: () => import("../commands/volumes.ts").then((module) => module.listAllVolumes),
  },
  {
    paths: ["volume prune"],
    summary: "Remove unused local volumes",
    usage: "[OPTIONS]",
    operands: noOperands,
    flags: [
      { name: "all", short: "a", type: "bool", help: "All unused volumes, not only anonymous ones" },
      longFilterFlag,
      forceFlag,
    ],
    load: () => import("../commands/prune.ts").then((module) => module.pruneVolumes),
  },
  {
    paths: ["volume rm", "volume remove"],
    summary: "Remove one or more volumes",
    about: "Remove one or more volumes. You cannot remove a volume that is in use by a container.",
    usage: "[OPTIONS] VOLUME [VOLUME...]",
    operands: { min: 1 },
    names: "volume",
    flags: [{ name: "force", short: "f", type: "bool", help: "No failure when it is not there" }],
    load: () => import("../commands/volumes.ts").then((module) => module.remove),
  },
];
