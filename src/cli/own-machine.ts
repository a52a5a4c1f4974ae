// The usual place of command lines: the user's machine, with config.json, contexts, plugins, and an engine somewhere.

import { EngineClient } from "../client/engine-client.ts";
import type { Env } from "./command.ts";
import { globalFlags } from "./command-table.ts";
import { readConfigFile, textsSetting } from "./config-file.ts";
import type { Flags } from "./flags.ts";
import { chooseAddress, configDirectory } from "./global-options.ts";
import type { Place } from "./place.ts";

export const ownMachine: Place = {
  globalFlags,
  hasUsersFiles: true,
  configStore: (options, env) => {
    const directory = configDirectory(options, env);
    return {
      place: `${directory}/config.json`,
      read: () => readConfigFile(directory),
      write: async (config) => (await import("./credentials.ts")).writeConfigFile(directory, config),
    };
  },
  engine: async (options, env, { config, orDefault }) => {
    const directory = configDirectory(options, env);
    const { endpoint, contextName } = await chooseAddress(options, env, { directory, config, orDefault });
    const headers = textsSetting(config, "HttpHeaders");
    const client = new EngineClient(endpoint, env["DOCKER_API_VERSION"], headers);
    return { client, contextName, configDirectory: directory };
  },
  plugin: runPlugin,
};

/** Does not come back when there is such a plugin: this process becomes it. */
async function runPlugin(name: string, words: readonly string[], options: Flags, env: Env): Promise<void> {
  const { becomePlugin, findPlugin } = await import("./plugin.ts");
  const directory = configDirectory(options, env);
  const plugin = await findPlugin(name, directory);
  if (plugin === undefined) return;
  const { config } = await readConfigFile(directory);
  const { endpoint } = await chooseAddress(options, env, { directory, config, orDefault: false });
  becomePlugin(plugin, [name, ...words], { ...env, DOCKER_CONFIG: directory, DOCKER_HOST: endpoint.url });
}
