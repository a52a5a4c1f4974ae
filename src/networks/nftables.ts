// The firewall by nft: one table of our own. It cannot let through what another table drops.
import type { Instance } from "../base/instance.ts";
import type { FirewallBackend } from "./firewall-backend.ts";
import { runFirewallProgram } from "./firewall-program.ts";
import { changeText, installText, removalText, tableName } from "./nftables-script.ts";

export function nftablesBackend(instance: Instance, onStarted: (pid: number) => void): FirewallBackend {
  const apply = async (text: string): Promise<void> => {
    if (text !== "") await runFirewallProgram("nft", ["-f", "-"], text, onStarted);
  };
  /** Terse: without the maps' elements, which come and go. */
  const list = () =>
    runFirewallProgram("nft", ["-t", "list", "table", "inet", tableName(instance)], "", onStarted);
  let asInstalled: string | undefined;
  return {
    name: "nftables",
    async install(state) {
      await apply(installText(instance, state));
      asInstalled = undefined;
    },
    change: (change) => apply(changeText(instance, change)),
    async isIntact() {
      const now = await list().catch(() => "");
      asInstalled ??= now === "" ? undefined : now;
      return now !== "" && now === asInstalled;
    },
    remove: () => apply(removalText(instance)),
  };
}
