// Which OCI runtimes this machine has, best first. Asking a runtime for its version costs 4 ms each, so the answer is kept
// beside the run-time state, which a boot empties, and holds as long as the executable is the same file.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { InvalidParameterError, SystemError, errorText, hasCode } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { Driver, DriverKind } from "../driver.ts";
import { ociDriver } from "./oci-driver.ts";

export type DriverConfig = {
  readonly execRoot: string;
  /** Put first; InvalidParameterError when it is not there. */
  readonly defaultRuntime: string | undefined;
  /** The user's own, by name. */
  readonly runtimes: Readonly<Record<string, string>>;
  /** How this program is called, which is the runtime in front of LXC. */
  readonly program: readonly string[];
};

/** crun first: it starts a container in a third of runc's time. LXC is for those who ask for it. */
const known: readonly DriverKind[] = ["crun", "runc", "lxc"];
const files: Readonly<Record<DriverKind, string>> = { crun: "crun", runc: "runc", lxc: "lxc-start" };
const versionTimeoutMs = 5000;

/** Never empty: SystemError says what to install when no runtime works. */
export function findDrivers(log: Log, config: DriverConfig): Driver[] {
  const found = known.flatMap((name) => findInPath(name) ?? []);
  const own = Object.entries(config.runtimes).map(([name, path]) => ({ name, path }));
  const drivers = [...own, ...found]
    .filter(({ name }, index, all) => all.findIndex((other) => other.name === name) === index)
    .flatMap(({ name, path }) => tryDriver(log, config, name, path));
  const sorted = [...known, ...Object.keys(config.runtimes)]
    .map((name) => drivers.find((driver) => driver.name === name))
    .filter((driver) => driver !== undefined);
  if (sorted.length === 0)
    throw new SystemError("no OCI runtime works on this machine: install crun, runc or lxc");
  return preferDefault(sorted, config.defaultRuntime);
}

function preferDefault(drivers: Driver[], name: string | undefined): Driver[] {
  if (name === undefined) return drivers;
  const first = drivers.find((driver) => driver.name === name);
  if (!first) throw new InvalidParameterError(`default runtime ${name} is not there or does not work`);
  return [first, ...drivers.filter((driver) => driver !== first)];
}

function findInPath(name: DriverKind): { readonly name: string; readonly path: string } | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin"];
  const path = folders
    .filter((folder) => folder.startsWith("/"))
    .map((folder) => join(folder, files[name]))
    .find((candidate) => isExecutable(candidate));
  return path === undefined ? undefined : { name, path };
}

function isExecutable(path: string): boolean {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats !== undefined && stats.isFile() && (stats.mode & 0o111) !== 0;
}

function tryDriver(log: Log, { execRoot, program }: DriverConfig, name: string, path: string): Driver[] {
  const stateFolder = join(execRoot, "runtime-root", name);
  try {
    mkdirSync(stateFolder, { recursive: true, mode: 0o700 });
    const said = versionText(path, stateFolder);
    if (/^\d/.test(said) && path.endsWith("/lxc-start")) {
      const command = [...program, "lxc-runtime"];
      return [ociDriver({ name, kind: "lxc", path, version: said.trim(), stateFolder, command })];
    }
    // `crun version 1.8.1`, `runc version 1.1.5+ds1`
    const match = /^(\S+) version (\S+)/.exec(said);
    const kind: DriverKind = match?.[1] === "crun" ? "crun" : "runc";
    return [ociDriver({ name, kind, path, version: match?.[2] ?? "unknown", stateFolder })];
  } catch (err) {
    log.warn("runtime does not work, left out", { runtime: name, path, error: errorText(err) });
    return [];
  }
}

function versionText(path: string, stateFolder: string): string {
  const { mtimeMs, size, ino } = statSync(path);
  const mark = `${path} ${mtimeMs} ${size} ${ino}\n`;
  const cache = `${stateFolder}.version`;
  const kept = readIfThere(cache);
  if (kept.startsWith(mark)) return kept.slice(mark.length);
  const said = execFileSync(path, ["--version"], {
    encoding: "utf8",
    timeout: versionTimeoutMs,
    stdio: "pipe",
  });
  writeFileSync(cache, mark + said, { mode: 0o600 });
  return said;
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (err) {
    if (hasCode(err, "ENOENT")) return "";
    throw err;
  }
}
