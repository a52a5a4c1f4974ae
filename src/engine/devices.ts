// Device nodes of this machine, looked up for the runtime specification.
import { readdirSync, statSync } from "node:fs";
import type { Stats } from "node:fs";
import { join } from "node:path";
import { InvalidParameterError } from "../base/errors.ts";
import type { ResolvedDevice, ResolvedDevices } from "../runtime/oci-spec/spec-input.ts";
import type { DeviceMapping, HostConfig } from "../spec/docker.ts";

/** Nodes for `--device` (a folder stands for all devices in it), or for every device of the host when privileged. */
export function resolveDevices(hostConfig: HostConfig): ResolvedDevices {
  const nodes = hostConfig.Privileged
    ? devicesBelow("/dev", "/dev", "rwm")
    : hostConfig.Devices.flatMap(resolveMapping);
  const throttled = [
    ...hostConfig.BlkioWeightDevice,
    ...hostConfig.BlkioDeviceReadBps,
    ...hostConfig.BlkioDeviceWriteBps,
    ...hostConfig.BlkioDeviceReadIOps,
    ...hostConfig.BlkioDeviceWriteIOps,
  ];
  return { nodes, blockDevices: new Map(throttled.map(({ Path }) => [Path, numbersOf(statDevice(Path))])) };
}

function resolveMapping(mapping: DeviceMapping): ResolvedDevice[] {
  const { PathOnHost, CgroupPermissions } = mapping;
  const inContainer = mapping.PathInContainer || PathOnHost;
  const access = CgroupPermissions || "rwm";
  const stats = statDevice(PathOnHost);
  if (stats.isDirectory()) return devicesBelow(PathOnHost, inContainer, access);
  const device = deviceOf(stats, inContainer, access);
  if (!device)
    throw new InvalidParameterError(
      `error gathering device information while adding custom device "${PathOnHost}": not a device node`,
    );
  return [device];
}

/** Terminals, shared memory and queues are the container's own, so these folders of /dev stay out (as in dockerd). */
const ownFolders = new Set(["pts", "shm", "fd", "mqueue", ".lxc", ".lxd-mounts", ".udev"]);

function devicesBelow(folder: string, inContainer: string, access: string): ResolvedDevice[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    const target = join(inContainer, entry.name);
    if (entry.isDirectory()) return ownFolders.has(entry.name) ? [] : devicesBelow(path, target, access);
    if (!entry.isCharacterDevice() && !entry.isBlockDevice()) return [];
    if (entry.name === "console" || entry.name === "ptmx") return [];
    const stats = statSync(path, { throwIfNoEntry: false }); // a device may be unplugged meanwhile
    return stats ? (deviceOf(stats, target, access) ?? []) : [];
  });
}

function deviceOf(stats: Stats, path: string, access: string): ResolvedDevice | undefined {
  const type = stats.isCharacterDevice() ? "c" : stats.isBlockDevice() ? "b" : undefined;
  if (type === undefined) return undefined;
  const { mode, uid, gid } = stats;
  return { path, type, ...numbersOf(stats), fileMode: mode & 0o7777, uid, gid, access };
}

function statDevice(path: string): Stats {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats) return stats;
  throw new InvalidParameterError(
    `error gathering device information while adding custom device "${path}": no such file or directory`,
  );
}

/** makedev(3) undone: glibc's 64-bit layout. */
function numbersOf({ rdev }: Stats): { readonly major: number; readonly minor: number } {
  const device = BigInt(rdev);
  return {
    major: Number(((device >> 8n) & 0xfffn) | ((device >> 32n) & ~0xfffn)),
    minor: Number((device & 0xffn) | ((device >> 12n) & ~0xffn)),
  };
}
