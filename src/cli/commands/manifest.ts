// `manifest inspect`: what a registry has under a name, as it is there. Asked for without the engine, as docker's client does.

import { realHost } from "../../base/host.ts";
import { silentLog } from "../../base/log.ts";
import { certsFolders, endpointsOf, type RegistryConfig } from "../../registry/endpoint.ts";
import { atFirstEndpoint } from "../../registry/first-endpoint.ts";
import { takeProxySettings } from "../../registry/proxy.ts";
import { Repository } from "../../registry/repository.ts";
import { Transport } from "../../registry/transport.ts";
import { parseReference, withDefaultTag } from "../../spec/reference.ts";
import type { Context } from "../command.ts";
import { findCredentials, registryOf } from "../credentials.ts";
import { CommandError } from "../failure.ts";
import type { Flags } from "../flags.ts";

export async function inspectManifest(
  context: Context,
  flags: Flags,
  operands: readonly string[],
): Promise<number> {
  const [name = ""] = operands;
  const { reference, problem } = parseReference(name);
  if (reference === undefined) throw new CommandError(problem);
  const { digest, tag = "" } = withDefaultTag(reference);
  const config: RegistryConfig = {
    mirrors: [],
    insecureRegistries: flags.bool("insecure") ? [reference.domain] : [],
    registries: {},
    certsFolders,
  };
  const found = await findCredentials(context.config, registryOf(name));
  const credentials = found && {
    username: found.username,
    password: found.password,
    ...(found.identitytoken && { identityToken: found.identitytoken }),
  };
  const transport = new Transport(config, takeProxySettings({ ...context.env }));
  const { clock } = realHost(silentLog);
  const { signal } = new AbortController();
  const manifest = await atFirstEndpoint(endpointsOf(config, reference.domain, "pull"), signal, (endpoint) =>
    new Repository({
      transport,
      clock,
      endpoint,
      path: reference.path,
      credentials,
      actions: "pull",
    }).manifest(digest ?? tag, signal),
  );
  const text = Buffer.from(manifest.bytes).toString("utf8");
  const body = JSON.parse(text) as unknown;
  if (!flags.bool("verbose")) {
    await context.stdout.write(`${JSON.stringify(body, undefined, "\t")}\n`);
    return 0;
  }
  const Descriptor = { mediaType: manifest.mediaType, digest: manifest.digest, size: manifest.bytes.length };
  const whole = {
    Ref: `${reference.domain}/${reference.path}${digest ? `@${digest}` : `:${tag}`}`,
    Descriptor,
  };
  const key = "manifests" in (body as object) ? "ManifestList" : "Manifest";
  await context.stdout.write(`${JSON.stringify({ ...whole, [key]: body }, undefined, "\t")}\n`);
  return 0;
}
