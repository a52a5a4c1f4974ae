// Capabilities by name and number (capabilities(7)), and which of them a container gets.
import { InvalidParameterError } from "../../base/errors.ts";

/** In the order of their numbers in include/uapi/linux/capability.h. */
const names =
  "CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE"
    .split(" ")
    .map((name) => `CAP_${name}`);

const numbers: ReadonlyMap<string, number> = new Map(names.map((name, number) => [name, number]));

/** What Docker gives a container that asks for nothing. */
const defaults = new Set(
  "CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL AUDIT_WRITE"
    .split(" ")
    .map((name) => `CAP_${name}`),
);

const all = "ALL";

export type CapabilityRequest = {
  readonly CapAdd: readonly string[] | null;
  readonly CapDrop: readonly string[] | null;
  readonly Privileged: boolean;
};

/**
 * The capabilities of a container, in the order of their numbers. Those that are not `held` (a bit each) are left out:
 * nobody can give what he does not have, and a default must never fail a start.
 */
export function capabilitiesOf(request: CapabilityRequest, held: bigint): readonly string[] {
  return names.filter((name) => isWanted(name, request) && holds(held, name));
}

/** As Docker: a name that is added and dropped is there, unless all are added: then it is dropped. */
function isWanted(name: string, { CapAdd, CapDrop, Privileged }: CapabilityRequest): boolean {
  if (Privileged) return true;
  const added = capabilityNames(CapAdd);
  const dropped = capabilityNames(CapDrop);
  if (added.has(all)) return !dropped.has(name);
  if (added.has(name)) return true;
  return !dropped.has(all) && !dropped.has(name) && defaults.has(name);
}

/** `net_admin`, `NET_ADMIN` and `CAP_NET_ADMIN` are one name; InvalidParameterError for what is no capability. */
function capabilityNames(list: readonly string[] | null): ReadonlySet<string> {
  return new Set((list ?? []).map(capabilityName));
}

function capabilityName(given: string): string {
  const upper = given.toUpperCase();
  if (upper === all || upper === `CAP_${all}`) return all;
  const name = upper.startsWith("CAP_") ? upper : `CAP_${upper}`;
  if (!numbers.has(name)) throw new InvalidParameterError(`unknown capability: "${name}"`);
  return name;
}

/** Refuses names that are no capabilities, in Docker's words. */
export function checkCapabilities({ CapAdd, CapDrop }: Omit<CapabilityRequest, "Privileged">): void {
  checkList("CapAdd", CapAdd);
  checkList("CapDrop", CapDrop);
}

function checkList(field: string, list: readonly string[] | null): void {
  try {
    capabilityNames(list);
  } catch (err) {
    if (!(err instanceof InvalidParameterError)) throw err;
    throw new InvalidParameterError(`invalid ${field}: ${err.message}`);
  }
}

export function holds(held: bigint, name: string): boolean {
  const number = numbers.get(name);
  return number !== undefined && (held & (1n << BigInt(number))) !== 0n;
}

/** A bit each, as CapBnd of /proc/self/status has them. */
export function capabilityMask(given: readonly string[]): bigint {
  return given.reduce((mask, name) => mask | (1n << BigInt(numbers.get(name) ?? 63)), 0n);
}
