// Plugins of Docker's client: programs named docker-NAME in known folders, which `docker NAME` runs (compose, buildx).

import { access, constants } from "node:fs/promises";
import type { Env } from "./command.ts";

/** After the user's own, the folders in which packages put them. */
const sharedFolders = [
  "/usr/local/lib/docker/cli-plugins",
  "/usr/local/libexec/docker/cli-plugins",
  "/usr/lib/docker/cli-plugins",
  "/usr/libexec/docker/cli-plugins",
];

/** Path of the plugin that is called so; undefined when there is none. */
export async function findPlugin(name: string, configDirectory: string): Promise<string | undefined> {
  if (!/^[a-z][a-z0-9]*$/.test(name)) return undefined;
  for (const folder of [`${configDirectory}/cli-plugins`, ...sharedFolders]) {
    const path = `${folder}/docker-${name}`;
    const found = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return path;
  }
  return undefined;
}

/** This process becomes the plugin: terminal, signals and exit code are its own. */
export function becomePlugin(path: string, words: readonly string[], env: Env): never {
  const set = Object.entries(env).filter((pair): pair is [string, string] => pair[1] !== undefined);
  process.execve?.(path, [path, ...words], Object.fromEntries(set));
  throw new Error(`${path} could not be executed`);
}
