// Where command lines run: on the user's own machine, in a process of its own (own-machine.ts), or in the daemon on the
// behalf of somebody at the other end of a connection.

import type { EngineClient } from "../client/engine-client.ts";
import type { Env, Flag } from "./command.ts";
import type { ConfigFile, ConfigStore } from "./config-file.ts";
import type { Flags } from "./flags.ts";

export type Place = {
  /** Flags before the command's name that mean something here. */
  readonly globalFlags: readonly Flag[];
  /** Whether paths in the command line name files that are here and the user's. */
  readonly hasUsersFiles: boolean;
  readonly configStore: (options: Flags, env: Env) => ConfigStore;
  readonly engine: (options: Flags, env: Env, settings: EngineSettings) => Promise<ReachedEngine>;
  /** For a word that is no command: does not come back when a plugin is called so. */
  readonly plugin: (name: string, words: readonly string[], options: Flags, env: Env) => Promise<void>;
};

export type EngineSettings = {
  readonly config: ConfigFile;
  /** The usual address, instead of an error, where a context cannot be read. */
  readonly orDefault: boolean;
};

export type ReachedEngine = {
  /** Made, not connected. */
  readonly client: EngineClient;
  readonly contextName: string;
  /** Where the user's contexts lie; "" where there are none. */
  readonly configDirectory: string;
};
