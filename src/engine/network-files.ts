// hostname, hosts and resolv.conf of one container on this host, made anew at every start and, with its networks, the hosts.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hasCode } from "../base/errors.ts";
import {
  extraHosts,
  hostEntries,
  hostsFile,
  ownNames,
  resolvConf,
  wantedDns,
  type NamePlace,
} from "../containers/network-files.ts";
import type { Attachment, ContainerRecord } from "../containers/record.ts";
import { hostResolvConf } from "../resolver/resolv-conf.ts";
import type { Engine } from "./engine.ts";
import { linkedHosts } from "./links.ts";
import { addressesOf, type Sandbox } from "./sandbox.ts";
import { namePlaceOf } from "./way-to-names.ts";

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
  const { config } = record;
  const isolated = sandbox.namespace.kind !== "host";
  const files = networkFilesOf(engine.containers.folder(record.id));
  writeFileSync(files.hostname, `${config.Hostname}\n`, { mode: 0o644 });
  if (isolated) writeHosts(engine, record, sandbox.attachments);
  else {
    const hosts = readIfThere("/etc/hosts") + hostsFile(extraHostsOf(engine, record), [], []);
    writeFileSync(files.hosts, hosts, { mode: 0o644 });
  }
  const text = resolvConfOf(
    engine,
    record,
    isolated ? namePlaceOf(engine, sandbox.attachments) : { kind: "host" },
  );
  writeFileSync(files.resolvConf, text, { mode: 0o644 });
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
  const named = extraHostsOf(engine, record);
  const host = own.length > 0 ? hostEntries(hostGateway(engine), named) : [];
  const extra = [...named, ...host, ...linkedHosts(engine, record)];
  const { hosts } = networkFilesOf(engine.containers.folder(record.id));
  writeFileSync(hosts, hostsFile(extra, own), { mode: 0o644 });
}

/** After networks came or went. A file that the container has changed stays as it is, as Docker has it. */
export function rewriteResolvConf(
  engine: Engine,
  record: ContainerRecord,
  before: readonly Attachment[],
  after: readonly Attachment[],
): void {
  const path = networkFilesOf(engine.containers.folder(record.id)).resolvConf;
  if (readFileSync(path, "utf8") !== resolvConfOf(engine, record, namePlaceOf(engine, before))) return;
  writeFileSync(path, resolvConfOf(engine, record, namePlaceOf(engine, after)));
}

function resolvConfOf(engine: Engine, { hostConfig }: ContainerRecord, place: NamePlace): string {
  return resolvConf(hostResolvConf(), wantedDns(hostConfig, engine.config.dns), place);
}

function extraHostsOf(engine: Engine, { hostConfig }: ContainerRecord): ReturnType<typeof extraHosts> {
  return extraHosts(hostConfig.ExtraHosts ?? [], hostGateway(engine));
}

/** The host's address on the default network, on whichever network the container is: Docker's choice too. */
function hostGateway({ networks }: Engine): string | undefined {
  return networks.defaultBridge.pools.find(({ subnet }) => !subnet.includes(":"))?.gateway;
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (err) {
    if (hasCode(err, "ENOENT")) return "";
    throw err;
  }
}
