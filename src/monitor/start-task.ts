// Starting a task: the runtime's command, and what came of it. The loop never waits: the runtime works by itself, any
// number of them at once, and its end is an event.
import { readFileSync } from "node:fs";
import { errorText, hasCode } from "../base/errors.ts";
import type { StartedTask, RuntimeFailure, TaskSpec } from "../runtime/monitor-protocol.ts";
import { read } from "../sys/file.ts";
import { pidfdOf } from "../sys/pidfd.ts";
import { processStartTime, type ExitStatus } from "../sys/process.ts";
import type { ConsoleSocket } from "./console.ts";
import type { Context } from "./context.ts";
import { RuntimeProcess } from "./runtime-process.ts";
import type { OwnEnds } from "./stdio.ts";

/** A runtime that has not come to an end by then is stuck: it is killed, and the start has failed. */
const startLimitMs = 60_000;
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
 * Calls `done` once, later. Throws, with nothing left behind, when the runtime cannot even be spawned. What the monitor
 * holds of a start that failed is closed again before `done` hears of it.
 *
 * @param waiting the runtime, where it has been spawned ahead (standby.ts).
 */
export function startTask(
  context: Context,
  spec: TaskSpec,
  done: (outcome: StartedProcess | RuntimeFailure) => void,
  waiting?: RuntimeProcess,
): CancelStart {
  const { loop } = context;
  const runtime = waiting ?? RuntimeProcess.spawn(context, spec);
  const limit = loop.after(startLimitMs, () => runtime.kill());
  runtime.whenEnded((exit) => {
    loop.cancel(limit);
    const { own, console } = runtime;
    const outcome = exit?.exitCode === 0 ? findProgram(spec, own, console) : failure(spec, own, exit);
    if ("error" in outcome) runtime.closeStdio();
    console?.close();
    done(outcome);
  });
  return () => runtime.kill();
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
