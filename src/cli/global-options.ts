// Flags before the command's name, and the environment variables behind them: which engine, which configuration.

import { chooseHost, parseEndpoint } from "../client/endpoint.ts";
import type { Endpoint, TlsSettings } from "../client/endpoint.ts";
import { CommandError } from "./failure.ts";
import type { Flags } from "./flags.ts";

type Env = Readonly<Record<string, string | undefined>>;

export function configDirectory(flags: Flags, env: Env): string {
  return flags.text("config") || env["DOCKER_CONFIG"] || `${env["HOME"] ?? "/root"}/.docker`;
}

/** Throws BadEndpointError, CommandError. */
export async function chooseEndpoint(flags: Flags, env: Env): Promise<Endpoint> {
  const hosts = flags.list("host");
  if (hosts.length > 1) throw new CommandError("specify only one -H");
  return parseEndpoint(chooseHost(hosts[0], env), await tlsSettings(flags, env));
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
