// The seam between what the firewall is to let through and the program that tells the kernel.
import type { FirewallState } from "./firewall.ts";
import type { PortMapping } from "./port-mapping.ts";

export type PortChange = {
  readonly removed: readonly PortMapping[];
  readonly added: readonly PortMapping[];
};

/** INVARIANT: at most one call at a time; nothing that is not ours is changed by any. */
export type FirewallBackend = {
  readonly name: "iptables" | "nftables";
  /** Makes our part of the firewall exactly this, whatever it was. */
  install(state: FirewallState): Promise<void>;
  /** The short way for ports, one call of the program: fails, having changed nothing, where `install` is needed first. */
  change(change: PortChange): Promise<void>;
  /** Whether our part is there as `install` and `change` left it. */
  isIntact(state: FirewallState): Promise<boolean>;
  /** Takes our part away; fine when it is gone. */
  remove(): Promise<void>;
};
