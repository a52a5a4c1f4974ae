// The OCI bundle of a start: the files that the container gets from its engine, its volumes filled, and config.json.
import { mkdirSync, statSync } from "node:fs";
import { ConflictError } from "../base/errors.ts";
import { replaceFile } from "../base/replace-file.ts";
import { withDefaults } from "../containers/defaults.ts";
import type { ContainerRecord } from "../containers/record.ts";
import { cgroupsPathOf } from "../runtime/cgroup.ts";
import { runtimeSpec } from "../runtime/oci-spec/runtime-spec.ts";
import type { SharedNamespaces } from "../runtime/oci-spec/spec-input.ts";
import { resolveDevices } from "./devices.ts";
import type { MountPoint } from "../spec/docker.ts";
import type { RuntimeSpec } from "../spec/oci-runtime.ts";
import { driverOf } from "./engine.ts";
import type { Engine } from "./engine.ts";
import { joinedContainer, processOf } from "./joined-container.ts";
import { writeNetworkFiles } from "./network-files.ts";
import { containerRootfs, makeWorkingDir, userInRootfs } from "./rootfs.ts";
import type { Sandbox } from "./sandbox.ts";
import { mountSharedMemory, sharedMemoryFolder } from "./shared-memory.ts";
import { sysinitOf } from "./sysinit.ts";
import { taskFiles } from "./task-paths.ts";
import { mountSubpaths } from "./volume-subpaths.ts";
import { fillVolumes } from "./volumes.ts";

/** Files of a run need to outlive only the daemon, not the machine: nothing here is synced. */
export async function writeBundle(
  engine: Engine,
  record: ContainerRecord,
  sandbox: Sandbox,
): Promise<RuntimeSpec> {
  const { id, config } = record;
  const hostConfig = withDefaults(record.hostConfig, engine.config.defaults);
  const { dir, configFile } = taskFiles(engine.config.execRoot, id);
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const user = userInRootfs(engine, id, config.User, hostConfig.GroupAdd ?? []);
  makeWorkingDir(engine, record);
  const mounts = mountSubpaths(engine, record);
  await fillVolumes(engine, { ...record, mounts });
  const sysinit = sysinitOf(engine, record, sandbox.gateways ?? []);
  const spec = runtimeSpec({
    id,
    config,
    hostConfig,
    mounts,
    fileSources: fileSources(mounts),
    rootfs: containerRootfs(engine, id),
    files: sandbox.files ?? writeNetworkFiles(engine, record, sandbox),
    user,
    namespaces: { network: sandbox.namespace, ...otherNamespaces(engine, record) },
    ...(sandbox.hostname === undefined ? {} : { hostname: sandbox.hostname }),
    ...shmSource(engine, record),
    ...(engine.initPath === undefined ? {} : { initPath: engine.initPath }),
    ...(sysinit === undefined ? {} : { sysinit }),
    devices: resolveDevices(hostConfig),
    cgroupsPath: cgroupsPathOf(engine.instance.cgroupParent, hostConfig.CgroupParent, id),
    host: engine.machine,
  });
  // In the place of the FIFO that a runtime in waiting reads (standby.ts): never written through it.
  replaceFile(configFile, JSON.stringify(engine.filters.apply(driverOf(engine, record), spec)));
  return spec;
}

/** `--pid container:x` and `--ipc container:x` by the other container's process. */
function otherNamespaces(engine: Engine, record: ContainerRecord): Pick<SharedNamespaces, "pid" | "ipc"> {
  const path = (mode: string, kind: "pid" | "ipc"): string | undefined =>
    mode.startsWith("container:") ? `/proc/${processOf(engine, mode)}/ns/${kind}` : undefined;
  const pid = path(record.hostConfig.PidMode, "pid");
  const ipc = path(record.hostConfig.IpcMode, "ipc");
  return { ...(pid === undefined ? {} : { pid }), ...(ipc === undefined ? {} : { ipc }) };
}

/** A shareable /dev/shm lies on the host, so that others can join it. */
function shmSource(engine: Engine, record: ContainerRecord): { readonly shmSource?: string } {
  const { IpcMode } = record.hostConfig;
  if (IpcMode.startsWith("container:"))
    return { shmSource: sharedMemoryOf(engine, joinedContainer(engine, IpcMode)) };
  return IpcMode === "shareable" ? { shmSource: mountSharedMemory(engine, record) } : {};
}

/** Where it lies, whoever has made it. ConflictError in Docker's words for a container that keeps its own to itself. */
function sharedMemoryOf(engine: Engine, { id, hostConfig: { IpcMode } }: ContainerRecord): string {
  if (IpcMode === "host") return "/dev/shm";
  if (IpcMode === "shareable") return sharedMemoryFolder(engine.config.execRoot, id);
  if (IpcMode.startsWith("container:")) return sharedMemoryOf(engine, joinedContainer(engine, IpcMode));
  throw new ConflictError(
    `can't join IPC of container ${id}: non-shareable IPC (hint: use IpcMode:shareable for the donor container)`,
  );
}

function fileSources(mounts: readonly MountPoint[]): ReadonlySet<string> {
  const sources = mounts.filter(({ Type }) => Type !== "tmpfs").map(({ Source }) => Source);
  return new Set(sources.filter((source) => !statSync(source, { throwIfNoEntry: false })?.isDirectory()));
}
