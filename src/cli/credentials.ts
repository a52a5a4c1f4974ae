// Who the user is to a registry: kept in the client's config.json, where Docker's client keeps it (`auths`, base64).

import { chmod, mkdir, rename } from "node:fs/promises";
import type { Context } from "./command.ts";
import type { ConfigFile } from "./config-file.ts";
import { credentialsFromHelper, eraseInHelper, helperOf, storeInHelper } from "./credential-helpers.ts";

export type Credentials = {
  readonly username: string;
  readonly password: string;
  readonly serveraddress: string;
  readonly identitytoken?: string;
  /** As 2013's registry asked for one; kept, and of no use today. */
  readonly email?: string;
};

/** What Docker's files call the registry that a name without one means. */
export const hubAddress = "https://index.docker.io/v1/";

type Entry = { readonly auth?: string; readonly identitytoken?: string; readonly email?: string };

function authsOf(config: ConfigFile): Readonly<Record<string, Entry>> {
  const auths = config["auths"];
  return typeof auths === "object" && auths !== null ? (auths as Record<string, Entry>) : {};
}

/** The user's credentials for a registry, from a helper or from the file; undefined without any. */
export async function findCredentials(config: ConfigFile, server: string): Promise<Credentials | undefined> {
  const helper = helperOf(config, server);
  return helper === undefined
    ? credentialsInFile(config, server)
    : await credentialsFromHelper(helper, server);
}

function credentialsInFile(config: ConfigFile, server: string): Credentials | undefined {
  const entry = authsOf(config)[server];
  if (entry === undefined) return undefined;
  const [username = "", ...password] = Buffer.from(entry.auth ?? "", "base64")
    .toString("utf8")
    .split(":");
  return {
    username,
    password: password.join(":"),
    serveraddress: server,
    ...(entry.identitytoken && { identitytoken: entry.identitytoken }),
    ...(entry.email && { email: entry.email }),
  };
}

/** The registry of an image's name: its first part, where that looks like a host. */
export function registryOf(image: string): string {
  const [first = "", rest] = image.split("/", 2);
  return rest !== undefined && (/[.:]/.test(first) || first === "localhost") ? first : hubAddress;
}

/** The header by which a request carries credentials: base64url of JSON. */
export async function authHeader(config: ConfigFile, image: string): Promise<string> {
  const found = await findCredentials(config, registryOf(image));
  return Buffer.from(JSON.stringify(found ?? {})).toString("base64url");
}

/** @param entry undefined to forget the registry. */
export async function storeCredentials(
  { config, configStore }: Context,
  server: string,
  entry: Credentials | undefined,
): Promise<void> {
  const helper = helperOf(config, server);
  if (helper !== undefined) {
    if (entry === undefined) await eraseInHelper(helper, server);
    else await storeInHelper(helper, entry);
  }
  const { [server]: _before, ...others } = authsOf(config);
  // With a helper the file keeps only that there is an entry, as docker's client does.
  const stored: Entry | undefined =
    entry && helper !== undefined
      ? {}
      : entry && {
          auth: Buffer.from(`${entry.username}:${entry.password}`).toString("base64"),
          ...(entry.identitytoken && { identitytoken: entry.identitytoken }),
          ...(entry.email && { email: entry.email }),
        };
  await configStore.write({
    ...config,
    auths: stored === undefined ? others : { ...others, [server]: stored },
  });
}

/** Whole or not at all, readable for the user only. */
export async function writeConfigFile(directory: string, config: ConfigFile): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const path = `${directory}/config.json`;
  const temp = `${path}.${process.pid}`;
  await Bun.write(temp, JSON.stringify(config, undefined, "\t"));
  await chmod(temp, 0o600);
  await rename(temp, path);
}
