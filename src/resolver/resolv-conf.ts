// resolv.conf(5): read, and the host's own found.
import { readFileSync, statSync } from "node:fs";
import { hasCode } from "../base/errors.ts";

export type ResolvConf = {
  readonly servers: readonly string[];
  readonly search: readonly string[];
  readonly options: readonly string[];
};

export function parseResolvConf(text: string): ResolvConf {
  const servers: string[] = [];
  let search: string[] = [];
  let options: string[] = [];
  for (const line of text.split("\n")) {
    const [key, ...values] = line
      .replace(/[#;].*$/, "")
      .trim()
      .split(/\s+/);
    if (key === "nameserver" && values[0] !== undefined) servers.push(values[0]);
    else if (key === "search" || key === "domain") search = values;
    else if (key === "options") options = options.concat(values);
  }
  return { servers, search, options };
}

const usualPath = "/etc/resolv.conf";
/** Where systemd-resolved writes the servers that it asks itself, while /etc/resolv.conf names only its own stub. */
const systemdPath = "/run/systemd/resolve/resolv.conf";
const systemdStub = "127.0.0.53";

/** The text of the file that names the host's servers, as Docker finds it; empty when there is none. */
export function hostResolvConf(usual = usualPath, systemd = systemdPath): string {
  const text = readIfThere(usual);
  const { servers } = parseResolvConf(text);
  return servers.length === 1 && servers[0] === systemdStub ? readIfThere(systemd) || text : text;
}

/** The host's servers, read anew when a file has changed: a laptop changes its network more often than its daemon. */
export function hostServersReader(usual = usualPath, systemd = systemdPath): () => readonly string[] {
  let seen = "";
  let servers: readonly string[] = [];
  return () => {
    const now = [usual, systemd].map(versionOf).join();
    if (now !== seen) {
      seen = now;
      servers = parseResolvConf(hostResolvConf(usual, systemd)).servers;
    }
    return servers;
  };
}

function versionOf(path: string): string {
  const { ino = 0n, mtimeNs = 0n, size = 0n } = statSync(path, { bigint: true, throwIfNoEntry: false }) ?? {};
  return `${ino}.${mtimeNs}.${size}`;
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (err) {
    if (hasCode(err, "ENOENT")) return "";
    throw err;
  }
}
