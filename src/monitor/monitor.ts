// The monitor: one process per daemon's run directory that holds the containers' stdio, writes their logs, learns how
// they end, and outlives the daemon.
import { mkdirSync, rmSync } from "node:fs";
import { parseArgs } from "node:util";
import { errorText, InvalidParameterError } from "../base/errors.ts";
import { defaultExecRoot } from "../base/instance.ts";
import { monitorFiles } from "../runtime/monitor-protocol.ts";
import { O_CREAT, O_RDWR, openFile, truncate, tryLock, writeAll } from "../sys/file.ts";
import { keepMemorySmall } from "../sys/own-memory.ts";
import { setProcessName, setSubreaper } from "../sys/process.ts";
import { compressByChild, compressFlag, compressStdin } from "./compress-log.ts";
import type { Context } from "./context.ts";
import { HeldPorts } from "./held-ports.ts";
import { openIoBuffers } from "./io-buffers.ts";
import { Listener } from "./listener.ts";
import { Loop } from "./loop.ts";
import { stderrLog } from "./monitor-log.ts";
import { Reaper } from "./reaper.ts";
import { SealedRuntimes } from "../runtime/sealed-runtime.ts";
import { runtimeSpawn } from "./runtime-mounts.ts";
import { TaskTable } from "./task-table.ts";

const sweepEveryMs = 10_000;

/**
 * Runs until a daemon says `quit`. `--exec-root DIR` names the run directory; a second monitor for the same one ends with
 * 1 at once. Returns the exit code.
 */
export function runMonitor(args: readonly string[]): number {
  if (args[0] === compressFlag) {
    compressStdin();
    return 0;
  }
  const log = stderrLog();
  try {
    return watchOver(execRootOf(args));
  } catch (err) {
    log.error("monitor cannot run", { error: errorText(err) });
    return 1;
  }
}

function execRootOf(args: readonly string[]): string {
  const { values } = parseArgs({ args: [...args], options: { "exec-root": { type: "string" } } });
  const execRoot = values["exec-root"] ?? defaultExecRoot;
  if (!execRoot.startsWith("/")) throw new InvalidParameterError(`--exec-root ${execRoot} is not absolute`);
  return execRoot;
}

function watchOver(execRoot: string): number {
  const log = stderrLog();
  const files = monitorFiles(execRoot);
  mkdirSync(execRoot, { recursive: true, mode: 0o711 });
  if (!becomeTheOnlyOne(files.pidFile)) {
    log.info("another monitor is alive", { execRoot });
    return 1;
  }
  process.chdir("/"); // not to keep anybody's file system busy
  setProcessName("sampan-monitor");
  setSubreaper();
  const loop = new Loop(log);
  const reaper = new Reaper(loop);
  const runtimes = new SealedRuntimes();
  const { spawn, seesLaterMounts } = runtimeSpawn();
  const context: Context = {
    log,
    loop,
    reaper,
    io: openIoBuffers(),
    spawn,
    seesLaterMounts,
    executable: ({ argv: [path = ""], sealed }) => (sealed ? runtimes.executable(path) : path),
    compress: compressByChild({ loop, reaper }),
    heldPorts: new HeldPorts(),
    tell: (event) => listener.tell(event),
    daemonConnected: () => listener.daemonConnected,
  };
  const tasks = new TaskTable(context);
  const listener = new Listener(context, tasks, files.socket);
  sweepNowAndThen(loop, reaper);
  loop.onActivity(
    keepMemorySmall({ nowMs: () => performance.now(), later: (ms, run) => loop.after(ms, run) }),
  );
  listener.listen();
  loop.run();
  rmSync(files.socket, { force: true });
  return 0;
}

/** The lock goes with the process, however it ends; the file stays. */
function becomeTheOnlyOne(pidFile: string): boolean {
  const fd = openFile(pidFile, O_RDWR | O_CREAT, 0o644);
  if (!tryLock(fd)) return false;
  truncate(fd, 0);
  writeAll(fd, Buffer.from(`${process.pid}\n`));
  return true;
}

function sweepNowAndThen(loop: Loop, reaper: Reaper): void {
  loop.after(sweepEveryMs, () => {
    reaper.sweep();
    sweepNowAndThen(loop, reaper);
  });
}
