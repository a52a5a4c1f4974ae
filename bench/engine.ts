// What the benchmark sees of an engine.
import { readdirSync, readFileSync } from "node:fs";

export type EngineName = "sampan" | "dockerd" | "podman";

export type BenchEngine = {
  readonly name: EngineName;
  /** For the table's foot: engine, runtime and their versions. */
  readonly version: string;
  /** The engine's own client with these arguments, ready to spawn with `env`. */
  readonly client: (...args: readonly string[]) => readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly socket: string;
  /** More flags that `run` needs on this machine, and the same for the API. */
  readonly runFlags: readonly string[];
  readonly hostConfig: Readonly<Record<string, unknown>>;
  /** The words that remove running containers at once. */
  readonly remove: readonly string[];
  /** Folder that all its files are in and all its processes name. */
  readonly folder: string;
  /** A process in the engine's namespaces. */
  readonly insidePid: number;
  /** Ends the daemon, starts it again, and gives the milliseconds from its start until it answers. */
  readonly restart: () => Promise<number>;
  readonly stop: () => Promise<void>;
};

/** The engine's own processes (daemon, monitor, shims), not those in the containers. */
export function processesOf({ folder }: Pick<BenchEngine, "folder">): number[] {
  const pids = readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 0 && pid !== process.pid);
  return pids.filter((pid) => readOrEmpty(`/proc/${pid}/cmdline`).includes(`${folder}/`));
}

type MemoryFile = "smaps_rollup" | "status";
type MemoryField = "Pss" | "VmHWM" | "VmRSS";

/** Sum of a field of /proc/<pid>/smaps_rollup or status over the engine's processes, in MiB. */
export function memoryMiB(engine: Pick<BenchEngine, "folder">, file: MemoryFile, field: MemoryField): number {
  return eachMiB(engine, file, field).reduce((sum, value) => sum + value, 0);
}

function eachMiB(engine: Pick<BenchEngine, "folder">, file: MemoryFile, field: MemoryField): number[] {
  return processesOf(engine).map((pid) => {
    const found = new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(readOrEmpty(`/proc/${pid}/${file}`));
    return Number(found?.[1] ?? 0) / 1024;
  });
}

/** The most memory that the largest of the engine's processes, its daemon, has had, with all that it shares. */
export function daemonPeakMiB(engine: Pick<BenchEngine, "folder">): number {
  return Math.max(...eachMiB(engine, "status", "VmHWM"));
}

/** The most memory that the engine's processes have had, each at its own time; what they share is counted once. */
export function peakMiB(engine: Pick<BenchEngine, "folder">): number {
  const shared = memoryMiB(engine, "status", "VmRSS") - memoryMiB(engine, "smaps_rollup", "Pss");
  return memoryMiB(engine, "status", "VmHWM") - shared;
}

/** Empty for a process that has ended meanwhile. */
function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
