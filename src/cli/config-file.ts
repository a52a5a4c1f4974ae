// The user's configuration of the client, ~/.docker/config.json: as much of it as is heeded.

import { hasCode } from "../base/errors.ts";

export type ConfigFile = Readonly<Record<string, unknown>>;

/** Where a user's configuration is kept: config.json, or what stands for it where the user has no files. */
export type ConfigStore = {
  /** As users know it, for messages. */
  readonly place: string;
  readonly read: () => Promise<ReadConfig>;
  /** Whole or not at all. */
  readonly write: (config: ConfigFile) => Promise<void>;
};

export type ReadConfig = { readonly config: ConfigFile; readonly warning?: string };

/** Empty without the file; a file that cannot be read is no reason to stop, but is said. */
export async function readConfigFile(directory: string): Promise<ReadConfig> {
  const path = `${directory}/config.json`;
  let text: string;
  try {
    text = await readText(path);
  } catch (err) {
    if (hasCode(err, "ENOENT", "ENOTDIR")) return { config: {} };
    return { config: {}, warning: `WARNING: Error loading config file: ${messageOf(err)}\n` };
  }
  try {
    const value: unknown = JSON.parse(text);
    return { config: typeof value === "object" && value !== null ? (value as ConfigFile) : {} };
  } catch (err) {
    return { config: {}, warning: `WARNING: Error parsing config file (${path}): ${messageOf(err)}\n` };
  }
}

/**
 * Mapped, because every command waits for it: importing node:fs costs 1 ms of start-up, and `Bun.file` starts threads for
 * 1.5. Who writes it replaces it; a file cut short in place within these microseconds would end us. What is empty, a
 * device, or of /proc cannot be mapped.
 */
async function readText(path: string): Promise<string> {
  try {
    return new TextDecoder().decode(Bun.mmap(path));
  } catch (err) {
    if (hasCode(err, "EINVAL", "ENODEV")) return await Bun.file(path).text();
    throw err;
  }
}

function messageOf(err: unknown): string {
  return err instanceof Error ? err.message : String(err);
}

/** A setting that is a text; "" where it is missing or something else. */
export function textSetting(config: ConfigFile, name: string): string {
  const value = config[name];
  return typeof value === "string" ? value : "";
}

/** A setting that maps names to texts. */
export function textsSetting(config: ConfigFile, name: string): Readonly<Record<string, string>> {
  const value = config[name];
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(
    Object.entries(value).filter((pair): pair is [string, string] => typeof pair[1] === "string"),
  );
}

/** Keys below `proxies`, and the variables that they set, in both spellings. */
const proxyKeys = {
  httpProxy: "HTTP_PROXY",
  httpsProxy: "HTTPS_PROXY",
  noProxy: "NO_PROXY",
  ftpProxy: "FTP_PROXY",
  allProxy: "ALL_PROXY",
} as const;

/** What containers are told of the user's proxies: those for this engine's address, else the default ones. */
export function proxyVariables(config: ConfigFile, host: string): Readonly<Record<string, string>> {
  const proxies = config["proxies"];
  if (typeof proxies !== "object" || proxies === null) return {};
  const perHost = proxies as ConfigFile;
  const chosen = textsSetting(perHost, perHost[host] === undefined ? "default" : host);
  const pairs = Object.entries(proxyKeys).flatMap(([key, variable]) => {
    const value = chosen[key];
    return value ? [[variable, value] as const, [variable.toLowerCase(), value] as const] : [];
  });
  return Object.fromEntries(pairs);
}
