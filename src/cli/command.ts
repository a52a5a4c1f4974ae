// What a command is: the shape of the one table that parsing, help and dispatch are made from.

import type { EngineClient } from "../client/engine-client.ts";
import type { ConfigFile, ConfigStore } from "./config-file.ts";
import type { Flags } from "./flags.ts";
import type { Streams } from "./streams.ts";

/**
 * How a flag's value is read:
 * - bool: `--x`, `--x=false`, never the next word
 * - list: repeated, each as it stands; strings: repeated and split at commas
 * - map: repeated KEY=VALUE
 * - bytes: "512m" -> bytes; swap-bytes: the same, or -1
 * - cpus: "1.5" -> 1,500,000,000 billionths of a CPU
 * - duration: "1m30s" -> nanoseconds
 * - filter: repeated KEY=VALUE, made into the API's filters
 */
export type FlagType =
  | "bool"
  | "string"
  | "int"
  | "uint16"
  | "list"
  | "strings"
  | "map"
  | "bytes"
  | "swap-bytes"
  | "cpus"
  | "duration"
  | "filter";

export type Flag = {
  readonly name: string;
  readonly short?: string;
  readonly type: FlagType;
  readonly help: string;
  /** What help calls the value, when the type's own name is not it. */
  readonly value?: string;
  /** The value when the flag is not given, as it would be typed; help shows it. */
  readonly default?: string;
  /** Accepted, but not shown: old spellings and what cannot work on Linux. */
  readonly hidden?: true;
  /** Known, so that it is refused for what it is: other engines have it, this one does not. */
  readonly only?: "windows" | "experimental";
  /** The flag whose old spelling this is. */
  readonly aliasOf?: string;
  /** Printed to stderr when an old spelling is used. */
  readonly deprecated?: string;
  /**
   * Values that name a file of the user's machine: all of them, or those that match. A command that runs elsewhere on
   * the user's behalf refuses them, instead of taking a file of that other machine.
   */
  readonly file?: true | RegExp;
  /** Values that logs must not show: whole, or behind a "=". */
  readonly secret?: "value" | "after=";
};

export type Section = "common" | "commands" | "management";

export type Env = Readonly<Record<string, string | undefined>>;

/** All that a command knows of the world: it asks no globals of the process. */
export type Context = Streams & {
  readonly env: Env;
  /** Made, not connected: a command that fails on its arguments never opens a socket. */
  readonly client: EngineClient;
  /** `--config`, DOCKER_CONFIG or ~/.docker: where the user's contexts lie. */
  readonly configDirectory: string;
  readonly config: ConfigFile;
  /** Where `config` is kept. */
  readonly configStore: ConfigStore;
  /** The name of the engine's address among the user's contexts. */
  readonly contextName: string;
};

/** Returns the exit code. */
export type Handler = (context: Context, flags: Flags, operands: readonly string[]) => Promise<number>;

export type Command = {
  /** Every way to call it, as help lists them: ["container ls", "container list", "container ps", "ps"]. */
  readonly paths: readonly string[];
  /** Where the top-level help shows it (under its one-word path). */
  readonly section?: Section;
  readonly summary: string;
  /** What its own page says instead of the summary. */
  readonly about?: string;
  /** What follows the name in the usage line. */
  readonly usage: string;
  /** How many operands it takes; no `max`: any number from `min` on. */
  readonly operands: { readonly min: number; readonly max?: number };
  /** Everything from the first operand on belongs to the operand (run, exec, create, top). */
  readonly stopAtOperand?: true;
  /** Not in help pages and documents. */
  readonly hidden?: true;
  /** What its operands name, for completion. */
  readonly names?: "container" | "image" | "network" | "volume" | "context";
  /** It works without an engine's address: a context that cannot be read does not stop it. */
  readonly withoutEngine?: true;
  /** It is about the user's own machine, and makes no sense where that is another one. */
  readonly ownMachine?: true;
  /** The first operand that names a file of the user's machine. */
  readonly fileOperand?: (operands: readonly string[]) => string | undefined;
  readonly flags: readonly Flag[];
  readonly examples?: readonly string[];
  /** Errors of this command end with 125 and name the program, as `run` does, whose exit codes belong to the container. */
  readonly containerExitCodes?: true;
  /** Loads the code on first use, so that a start pays only for the command it runs. */
  readonly load: () => Promise<Handler>;
};

/** A word that has commands below it: container, image, system. */
export type Group = {
  readonly name: string;
  readonly summary: string;
  /** What Docker prints after its name where a command below it is unknown. */
  readonly usage?: string;
};
