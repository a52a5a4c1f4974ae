// The user's configuration of the client, ~/.docker/config.json: as much of it as is heeded.

export type ConfigFile = Readonly<Record<string, unknown>>;

export type ReadConfig = { readonly config: ConfigFile; readonly warning?: string };

/** Empty without the file; a file that cannot be read is no reason to stop, but is said. */
export async function readConfigFile(directory: string): Promise<ReadConfig> {
  const path = `${directory}/config.json`;
  let text: string;
  try {
    text = await Bun.file(path).text();
  } catch (err) {
    if (err instanceof Error && "code" in err && (err.code === "ENOENT" || err.code === "ENOTDIR"))
      return { config: {} };
    return { config: {}, warning: `WARNING: Error loading config file: ${messageOf(err)}\n` };
  }
  try {
    const value: unknown = JSON.parse(text);
    return { config: typeof value === "object" && value !== null ? (value as ConfigFile) : {} };
  } catch (err) {
    return { config: {}, warning: `WARNING: Error parsing config file (${path}): ${messageOf(err)}\n` };
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
