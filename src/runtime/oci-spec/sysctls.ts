// Kernel parameters of the container's own namespaces.
import type { SpecInput } from "./spec-input.ts";

/** Docker's for a network of its own: every user may bind low ports and send echo requests. */
const networkDefaults: Readonly<Record<string, string>> = {
  "net.ipv4.ip_unprivileged_port_start": "0",
  "net.ipv4.ping_group_range": "0 2147483647",
};

/** `domainname` goes by its parameter: the field of that name in the specification is younger than some runtimes. */
export function sysctls({ config, hostConfig, namespaces }: SpecInput): Readonly<Record<string, string>> {
  const hasOwnName = hostConfig.UTSMode !== "host" && config.Domainname !== "";
  return {
    ...(namespaces.network.kind === "private" ? networkDefaults : {}),
    ...(hasOwnName ? { "kernel.domainname": config.Domainname } : {}),
    ...hostConfig.Sysctls,
  };
}
