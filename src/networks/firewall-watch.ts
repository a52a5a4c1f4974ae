// Notices that somebody else took our rules away: a flush, a reload of the host's firewall. The kernel tells of every
// change of nftables (which iptables is made of by now) and of the process that made it.
import { readFileSync } from "node:fs";
import type { Host } from "../base/host.ts";
import { errorText } from "../base/errors.ts";
import { openNftablesEvents, type NftablesEvents } from "../netlink/nftables-events.ts";

/** The kernel's queue is looked at so often: one system call when there is nothing. */
const lookEveryMs = 1000;
/** The old iptables (its tables are listed in /proc/net/ip_tables_names) tells nobody: our rules are looked at so often. */
const legacyEveryLooks = 30;
const oursMax = 256;

export class FirewallWatch {
  readonly #host: Host;
  readonly #repair: () => Promise<boolean>;
  #events: NftablesEvents | undefined;
  #timer: NodeJS.Timeout | undefined;
  #ours: number[] = [];
  #looks = 0;

  /** `repair` puts back what is missing and says whether anything was. */
  constructor(host: Host, repair: () => Promise<boolean>) {
    this.#host = host;
    this.#repair = repair;
  }

  /** Changes made by this process are not news. */
  isOurs(pid: number): void {
    this.#ours = [...this.#ours.slice(1 - oursMax), pid];
  }

  start(): void {
    this.#events = openNftablesEvents();
    this.#timer = setInterval(() => void this.#look(), lookEveryMs).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#events?.close();
    this.#events = undefined;
  }

  async #look(): Promise<void> {
    this.#looks += 1;
    const removals = this.#events?.removals((pid) => this.#ours.includes(pid)) ?? false;
    if (!removals && this.#looks % legacyEveryLooks !== 0) return;
    if (!removals && !usesLegacyTables()) return;
    try {
      if (await this.#repair()) this.#host.log.warn("firewall rules were taken away by others, put back");
    } catch (err) {
      this.#host.log.error("firewall rules cannot be put back", { error: errorText(err) });
    }
  }
}

function usesLegacyTables(): boolean {
  try {
    return readFileSync("/proc/net/ip_tables_names", "latin1") !== "";
  } catch {
    return false; // a kernel without them
  }
}
