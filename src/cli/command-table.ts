// The one table of commands: parsing, help, dispatch, completion and documents are made from it.

import type { Command, Flag, Group } from "./command.ts";
import { containerCommands } from "./table/container-commands.ts";
import { containerDataCommands } from "./table/container-data-commands.ts";
import { contextCommands } from "./table/context-commands.ts";
import { graphCommands } from "./table/graph-commands.ts";
import { imageCommands } from "./table/image-commands.ts";
import { networkCommands } from "./table/network-commands.ts";
import { registryCommands } from "./table/registry-commands.ts";
import { systemCommands } from "./table/system-commands.ts";
import { volumeCommands } from "./table/volume-commands.ts";

export const commands: readonly Command[] = [
  ...containerCommands,
  ...containerDataCommands,
  ...imageCommands,
  ...registryCommands,
  ...graphCommands,
  ...networkCommands,
  ...volumeCommands,
  ...systemCommands,
  ...contextCommands,
];

export const groups: readonly Group[] = [
  { name: "builder", summary: "Manage builds" },
  { name: "container", summary: "Manage containers" },
  { name: "context", summary: "Manage contexts" },
  { name: "graph", summary: "Look after the image store on the disk" },
  { name: "image", summary: "Manage images" },
  { name: "manifest", summary: "Lists of images for several machines" },
  { name: "network", summary: "Manage networks" },
  { name: "system", summary: "Manage the engine" },
  { name: "volume", summary: "Manage volumes", usage: "COMMAND" },
];

/** Flags before the command's name. */
export const globalFlags: readonly Flag[] = [
  { name: "config", type: "string", help: "Directory of the client's configuration" },
  { name: "context", short: "c", type: "string", help: "Name of the context whose engine is meant" },
  { name: "debug", short: "D", type: "bool", help: "Show the chain of causes of an error" },
  { name: "host", short: "H", type: "list", help: "Address of the engine (unix://PATH, tcp://HOST:PORT)" },
  { name: "log-level", short: "l", type: "string", default: "info", help: "", hidden: true },
  { name: "tls", type: "bool", help: "Use TLS; implied by --tlsverify" },
  { name: "tlscacert", type: "string", help: "Trust certificates signed by this CA only" },
  { name: "tlscert", type: "string", help: "File of the client's TLS certificate" },
  { name: "tlskey", type: "string", help: "File of the client's TLS key" },
  { name: "tlsverify", type: "bool", help: "Use TLS and verify the engine's certificate" },
  { name: "version", short: "v", type: "bool", help: "Print version information and quit" },
];

export type Found =
  | {
      readonly kind: "command";
      readonly command: Command;
      readonly path: string;
      readonly rest: readonly string[];
    }
  | { readonly kind: "group"; readonly group: Group; readonly rest: readonly string[] }
  | { readonly kind: "unknown"; readonly word: string; readonly group?: Group };

/** Finds the command that the words begin with. `words` is not empty. */
export function findCommand(words: readonly string[]): Found {
  const [first = "", second] = words;
  const group = groups.find((candidate) => candidate.name === first);
  if (group === undefined) {
    const command = commands.find((candidate) => candidate.paths.includes(first));
    if (command === undefined) return { kind: "unknown", word: first };
    return { kind: "command", command, path: first, rest: words.slice(1) };
  }
  if (second === undefined || second.startsWith("-")) return { kind: "group", group, rest: words.slice(1) };
  const path = `${first} ${second}`;
  const command = commands.find((candidate) => candidate.paths.includes(path));
  if (command === undefined) return { kind: "unknown", word: second, group };
  const main = command.paths.find((candidate) => candidate.startsWith(`${first} `)) ?? path;
  return { kind: "command", command, path: main, rest: words.slice(2) };
}
