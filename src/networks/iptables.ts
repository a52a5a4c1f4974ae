// The firewall by iptables: our rules beside everybody else's, in the kernel's own chains order.
import type { Instance } from "../base/instance.ts";
import { chainsOf, firewallRules, portRules, type FirewallState } from "./firewall.ts";
import type { FirewallBackend } from "./firewall-backend.ts";
import { runFirewallProgram } from "./firewall-program.ts";
import { changeScript, installScript, isInstalled, removalScript } from "./iptables-script.ts";
import { poolsOf } from "./network-record.ts";
import type { Family } from "./subnet.ts";

/** The tools wait for whoever holds the xtables lock, this long at most. */
const lockWaitSeconds = "10";
const programs: Readonly<Record<Family, string>> = { 4: "iptables", 6: "ip6tables" };

export function iptablesBackend(instance: Instance, onStarted: (pid: number) => void): FirewallBackend {
  const save = (family: Family) => runFirewallProgram(`${programs[family]}-save`, [], "", onStarted);
  const restore = async (family: Family, script: string): Promise<void> => {
    if (script === "") return;
    await runFirewallProgram(
      `${programs[family]}-restore`,
      ["--noflush", "-w", lockWaitSeconds],
      script,
      onStarted,
    );
  };
  const removeOf = async (family: Family): Promise<void> =>
    restore(family, removalScript(chainsOf(instance), await save(family)));
  /** ip6tables is not called where no network has IPv6 addresses. */
  let usesIpv6 = false;
  const families = (): Family[] => (usesIpv6 ? [4, 6] : [4]);
  return {
    name: "iptables",
    async install(state) {
      if (usesIpv6 && !hasIpv6(state)) await removeOf(6);
      usesIpv6 = hasIpv6(state);
      for (const family of families())
        await restore(family, installScript(firewallRules(instance, family, state), await save(family)));
    },
    async change({ removed, added }) {
      for (const family of families())
        await restore(
          family,
          changeScript(portRules(instance, family, removed), portRules(instance, family, added)),
        );
    },
    async isIntact(state) {
      for (const family of families())
        if (!isInstalled(firewallRules(instance, family, state), await save(family))) return false;
      return true;
    },
    async remove() {
      for (const family of families()) await removeOf(family);
    },
  };
}

function hasIpv6({ networks }: FirewallState): boolean {
  return networks.some((network) => poolsOf(network, 6).length > 0);
}
