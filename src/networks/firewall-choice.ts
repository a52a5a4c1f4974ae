// Which program the firewall is set with: the one asked for, else the one that is there.
import { InvalidParameterError } from "../base/errors.ts";
import type { Instance } from "../base/instance.ts";
import type { FirewallBackend } from "./firewall-backend.ts";
import { searchPath } from "./firewall-program.ts";
import { iptablesBackend } from "./iptables.ts";
import { nftablesBackend } from "./nftables.ts";

export const backendNames = ["iptables", "nftables"] as const;
export type BackendName = (typeof backendNames)[number];

const programs: Readonly<Record<BackendName, string>> = { iptables: "iptables-restore", nftables: "nft" };

/**
 * iptables first: another engine's or ufw's policy of dropping what is forwarded sits in iptables' chain, and only a rule
 * in that same chain can let our packets through before it.
 */
export function chooseBackend(
  instance: Instance,
  asked: BackendName | undefined,
  onStarted: (pid: number) => void,
): FirewallBackend {
  const isThere = (name: BackendName) => Bun.which(programs[name], { PATH: searchPath }) !== null;
  if (asked !== undefined && !isThere(asked))
    throw new InvalidParameterError(`firewall backend ${asked}: ${programs[asked]} is not on this machine`);
  const name = asked ?? backendNames.find(isThere) ?? "iptables";
  return name === "iptables" ? iptablesBackend(instance, onStarted) : nftablesBackend(instance, onStarted);
}
