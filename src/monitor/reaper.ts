// Waiting for processes to end: children by waitpid, the program of a task that another monitor started by its pidfd.
import { failedWith } from "../sys/errno.ts";
import { EPOLLIN } from "../sys/epoll.ts";
import { pidfdExitStatus, pidfdSendSignal } from "../sys/pidfd.ts";
import { exitOf, waitpid, WNOHANG, type ExitStatus } from "../sys/process.ts";
import type { Loop } from "./loop.ts";

/** `undefined`: it ended, and nobody can say how. */
export type Ended = (exit: ExitStatus | undefined) => void;

type Watched = { readonly pidfd: number; readonly ended: Ended };

/** How long another parent may take to reap; PID 1 does so at once. */
const foreignParentMs = 5000;
const foreignPollMs = 1;

export class Reaper {
  readonly #loop: Loop;
  readonly #watched = new Map<number, Watched>();
  readonly #strays = new Map<number, ExitStatus>();

  constructor(loop: Loop) {
    this.#loop = loop;
  }

  /** Tells once how process `pid` ended. The pidfd is not closed. */
  watch(pid: number, pidfd: number, ended: Ended): void {
    this.#watched.set(pid, { pidfd, ended });
    this.#loop.watch(pidfd, EPOLLIN, () => this.#collect(pid));
  }

  /**
   * Reaps the children that nobody asked for: what runtimes leave behind, and orphans of the containers that share the
   * host's pids, come to us, the subreaper.
   */
  sweep(): void {
    for (let child = waitpid(-1, WNOHANG); child; child = waitpid(-1, WNOHANG)) {
      if (this.#watched.has(child.pid)) this.#tell(child.pid, exitOf(child.status));
      else this.#strays.set(child.pid, exitOf(child.status));
    }
  }

  /** How a process ended that was swept away before its runtime told us that it is a task's program. */
  strayExit(pid: number): ExitStatus | undefined {
    return this.#strays.get(pid);
  }

  /** No runtime is at work: the pids of strays mean nothing any more. */
  forgetStrays(): void {
    this.#strays.clear();
  }

  /** The pidfd says that the process has ended; if it is a child, waitpid knows how. */
  #collect(pid: number): void {
    const child = waitpid(pid, WNOHANG);
    if (child) return this.#tell(pid, exitOf(child.status));
    const watched = this.#watched.get(pid);
    if (!watched) return undefined;
    this.#loop.unwatch(watched.pidfd); // it stays readable
    return this.#askAgain(pid, watched, performance.now() + foreignParentMs);
  }

  /**
   * It is somebody else's child. For a moment that is a process of the runtime which has not come to its own end yet: a
   * program that is over at once becomes ours only then. For good it is PID 1, or whoever reaps in the program's place:
   * the kernel (6.15) then keeps the exit status for pidfds.
   */
  #askAgain(pid: number, watched: Watched, deadlineMs: number): void {
    if (this.#watched.get(pid) !== watched) return undefined; // a sweep was quicker, and its pidfd is closed
    const child = waitpid(pid, WNOHANG);
    if (child) return this.#tell(pid, exitOf(child.status));
    const reaped = isReaped(watched.pidfd); // asked first: in between it could have become so
    const exit = pidfdExitStatus(watched.pidfd);
    if (exit || reaped || performance.now() > deadlineMs) return this.#tell(pid, exit);
    this.#loop.after(foreignPollMs, () => this.#askAgain(pid, watched, deadlineMs));
    return undefined;
  }

  #tell(pid: number, exit: ExitStatus | undefined): void {
    const watched = this.#watched.get(pid);
    if (!watched) return;
    this.#watched.delete(pid);
    this.#loop.unwatch(watched.pidfd);
    watched.ended(exit);
  }
}

function isReaped(pidfd: number): boolean {
  try {
    pidfdSendSignal(pidfd, 0);
    return false;
  } catch (err) {
    if (failedWith(err, "ESRCH")) return true;
    throw err;
  }
}
