// The commands about contexts: named addresses of engines.

import type { Command, Flag } from "../command.ts";
import { inspectFormatFlag, tableFormatFlag } from "./shared-flags.ts";

const description: Flag = { name: "description", type: "string", help: "What the context is for" };
const docker: Flag = {
  name: "docker",
  type: "list",
  value: "stringToString",
  help: "The engine: host=ADDRESS, ca=FILE, cert=FILE, key=FILE, skip-tls-verify=true; or from=CONTEXT",
};

export const contextCommands: readonly Command[] = [
  {
    paths: ["context create"],
    summary: "Create a context",
    usage: "[OPTIONS] CONTEXT",
    operands: { min: 1, max: 1 },
    withoutEngine: true,
    ownMachine: true,
    flags: [description, docker, { name: "from", type: "string", help: "Context to copy" }],
    examples: ["sampan context create far --docker host=tcp://192.0.2.7:2375"],
    load: () => import("../commands/contexts.ts").then((module) => module.create),
  },
  {
    paths: ["context inspect"],
    summary: "Display detailed information on one or more contexts",
    usage: "[OPTIONS] [CONTEXT] [CONTEXT...]",
    operands: { min: 0 },
    withoutEngine: true,
    ownMachine: true,
    names: "context",
    flags: [inspectFormatFlag],
    load: () => import("../commands/contexts.ts").then((module) => module.inspect),
  },
  {
    paths: ["context ls", "context list"],
    summary: "List contexts",
    usage: "[OPTIONS]",
    operands: { min: 0, max: 0 },
    withoutEngine: true,
    ownMachine: true,
    flags: [tableFormatFlag, { name: "quiet", short: "q", type: "bool", help: "Show names only" }],
    load: () => import("../commands/contexts.ts").then((module) => module.list),
  },
  {
    paths: ["context rm", "context remove"],
    summary: "Remove one or more contexts",
    usage: "CONTEXT [CONTEXT...]",
    operands: { min: 1 },
    withoutEngine: true,
    ownMachine: true,
    names: "context",
    flags: [{ name: "force", short: "f", type: "bool", help: "Also the one in use" }],
    load: () => import("../commands/contexts.ts").then((module) => module.remove),
  },
  {
    paths: ["context show"],
    summary: "Print the name of the current context",
    usage: "",
    operands: { min: 0, max: 0 },
    withoutEngine: true,
    ownMachine: true,
    flags: [],
    load: () => import("../commands/contexts.ts").then((module) => module.show),
  },
  {
    paths: ["context update"],
    summary: "Update a context",
    usage: "[OPTIONS] CONTEXT",
    operands: { min: 1, max: 1 },
    withoutEngine: true,
    ownMachine: true,
    names: "context",
    flags: [description, docker],
    load: () => import("../commands/contexts.ts").then((module) => module.update),
  },
  {
    paths: ["context use"],
    summary: "Set the current docker context",
    usage: "CONTEXT",
    operands: { min: 1, max: 1 },
    withoutEngine: true,
    ownMachine: true,
    names: "context",
    flags: [],
    load: () => import("../commands/contexts.ts").then((module) => module.use),
  },
];
