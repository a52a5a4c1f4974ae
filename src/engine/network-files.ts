// hostname, hosts and resolv.conf of one container on this host, made anew at every start.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { extraHosts, hostsFile, ownNames, resolvConf } from "../containers/network-files.ts";
import type { ContainerRecord } from "../containers/record.ts";
import type { Engine } from "./engine.ts";
import type { Sandbox } from "./sandbox.ts";

export type NetworkFiles = { readonly hostname: string; readonly hosts: string; readonly resolvConf: string };

export function networkFilesOf(containerFolder: string): NetworkFiles {
  return {
    hostname: join(containerFolder, "hostname"),
    hosts: join(containerFolder, "hosts"),
    resolvConf: join(containerFolder, "resolv.conf"),
  };
}

/** In the host's network a container sees the host's names and servers; in one of its own, what is made for it. */
export function writeNetworkFiles(engine: Engine, record: ContainerRecord, sandbox: Sandbox): NetworkFiles {
  const { config, hostConfig } = record;
  const isolated = sandbox.namespace.kind !== "host";
  const names = ownNames(config.Hostname, config.Domainname);
  const own = sandbox.address === undefined ? undefined : { address: sandbox.address, names };
  const dns = { servers: hostConfig.Dns, search: hostConfig.DnsSearch, options: hostConfig.DnsOptions };
  const extra = extraHosts(hostConfig.ExtraHosts ?? [], engine.network.record.gateway);
  const hosts = isolated
    ? hostsFile(extra, own)
    : readIfThere("/etc/hosts") + hostsFile(extra, undefined, []);
  const files = networkFilesOf(engine.containers.folder(record.id));
  writeFileSync(files.hostname, `${config.Hostname}\n`, { mode: 0o644 });
  writeFileSync(files.hosts, hosts, { mode: 0o644 });
  writeFileSync(files.resolvConf, resolvConf(readIfThere("/etc/resolv.conf"), dns, isolated), {
    mode: 0o644,
  });
  return files;
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (err) {
    if (err instanceof Error && "code" in err && err.code === "ENOENT") return "";
    throw err;
  }
}
