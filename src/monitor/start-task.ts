// Starting a task: FIFOs or a console socket, the runtime's command, and what came of it. The loop never waits: the
// runtime works by itself, any number of them at once, and its end is an event.
import { readFileSync, rmSync } from "node:fs";
import type { StartedTask, RuntimeFailure, TaskSpec } from "../runtime/monitor-protocol.ts";
import { closeFd, read } from "../sys/file.ts";
import { pidfdOf, pidfdOpen, pidfdSendSignal } from "../sys/pidfd.ts";
import { kill, processStartTime, type ExitStatus } from "../sys/process.ts";
import { listenForConsole, type ConsoleSocket } from "./console.ts";
import type { Context } from "./context.ts";
import { makeStdio, removeStdio, type OwnEnds, type TaskStdio } from "./stdio.ts";
import { errorText, hasCode } from "../base/errors.ts";

/** A runtime that has not come to an end by then is stuck: it is killed, and the start has failed. */
const startLimitMs = 60_000;
const sigkill = 9;
/** As much as is told of a runtime's messages. */
const messageBytesMax = 64 * 1024;
const lostStart: RuntimeFailure["error"] = {
  kind: "runtime",
  exitCode: 255,
  log: "the runtime ended where nobody could see how",
};

export type StartedProcess = StartedTask & {
  /** `undefined`: it has ended and been reaped. */
  readonly pidfd: number | undefined;
  readonly own: OwnEnds;
  readonly master: number | undefined;
};

/** Kills the runtime that is at work: the start fails. */
export type CancelStart = () => void;

/**
 * Spawns the runtime and calls `done` once, later. Throws, with nothing left behind, when it cannot even be spawned.
 * What the monitor holds of a start that failed is closed again before `done` hears of it.
 */
export function startTask(
  context: Context,
  spec: TaskSpec,
  done: (outcome: StartedProcess | RuntimeFailure) => void,
): CancelStart {
  const { loop, reaper } = context;
  for (const path of [spec.pidFile, spec.logFile]) rmSync(path, { force: true });
  const stdio = makeStdio(spec);
  let console: ConsoleSocket | undefined;
  let pid: number;
  try {
    console = spec.consoleSocket === undefined ? undefined : listenForConsole(spec.consoleSocket);
    pid = spawnRuntime(context, spec, stdio);
  } catch (err) {
    closeEnds(stdio.own);
    console?.close();
    removeStdio(spec.dir);
    throw err;
  } finally {
    for (const end of stdio.program) if (end !== "null") closeFd(end);
  }
  const runtime = pidfdOpen(pid);
  const limit = loop.after(startLimitMs, () => kill(-pid, sigkill));
  reaper.watch(pid, runtime, (exit) => {
    loop.cancel(limit);
    loop.close(runtime);
    const outcome =
      exit?.exitCode === 0 ? findProgram(spec, stdio.own, console) : failure(spec, stdio.own, exit);
    console?.close();
    if ("error" in outcome) {
      closeEnds(stdio.own);
      removeStdio(spec.dir);
    }
    done(outcome);
  });
  return () => pidfdSendSignal(runtime, sigkill);
}

function spawnRuntime({ spawn, executable }: Context, { command }: TaskSpec, stdio: TaskStdio): number {
  const { argv, env } = command;
  return spawn({
    path: executable(command),
    argv,
    env: env ?? (process.env as Record<string, string>),
    stdio: stdio.program,
    cwd: "/",
    setsid: true, // a process group of its own, to be killed as a whole
  });
}

/** The runtime says that the program runs (or has run: it may be over by now, and is then still there to be reaped). */
function findProgram(
  spec: TaskSpec,
  own: OwnEnds,
  console: ConsoleSocket | undefined,
): StartedProcess | RuntimeFailure {
  try {
    const pid = Number(readFileSync(spec.pidFile, "latin1"));
    if (!Number.isInteger(pid) || pid <= 0) throw new Error(`no pid in ${spec.pidFile}`);
    const master = console?.takeMaster();
    const pidfd = pidfdOf(pid);
    return { pid, startTime: processStartTime(pid) ?? "", pidfd, own, master };
  } catch (err) {
    const log = `${messages(spec, own)}the runtime said it has started the program, but ${errorText(err)}`;
    return { error: { kind: "runtime", exitCode: 0, log } };
  }
}

function failure(spec: TaskSpec, own: OwnEnds, exit: ExitStatus | undefined): RuntimeFailure {
  if (!exit) return { error: lostStart };
  return { error: { kind: "runtime", exitCode: exit.exitCode, log: messages(spec, own) } };
}

/** The runtime's log file, and what it wrote to stderr: runtimes use either, or both. */
function messages({ logFile }: TaskSpec, { stderr }: OwnEnds): string {
  const said = stderr === undefined ? "" : readNow(stderr);
  let logged = "";
  try {
    logged = readFileSync(logFile, "utf8").slice(-messageBytesMax);
  } catch (err) {
    if (!hasCode(err, "ENOENT")) throw err;
  }
  return logged + said;
}

function readNow(fd: number): string {
  const buffer = Buffer.alloc(messageBytesMax);
  return buffer.toString("utf8", 0, read(fd, buffer) ?? 0);
}

function closeEnds(own: OwnEnds): void {
  for (const fd of Object.values(own)) if (fd !== undefined) closeFd(fd);
}
