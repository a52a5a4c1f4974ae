// The configuration of commands that run in the daemon: the credentials in the daemon's own `.dockercfg`, and nothing else.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { errorText } from "../base/errors.ts";
import { writeFileDurable } from "../base/durable-file.ts";
import type { ConfigFile, ConfigStore, ReadConfig } from "../cli/config-file.ts";
import { CommandError } from "../cli/failure.ts";
import { dockercfgEntry, dockercfgName, formatDockercfg, readDockercfg } from "../registry/dockercfg.ts";
import type { DockercfgEntry } from "../registry/dockercfg.ts";

/** What config.json has below `auths`. */
type Auths = Readonly<Record<string, { auth?: string; email?: string; identitytoken?: string }>>;

export function dockercfgStore(root: string): ConfigStore {
  const place = join(root, dockercfgName);
  return {
    place,
    read: () => Promise.resolve(read(place)),
    write: (config) => {
      const text = formatDockercfg(entriesOf(config));
      if (text === "") rmSync(place, { force: true });
      else writeFileDurable(place, text, { mode: 0o600 });
      return Promise.resolve();
    },
  };
}

function read(place: string): ReadConfig {
  try {
    return { config: { auths: Object.fromEntries(readDockercfg(place).map(configEntry)) } };
  } catch (err) {
    return { config: {}, warning: `WARNING: ${errorText(err)}\n` };
  }
}

function configEntry({ server, username, password, email }: DockercfgEntry): [string, Auths[string]] {
  const auth = Buffer.from(`${username}:${password}`).toString("base64");
  return [server, { auth, ...(email !== undefined && { email }) }];
}

function entriesOf(config: ConfigFile): readonly DockercfgEntry[] {
  return Object.entries((config["auths"] ?? {}) as Auths).map(
    ([server, { auth = "", email, identitytoken }]) => {
      if (identitytoken)
        throw new CommandError(`${server} gave an identity token, which .dockercfg has no place for`);
      return dockercfgEntry(server, auth, email);
    },
  );
}
