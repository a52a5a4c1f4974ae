// Applies rules with iptables-save and iptables-restore: one of each per change.
import { execFile } from "node:child_process";
import { SystemError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { Chain, Ruleset } from "./firewall.ts";
import { installScript, removalScript } from "./iptables-script.ts";

/** Both tools wait for whoever holds the xtables lock, this long at most. */
const lockWaitSeconds = 10;
const timeoutMs = 20_000;
/** A service manager may give a PATH without the folders of administration tools. */
const searchPath = `${process.env["PATH"] ?? "/usr/bin:/bin"}:/usr/sbin:/sbin`;

/** Makes our chains hold exactly these rules, whatever they held before. */
export async function applyRules(log: Log, ruleset: Ruleset): Promise<void> {
  const saved = await run("iptables-save", []);
  await restore(installScript(ruleset, saved));
  log.debug("firewall rules applied", { rules: ruleset.rules.length });
}

/** Takes our chains away, and only them. */
export async function removeRules(log: Log, chains: readonly Chain[]): Promise<void> {
  const script = removalScript(chains, await run("iptables-save", []));
  if (script === "") return;
  await restore(script);
  log.debug("firewall rules removed", { chains: chains.map(({ name }) => name) });
}

async function restore(script: string): Promise<void> {
  await run("iptables-restore", ["--noflush", "-w", String(lockWaitSeconds)], script);
}

function run(program: string, args: readonly string[], input = ""): Promise<string> {
  const env = { ...process.env, PATH: searchPath };
  return new Promise((resolve, reject) => {
    const child = execFile(
      program,
      args,
      { env, timeout: timeoutMs, maxBuffer: 2 ** 26 },
      (err, stdout, stderr) => {
        if (err === null) resolve(stdout);
        else reject(new SystemError(`${program}: ${stderr.trim() || err.message}`, { cause: err }));
      },
    );
    // A tool that ended early does not read its input: what it said on the way out is the error to tell.
    child.stdin?.on("error", () => {});
    child.stdin?.end(input);
  });
}
