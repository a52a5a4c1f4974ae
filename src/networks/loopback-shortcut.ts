// A short way from the host's 127.0.0.1 to published TCP ports, where the kernel has one (Linux 5.14, cgroup2): a program at the
// root of all cgroups answers connect(2) with the container's address (loopback-program.ts). It is in nobody's way: the
// firewall's rules for the same ports stay, serve all who do not come by connect, and all when this daemon is gone, since the
// program goes with it.
import { readFileSync } from "node:fs";
import { errorText } from "../base/errors.ts";
import type { Instance } from "../base/instance.ts";
import type { Log } from "../base/log.ts";
import { addressBytes } from "../netlink/address.ts";
import {
  attachToCgroup,
  BPF_CGROUP_INET4_CONNECT,
  BPF_CGROUP_INET4_GETPEERNAME,
  createHashMap,
  createSocketStorage,
  deleteElement,
  loadAddressProgram,
  setElement,
} from "../sys/bpf.ts";
import { closeFd } from "../sys/file.ts";
import { mountNowhere } from "../sys/mount.ts";
import { netnsCookie } from "../sys/namespace.ts";
import {
  connectProgram,
  originBytes,
  peerNameProgram,
  placeBytes,
  portKeyBytes,
} from "./loopback-program.ts";
import { isIpv6, singlePorts, type PortMapping } from "./port-mapping.ts";

export type LoopbackShortcutOptions = {
  readonly log: Log;
  readonly instance: Instance;
  /** The root of all cgroups as an open folder of cgroup2; undefined where that is not in use. */
  readonly openCgroups?: () => number | undefined;
};

/** What the kernel holds for us. */
type Opened = { readonly ports: number; readonly descriptors: readonly number[] };

export class LoopbackShortcut {
  readonly #options: LoopbackShortcutOptions;
  /** Undefined until the first port. */
  #opened: Opened | "not here" | undefined;
  /** The host's ports by container. */
  readonly #led = new Map<string, readonly number[]>();

  constructor(options: LoopbackShortcutOptions) {
    this.#options = options;
  }

  /** Leads to the container whatever of these can be led; about 2 ms when it is the first of all. Never fails. */
  lead(id: string, mappings: readonly PortMapping[]): void {
    const single = singlePorts(mappings.filter(isOnLoopback));
    if (single.length === 0) return;
    this.#opened ??= this.#open();
    if (this.#opened === "not here") return;
    const { ports } = this.#opened;
    this.#led.set(
      id,
      single.map(({ hostPort }) => hostPort),
    );
    try {
      for (const { hostPort, containerIp, containerPort } of single)
        setElement(ports, portKey(hostPort), place(containerIp, containerPort));
    } catch (err) {
      this.#options.log.warn("a container's ports have no short way from 127.0.0.1", {
        container: id,
        error: errorText(err),
      });
    }
  }

  /** Fine when there is nothing. */
  forget(id: string): void {
    const led = this.#led.get(id);
    if (led === undefined || typeof this.#opened !== "object") return;
    this.#led.delete(id);
    for (const port of led) deleteElement(this.#opened.ports, portKey(port));
  }

  /** What is connected stays so. */
  close(): void {
    if (typeof this.#opened === "object") this.#opened.descriptors.forEach(closeFd);
    this.#opened = "not here";
  }

  #open(): Opened | "not here" {
    const { log, instance, openCgroups = openCgroupRoot } = this.#options;
    const descriptors: number[] = [];
    const held = (fd: number): number => {
      descriptors.push(fd);
      return fd;
    };
    const name = (part: string): string => instance.bpfPrefix + part;
    let cgroups: number | undefined;
    try {
      cgroups = openCgroups();
      if (cgroups === undefined) return "not here";
      const shape = { keyBytes: portKeyBytes, valueBytes: placeBytes, most: 1 << 16 };
      const ports = held(createHashMap(name("ports"), shape));
      const origins = held(createSocketStorage(name("origin"), originBytes));
      const peer = peerNameProgram({ ports, origins });
      const connect = connectProgram({ ports, origins }, netnsCookie());
      // First the one that answers what the other one makes be asked.
      for (const program of [
        { name: name("peer"), attachType: BPF_CGROUP_INET4_GETPEERNAME, instructions: peer },
        { name: name("conn"), attachType: BPF_CGROUP_INET4_CONNECT, instructions: connect },
      ])
        held(attachToCgroup(held(loadAddressProgram(program)), cgroups, program.attachType));
      return { ports, descriptors };
    } catch (err) {
      descriptors.forEach(closeFd);
      log.info("no short way from 127.0.0.1 to published ports: the firewall's rules do it", {
        error: errorText(err),
      });
      return "not here";
    } finally {
      if (cgroups !== undefined) closeFd(cgroups);
    }
  }
}

/**
 * Wherever cgroup2 is mounted, if it is anywhere: crun runs on a machine with cgroup v1 and v2 where the latter is out of
 * sight. Where it is not in use its first mount would show it to everybody, in each process's list of cgroups.
 */
function openCgroupRoot(): number | undefined {
  const isInUse = readFileSync("/proc/self/cgroup", "utf8")
    .split("\n")
    .some((line) => line.startsWith("0::"));
  return isInUse ? mountNowhere("cgroup2") : undefined;
}

function isOnLoopback({ protocol, hostIp, containerIp }: PortMapping): boolean {
  return protocol === "tcp" && (hostIp === "0.0.0.0" || hostIp === "127.0.0.1") && !isIpv6(containerIp);
}

/** As connect(2) has it: the port in network order, in the first half of 32 bits. */
function portKey(port: number): Uint8Array {
  return Uint8Array.of(port >> 8, port & 0xff, 0, 0);
}

function place(address: string, port: number): Uint8Array {
  return Uint8Array.of(...addressBytes(address), ...portKey(port));
}
