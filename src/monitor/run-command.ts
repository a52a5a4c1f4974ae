// Running a command to its end with what it says caught: a runtime's delete, pause, kill and the like. Any number of
// them at once, none of them waited for.
import { runOutputBytesMax, type RunRequest, type RunResult } from "../runtime/monitor-protocol.ts";
import { failedWith } from "../sys/errno.ts";
import { EPOLLIN } from "../sys/epoll.ts";
import { closeFd, openPipe, read, setNonBlocking } from "../sys/file.ts";
import { pidfdOpen } from "../sys/pidfd.ts";
import { kill, type ExitStatus } from "../sys/process.ts";
import type { Context } from "./context.ts";
import { feed } from "./feed.ts";
import { inputStart, readBytesMax } from "./io-buffers.ts";
import type { Timer } from "./loop.ts";

const sigkill = 9;
/** A command's own children may hold its output open: then what has come by now is all. */
const outputGraceMs = 200;
const unknownExitCode = 255;

/** Calls `done` once, later. Throws when the command cannot be spawned. */
export function runCommand(context: Context, request: RunRequest, done: (result: RunResult) => void): void {
  const stdin = request.stdin === undefined ? undefined : openPipe();
  const stdout = openPipe();
  const stderr = openPipe();
  let pid: number;
  try {
    pid = context.spawn({
      path: context.executable(request),
      argv: request.argv,
      env: request.env ?? (process.env as Record<string, string>),
      stdio: [stdin?.reader ?? "null", stdout.writer, stderr.writer],
      cwd: "/",
      setsid: true, // a process group of its own, to be killed as a whole
    });
  } catch (err) {
    for (const fd of [stdin?.writer, stdout.reader, stderr.reader]) if (fd !== undefined) closeFd(fd);
    throw err;
  } finally {
    for (const fd of [stdin?.reader, stdout.writer, stderr.writer]) if (fd !== undefined) closeFd(fd);
  }
  if (stdin) feed(context.loop, stdin.writer, Buffer.from(request.stdin ?? ""));
  const command = new RunningCommand(context, pid, [stdout.reader, stderr.reader], done);
  command.limit(request.timeoutMs);
}

/** Over when the process has ended and both its outputs have. */
class RunningCommand {
  readonly #context: Context;
  readonly #pid: number;
  readonly #stdout: Capture;
  readonly #stderr: Capture;
  readonly #done: (result: RunResult) => void;
  #ended: { readonly exit: ExitStatus | undefined } | undefined;
  #timedOut = false;
  #limit: Timer | undefined;
  #grace: Timer | undefined;

  constructor(
    context: Context,
    pid: number,
    [stdout, stderr]: readonly [number, number],
    done: (result: RunResult) => void,
  ) {
    this.#context = context;
    this.#pid = pid;
    this.#done = done;
    this.#stdout = new Capture(context, stdout, () => this.#concludeIfOver());
    this.#stderr = new Capture(context, stderr, () => this.#concludeIfOver());
    const pidfd = pidfdOpen(pid);
    context.reaper.watch(pid, pidfd, (exit) => {
      context.loop.close(pidfd);
      this.#ended = { exit };
      this.#grace = context.loop.after(outputGraceMs, () => this.#conclude());
      this.#concludeIfOver();
    });
  }

  limit(timeoutMs: number): void {
    this.#limit = this.#context.loop.after(timeoutMs, () => {
      this.#timedOut = true;
      killGroup(this.#pid);
    });
  }

  #concludeIfOver(): void {
    if (this.#ended && this.#stdout.ended && this.#stderr.ended) this.#conclude();
  }

  #conclude(): void {
    const { loop } = this.#context;
    loop.cancel(this.#limit);
    loop.cancel(this.#grace);
    this.#stdout.stop();
    this.#stderr.stop();
    this.#done({
      exitCode: this.#ended?.exit?.exitCode ?? unknownExitCode,
      stdout: this.#stdout.text,
      stderr: this.#stderr.text,
      timedOut: this.#timedOut,
    });
  }
}

/** Collects what comes out of a pipe, up to the limit; the rest is read and dropped so that the command can go on. */
class Capture {
  readonly #context: Context;
  readonly #fd: number;
  readonly #onEnd: () => void;
  readonly #parts: Uint8Array[] = [];
  #sizeBytes = 0;
  ended = false;

  constructor(context: Context, fd: number, onEnd: () => void) {
    this.#context = context;
    this.#fd = fd;
    this.#onEnd = onEnd;
    setNonBlocking(fd);
    context.loop.watch(fd, EPOLLIN, () => this.#take());
  }

  get text(): string {
    return Buffer.concat(this.#parts).toString("utf8");
  }

  stop(): void {
    if (this.ended) return;
    this.ended = true;
    this.#context.loop.close(this.#fd);
  }

  #take(): void {
    const { input } = this.#context.io;
    const got = read(this.#fd, input, inputStart, readBytesMax);
    if (got === undefined) return;
    if (got === 0) {
      this.stop();
      this.#onEnd();
      return;
    }
    const kept = Math.min(got, runOutputBytesMax - this.#sizeBytes);
    if (kept > 0) this.#parts.push(new Uint8Array(input.subarray(inputStart, inputStart + kept)));
    this.#sizeBytes += kept;
  }
}

function killGroup(pid: number): void {
  try {
    kill(-pid, sigkill);
  } catch (err) {
    if (!failedWith(err, "ESRCH")) throw err;
  }
}
