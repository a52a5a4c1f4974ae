// The OCI bundle of a start: the files that the container gets from its engine, its volumes filled, and config.json.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ConflictError, InvalidParameterError, NotFoundError } from "../base/errors.ts";
import { extraHosts, hostsFile, ownNames, resolvConf } from "../containers/network-files.ts";
import type { ContainerRecord } from "../containers/record.ts";
import { isUp } from "../containers/state.ts";
import { cgroupsPathOf } from "../runtime/cgroup.ts";
import { runtimeSpec } from "../runtime/oci-spec/runtime-spec.ts";
import type { BoundFiles, SharedNamespaces } from "../runtime/oci-spec/spec-input.ts";
import { resolveDevices } from "./devices.ts";
import type { Engine } from "./engine.ts";
import { containerRootfs, makeWorkingDir, userInRootfs } from "./rootfs.ts";
import type { Sandbox } from "./sandbox.ts";
import { taskFiles } from "./task-paths.ts";
import { fillVolumes } from "./volumes.ts";

/** Files of a run need to outlive only the daemon, not the machine: nothing here is synced. */
export async function writeBundle(engine: Engine, record: ContainerRecord, sandbox: Sandbox): Promise<void> {
  const { id, config, hostConfig } = record;
  const { dir } = taskFiles(engine.config.execRoot, id);
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const user = userInRootfs(engine, id, config.User, hostConfig.GroupAdd ?? []);
  makeWorkingDir(engine, record);
  await fillVolumes(engine, record);
  const spec = runtimeSpec({
    id,
    config,
    hostConfig,
    mounts: record.mounts,
    rootfs: containerRootfs(engine, id),
    files: sandbox.files ?? writeNetworkFiles(engine, record, sandbox),
    user,
    namespaces: { network: sandbox.namespace, ...otherNamespaces(engine, record) },
    ...(sandbox.hostname === undefined ? {} : { hostname: sandbox.hostname }),
    ...shmSource(engine, record),
    ...(engine.initPath === undefined ? {} : { initPath: engine.initPath }),
    devices: resolveDevices(hostConfig),
    cgroupsPath: cgroupsPathOf(engine.instance.cgroupParent, hostConfig.CgroupParent, id),
    host: engine.machine,
  });
  if (hostConfig.Init && engine.initPath === undefined)
    throw new InvalidParameterError(
      "--init needs tini, catatonit or docker-init on this machine: none was found",
    );
  writeFileSync(join(dir, "config.json"), JSON.stringify(spec), { mode: 0o600 });
}

/** The container's own hostname, hosts and resolv.conf, made anew at every start. */
function writeNetworkFiles(engine: Engine, record: ContainerRecord, sandbox: Sandbox): BoundFiles {
  const { config, hostConfig } = record;
  const folder = engine.containers.folder(record.id);
  const isolated = sandbox.namespace.kind !== "host";
  const own =
    sandbox.address === undefined
      ? undefined
      : {
          address: sandbox.address,
          names: ownNames(config.Hostname, config.Domainname),
        };
  const dns = { servers: hostConfig.Dns, search: hostConfig.DnsSearch, options: hostConfig.DnsOptions };
  const extra = extraHosts(hostConfig.ExtraHosts ?? [], engine.network.gateway);
  const texts = {
    hostname: `${config.Hostname}\n`,
    hosts: isolated ? hostsFile(extra, own) : readHostFile("/etc/hosts") + hostsFile(extra, undefined, []),
    resolvConf: resolvConf(readHostFile("/etc/resolv.conf"), dns, isolated),
  };
  const files = networkFilesOf(folder);
  writeFileSync(files.hostname, texts.hostname, { mode: 0o644 });
  writeFileSync(files.hosts, texts.hosts, { mode: 0o644 });
  writeFileSync(files.resolvConf, texts.resolvConf, { mode: 0o644 });
  return files;
}

export function networkFilesOf(containerFolder: string) {
  return {
    hostname: join(containerFolder, "hostname"),
    hosts: join(containerFolder, "hosts"),
    resolvConf: join(containerFolder, "resolv.conf"),
  };
}

function readHostFile(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (err) {
    if (err instanceof Error && "code" in err && err.code === "ENOENT") return "";
    throw err;
  }
}

/** `--pid container:x` and `--ipc container:x` by the other container's process. */
function otherNamespaces(engine: Engine, record: ContainerRecord): Pick<SharedNamespaces, "pid" | "ipc"> {
  const path = (mode: string, kind: "pid" | "ipc"): string | undefined =>
    mode.startsWith("container:") ? `/proc/${processOf(engine, mode)}/ns/${kind}` : undefined;
  const pid = path(record.hostConfig.PidMode, "pid");
  const ipc = path(record.hostConfig.IpcMode, "ipc");
  return { ...(pid === undefined ? {} : { pid }), ...(ipc === undefined ? {} : { ipc }) };
}

/** The process of the container in `container:<ref>`; refused in Docker's words unless it runs. */
export function processOf(engine: Engine, mode: string): number {
  const other = joinedContainer(engine, mode);
  if (!isUp(other.state))
    throw new ConflictError(`cannot join network namespace of a non running container: ${other.id}`);
  return other.state.pid;
}

export function joinedContainer(engine: Engine, mode: string): ContainerRecord {
  const ref = mode.slice("container:".length);
  if (ref === "") throw new NotFoundError("No such container: ");
  return engine.containers.find(ref);
}

/** A shareable /dev/shm lies on the host, so that others can join it. */
function shmSource(engine: Engine, record: ContainerRecord): { readonly shmSource?: string } {
  const { IpcMode } = record.hostConfig;
  if (IpcMode.startsWith("container:"))
    return { shmSource: shmFolder(engine, joinedContainer(engine, IpcMode).id) };
  return IpcMode === "shareable" ? { shmSource: shmFolder(engine, record.id) } : {};
}

export function shmFolder(engine: Engine, id: string): string {
  return join(taskFiles(engine.config.execRoot, id).dir, "shm");
}
