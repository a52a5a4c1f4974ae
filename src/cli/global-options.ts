// Flags before the command's name, and the environment variables behind them: which engine, which configuration.

import { chooseHost, parseEndpoint } from "../client/endpoint.ts";
import type { Endpoint, TlsSettings } from "../client/endpoint.ts";
import type { Env } from "./command.ts";
import { textSetting } from "./config-file.ts";
import type { ConfigFile } from "./config-file.ts";
import { CommandError } from "./failure.ts";
import type { Flags } from "./flags.ts";

/** The context of -H, of the environment, or of the usual address: never stored. */
export const defaultContext = "default";

export function configDirectory(flags: Flags, env: Env): string {
  return flags.text("config") || env["DOCKER_CONFIG"] || `${env["HOME"] ?? "/root"}/.docker`;
}

export type Address = { readonly endpoint: Endpoint; readonly contextName: string };

export type AddressOptions = {
  readonly directory: string;
  readonly config: ConfigFile;
  /** The usual address, instead of an error, where a context cannot be read. */
  readonly orDefault: boolean;
};

/**
 * --context, -H, DOCKER_HOST and its like, DOCKER_CONTEXT, the current context of config.json: the first that is there.
 *
 * @throws BadEndpointError, CommandError
 */
export async function chooseAddress(
  flags: Flags,
  env: Env,
  { directory, config, orDefault }: AddressOptions,
): Promise<Address> {
  const name = contextName(flags, env, config);
  if (name === defaultContext) {
    const [host] = flags.list("host");
    const endpoint = parseEndpoint(chooseHost(host, env), await tlsSettings(flags, env));
    return { endpoint, contextName: name };
  }
  const { contextTls, readContext } = await import("./contexts.ts");
  try {
    const meta = await readContext(directory, name);
    const host = meta.Endpoints.docker?.Host || chooseHost(undefined, {});
    return { endpoint: parseEndpoint(host, await contextTls(directory, meta)), contextName: name };
  } catch (err) {
    if (!(err instanceof CommandError)) throw err;
    if (orDefault) return { endpoint: parseEndpoint(chooseHost(undefined, env)), contextName: name };
    throw new CommandError(`Failed to initialize: unable to resolve sampan endpoint: ${err.message}`);
  }
}

function contextName(flags: Flags, env: Env, config: ConfigFile): string {
  const hosts = flags.list("host");
  if (hosts.length > 1) throw new CommandError("specify only one -H");
  const asked = flags.text("context");
  if (asked !== "" && hosts.length > 0)
    throw new CommandError("conflicting options: cannot specify both --host and --context");
  if (asked !== "") return asked;
  if (hosts.length > 0 || env["SAMPAN_HOST"] || env["DOCKER_HOST"]) return defaultContext;
  return env["DOCKER_CONTEXT"] || textSetting(config, "currentContext") || defaultContext;
}

/** `--tlsverify`, `--tls` and their variables; undefined when TLS is not asked for. */
async function tlsSettings(flags: Flags, env: Env): Promise<TlsSettings | undefined> {
  const verify = flags.given("tlsverify") ? flags.bool("tlsverify") : Boolean(env["DOCKER_TLS_VERIFY"]);
  if (!verify && !flags.bool("tls") && !env["DOCKER_TLS"]) return undefined;
  const directory = env["DOCKER_CERT_PATH"] || configDirectory(flags, env);
  const read = async (flag: string, file: string): Promise<string | undefined> => {
    const path = flags.text(flag) || `${directory}/${file}`;
    const source = Bun.file(path);
    if (await source.exists()) return await source.text();
    if (flags.given(flag))
      throw new CommandError(`could not read TLS file ${path}: no such file or directory`);
    return undefined;
  };
  const [ca, cert, key] = await Promise.all([
    read("tlscacert", "ca.pem"),
    read("tlscert", "cert.pem"),
    read("tlskey", "key.pem"),
  ]);
  return { verify, ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
}
