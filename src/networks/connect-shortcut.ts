// A short way from the host itself, by its own addresses, to published TCP ports, where the kernel has one (Linux 5.14, cgroup2):
// a program at the root of all cgroups answers connect(2) with the container's address (connect-program.ts). It is in nobody's
// way: the firewall's rules for the same ports stay, serve all who do not come by connect, and all when this daemon is gone,
// since the program goes with it.
import { readFileSync } from "node:fs";
import { errorText } from "../base/errors.ts";
import type { Instance } from "../base/instance.ts";
import type { Log } from "../base/log.ts";
import { addressBytes as bytesOf } from "../netlink/address.ts";
import { openAddressEvents, type AddressEvents } from "../netlink/address-events.ts";
import { listAddresses, openRtnetlink } from "../netlink/rtnetlink.ts";
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
import { addressBytes, connectProgram, originBytes, peerNameProgram, placeBytes } from "./connect-program.ts";
import { isIpv6, singlePorts, type PortMapping } from "./port-mapping.ts";

export type ConnectShortcutOptions = {
  readonly log: Log;
  readonly instance: Instance;
  /** The root of all cgroups as an open folder of cgroup2; undefined where that is not in use. */
  readonly openCgroups?: () => number | undefined;
};

/** What the kernel holds for us. */
type Opened = {
  readonly ports: number;
  readonly addresses: HostAddresses;
  readonly descriptors: readonly number[];
};

/**
 * The kernel's queue is looked at so often: one system call when there is nothing. A new address is led to no sooner. One that
 * has gone is not led to in any case, but on hosts where programs may bind to any address (ip_nonlocal_bind).
 */
const lookEveryMs = 1000;

export class ConnectShortcut {
  readonly #options: ConnectShortcutOptions;
  /** Undefined until the first port. */
  #opened: Opened | "not here" | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Keys of the host's ports by container. */
  readonly #led = new Map<string, readonly Uint8Array[]>();

  constructor(options: ConnectShortcutOptions) {
    this.#options = options;
  }

  /** Leads to the container whatever of these can be led; about 2 ms when it is the first of all. Never fails. */
  lead(id: string, mappings: readonly PortMapping[]): void {
    const single = singlePorts(mappings.filter(canBeLed));
    if (single.length === 0) return;
    this.#opened ??= this.#open();
    if (this.#opened === "not here") return;
    const { ports } = this.#opened;
    const led = single.map((mapping) => ({ key: place(mapping.hostIp, mapping.hostPort), mapping }));
    this.#led.set(
      id,
      led.map(({ key }) => key),
    );
    try {
      for (const { key, mapping } of led)
        setElement(ports, key, place(mapping.containerIp, mapping.containerPort));
    } catch (err) {
      this.#options.log.warn("a container's ports have no short way from the host", {
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
    for (const key of led) deleteElement(this.#opened.ports, key);
  }

  /** What is connected stays so. */
  close(): void {
    clearInterval(this.#timer);
    if (typeof this.#opened === "object") {
      this.#opened.addresses.close();
      this.#opened.descriptors.forEach(closeFd);
    }
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
    let addresses: HostAddresses | undefined;
    try {
      cgroups = openCgroups();
      if (cgroups === undefined) return "not here";
      const shape = { keyBytes: placeBytes, valueBytes: placeBytes, most: 1 << 16 };
      const ports = held(createHashMap(name("ports"), shape));
      const own = held(createHashMap(name("own"), { keyBytes: addressBytes, valueBytes: 4, most: 1 << 16 }));
      addresses = new HostAddresses(own);
      const origins = held(createSocketStorage(name("origin"), originBytes));
      const peer = peerNameProgram({ origins });
      const connect = connectProgram({ ports, addresses: own, origins }, netnsCookie());
      // First the one that answers what the other one makes be asked.
      for (const program of [
        { name: name("peer"), attachType: BPF_CGROUP_INET4_GETPEERNAME, instructions: peer },
        { name: name("conn"), attachType: BPF_CGROUP_INET4_CONNECT, instructions: connect },
      ])
        held(attachToCgroup(held(loadAddressProgram(program)), cgroups, program.attachType));
      this.#timer = setInterval(() => this.#look(), lookEveryMs).unref();
      return { ports, addresses, descriptors };
    } catch (err) {
      addresses?.close();
      descriptors.forEach(closeFd);
      log.info("no short way from the host to published ports: the firewall's rules do it", {
        error: errorText(err),
      });
      return "not here";
    } finally {
      if (cgroups !== undefined) closeFd(cgroups);
    }
  }

  #look(): void {
    if (typeof this.#opened !== "object") return;
    try {
      this.#opened.addresses.look();
    } catch (err) {
      this.close();
      this.#options.log.warn(
        "the host's addresses cannot be seen: no short way to published ports any more",
        {
          error: errorText(err),
        },
      );
    }
  }
}

/** The host's own addresses, as the kernel's program sees them: as of the last look. */
class HostAddresses {
  readonly #map: number;
  readonly #events: AddressEvents;
  #known: ReadonlySet<string> = new Set();

  constructor(map: number) {
    this.#map = map;
    // Before the first look, so that nothing comes in between unseen.
    this.#events = openAddressEvents();
    try {
      this.#refresh();
    } catch (err) {
      this.close();
      throw err;
    }
  }

  look(): void {
    if (this.#events.changed()) this.#refresh();
  }

  close(): void {
    this.#events.close();
  }

  #refresh(): void {
    using rtnetlink = openRtnetlink();
    const found = new Set(
      listAddresses(rtnetlink)
        .map(({ address }) => address)
        .filter((address) => !isIpv6(address)),
    );
    for (const address of found)
      if (!this.#known.has(address)) setElement(this.#map, bytesOf(address), new Uint8Array(4));
    for (const address of this.#known) if (!found.has(address)) deleteElement(this.#map, bytesOf(address));
    this.#known = found;
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

function canBeLed({ protocol, hostIp, containerIp }: PortMapping): boolean {
  return protocol === "tcp" && !isIpv6(hostIp) && !isIpv6(containerIp);
}

function place(address: string, port: number): Uint8Array {
  return Uint8Array.of(...bytesOf(address), port >> 8, port & 0xff, 0, 0);
}
