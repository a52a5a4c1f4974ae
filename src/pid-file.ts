// The daemon's pid file. Root and run directory have locks of their own, which end with their process; a pid file outlives it,
// and the number in it may be another process's by now.
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { ConflictError } from "./base/errors.ts";
import { isRunning, processStartTime } from "./sys/process.ts";

/** Undefined where there is no such file, or no number in it. */
export function pidIn(path: string): number | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
  const pid = Number(text.trim());
  return Number.isInteger(pid) && pid > 0 ? pid : undefined;
}

/** Removed when disposed of. ConflictError when the process that wrote the file still runs. */
export function writePidFile(path: string, now: Date): Disposable {
  const pid = pidIn(path);
  if (pid !== undefined && pid !== process.pid && hasWritten(pid, path, now))
    throw new ConflictError(`pid file found, ensure that process ${pid} is not running or delete ${path}`);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${process.pid}\n`, { mode: 0o644 });
  return { [Symbol.dispose]: () => rmSync(path, { force: true }) };
}

/** Both times are rounded, and the boot's is computed from the clock of now. */
const inexactMs = 2_000;
/** What /proc/PID/stat counts in (USER_HZ): 100 on all architectures that we run on. */
const tickMs = 10;

/** Whether process `pid` was there when the file was written: one that began later has got the number of another. */
function hasWritten(pid: number, path: string, now: Date): boolean {
  const ticks = processStartTime(pid);
  // Of one that has ended the entry stays until its parent asks, which the first process of a container may never do.
  if (ticks === undefined || !isRunning(pid, ticks)) return false;
  const upMs = Number(readFileSync("/proc/uptime", "latin1").split(" ")[0]) * 1000;
  const startedMs = now.getTime() - upMs + Number(ticks) * tickMs;
  return startedMs <= statSync(path).mtimeMs + inexactMs;
}
