// Init as a process 1 that stays: it passes signals on to the program, reaps whatever is left to it, and ends as the program
// ended. What tini does where no tini is.
import { constants } from "node:os";
import { isatty } from "node:tty";
import { failedWith } from "../sys/errno.ts";
import { exitOf, kill, waitpid, WNOHANG } from "../sys/process.ts";
import { setForegroundGroup } from "../sys/pty.ts";
import { posixSpawn } from "../sys/spawn.ts";
import type { Environment } from "../sys/string-vector.ts";

/** Not passed on: what nobody can catch, what a fault of our own means, and the news of children. */
const ours: ReadonlySet<string> = new Set(
  "SIGKILL SIGSTOP SIGCHLD SIGCLD SIGILL SIGTRAP SIGABRT SIGIOT SIGBUS SIGFPE SIGSEGV SIGSYS SIGSTKFLT SIGTTIN SIGTTOU SIGPROF SIGUNUSED".split(
    " ",
  ),
);

/** The exit code of the program: 128 + n when signal n ended it. A program that cannot be spawned is a SyscallError. */
export function supervise(path: string, argv: readonly string[], env: Environment): Promise<number> {
  return new Promise((resolve, reject) => {
    // Before the program is there, so that none of its signals and no news of it is lost.
    const early: number[] = [];
    let program: number | undefined;
    const passOn = (signal: number): void => {
      if (program === undefined) early.push(signal);
      else killIfThere(program, signal);
    };
    for (const [name, number] of Object.entries(constants.signals))
      if (!ours.has(name)) process.on(name, () => passOn(number));
    process.on("SIGTTOU", () => {}); // the terminal is given away from the background
    // Keeps the process alive, and finds what a lost SIGCHLD would have told.
    const interval = setInterval(reap, reapEveryMs);
    process.on("SIGCHLD", reap);
    function reap(): void {
      for (let child = waitpid(-1, WNOHANG); child; child = waitpid(-1, WNOHANG)) {
        if (child.pid !== program) continue;
        clearInterval(interval);
        resolve(exitOf(child.status).exitCode);
        return;
      }
    }
    try {
      // A group of its own: what the keyboard sends reaches the program once, not by us as well.
      program = posixSpawn({ path, argv, env, stdio: [0, 1, 2], ownGroup: true });
      if (isatty(0)) setForegroundGroup(0, program);
    } catch (err) {
      clearInterval(interval);
      reject(err);
      return;
    }
    for (const signal of early) killIfThere(program, signal);
  });
}

const reapEveryMs = 1000;

/** It may have ended, and be reaped in a moment. */
function killIfThere(pid: number, signal: number): void {
  try {
    kill(pid, signal);
  } catch (err) {
    if (!failedWith(err, "ESRCH")) throw err;
  }
}
