// hostname, hosts and resolv.conf of one container on this host, made anew at every start and, with its networks, the hosts.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { extraHosts, hostsFile, ownNames, resolvConf } from "../containers/network-files.ts";
import type { Attachment, ContainerRecord } from "../containers/record.ts";
import type { Engine } from "./engine.ts";
import { linkedHosts } from "./links.ts";
import { addressesOf, type Sandbox } from "./sandbox.ts";

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
  const dns = { servers: hostConfig.Dns, search: hostConfig.DnsSearch, options: hostConfig.DnsOptions };
  const files = networkFilesOf(engine.containers.folder(record.id));
  writeFileSync(files.hostname, `${config.Hostname}\n`, { mode: 0o644 });
  if (isolated) writeHosts(engine, record, sandbox.attachments);
  else {
    const hosts = readIfThere("/etc/hosts") + hostsFile(extraHostsOf(engine, record), [], []);
    writeFileSync(files.hosts, hosts, { mode: 0o644 });
  }
  writeFileSync(files.resolvConf, resolvConf(readIfThere("/etc/resolv.conf"), dns, isolated), {
    mode: 0o644,
  });
  return files;
}

/** Writes into the file that is there: a running container has it mounted. */
export function writeHosts(
  engine: Engine,
  record: ContainerRecord,
  attachments: readonly Attachment[],
): void {
  const names = ownNames(record.config.Hostname, record.config.Domainname);
  const own = attachments
    .flatMap(({ endpoint }) => addressesOf(endpoint))
    .map((address) => ({ address, names }));
  const extra = [...extraHostsOf(engine, record), ...linkedHosts(engine, record)];
  const { hosts } = networkFilesOf(engine.containers.folder(record.id));
  writeFileSync(hosts, hostsFile(extra, own), { mode: 0o644 });
}

function extraHostsOf({ networks }: Engine, { hostConfig }: ContainerRecord): ReturnType<typeof extraHosts> {
  const gateway = networks.defaultBridge.pools.find(({ subnet }) => !subnet.includes(":"))?.gateway;
  return extraHosts(hostConfig.ExtraHosts ?? [], gateway);
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (err) {
    if (err instanceof Error && "code" in err && err.code === "ENOENT") return "";
    throw err;
  }
}
