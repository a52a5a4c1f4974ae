// Threads for what would hold the main one up. The other side is thread-main.ts.
import { Worker } from "node:worker_threads";
import { InvalidParameterError, SystemError } from "../base/errors.ts";
import { Limiter } from "../base/limiter.ts";

/** What a thread says of the job that it was given: how far it is, or how it ended. */
export type Report<Result> =
  | { readonly kind: "progress"; readonly value: number }
  | { readonly kind: "done"; readonly result: Result }
  | { readonly kind: "failed"; readonly isInvalid: boolean; readonly message: string };

export type JobOptions = {
  /** Memory that goes over to the thread. */
  readonly moved?: readonly ArrayBuffer[];
  readonly onProgress?: (value: number) => void;
  /** Leaves the queue. A job that has begun is ended by its own means, not by this. */
  readonly signal?: AbortSignal;
};

/** Starting a thread takes some milliseconds; one that waits holds memory. */
const keptMs = 3000;

/** What a thread is sent. */
export type Order = { readonly kind: string; readonly job: unknown };

/** Those that wait for work of any kind. */
export class ThreadPool {
  readonly #idle: Worker[] = [];
  #closing: ReturnType<typeof setTimeout> | undefined;

  take(): Worker {
    return this.#idle.pop() ?? this.#start();
  }

  give(worker: Worker): void {
    this.#idle.push(worker);
    clearTimeout(this.#closing);
    this.#closing = setTimeout(() => {
      for (const idle of this.#idle.splice(0)) void idle.terminate();
    }, keptMs);
    this.#closing.unref();
  }

  #start(): Worker {
    const worker = startWorker();
    worker.on("error", () => {}); // whoever waits for it hears of it
    worker.on("exit", () => {
      const at = this.#idle.indexOf(worker);
      if (at >= 0) this.#idle.splice(at, 1);
    });
    return worker;
  }
}

/** The threads that do one kind of work. */
export class Threads<Job, Result> {
  readonly #pool: ThreadPool;
  readonly #kind: string;
  readonly #turns: Limiter;

  /** @param most so many at once. */
  constructor(pool: ThreadPool, kind: string, most: number) {
    this.#pool = pool;
    this.#kind = kind;
    this.#turns = new Limiter(most);
  }

  /** @throws InvalidParameterError or SystemError, as the thread failed. */
  async run(job: Job, { moved = [], onProgress, signal }: JobOptions = {}): Promise<Result> {
    return await this.#turns.run(async () => {
      const worker = this.#pool.take();
      const report = await ask<Result>(worker, { kind: this.#kind, job }, moved, onProgress);
      this.#pool.give(worker);
      if (report.kind === "done") return report.result;
      throw new (report.isInvalid ? InvalidParameterError : SystemError)(report.message);
    }, signal);
  }
}

type Ended<Result> = Exclude<Report<Result>, { readonly kind: "progress" }>;

/** @throws SystemError when the thread itself dies: then it is not used again. */
async function ask<Result>(
  worker: Worker,
  order: Order,
  moved: readonly ArrayBuffer[],
  onProgress?: (value: number) => void,
): Promise<Ended<Result>> {
  const { promise, resolve, reject } = Promise.withResolvers<Ended<Result>>();
  const onMessage = (report: Report<Result>): void =>
    report.kind === "progress" ? onProgress?.(report.value) : resolve(report);
  const onError = (cause: unknown): void => reject(new SystemError("a thread of ours died", { cause }));
  const onExit = (): void => onError(undefined);
  worker.on("message", onMessage).on("error", onError).on("exit", onExit);
  worker.postMessage(order, [...moved]);
  try {
    return await promise;
  } finally {
    worker.off("message", onMessage).off("error", onError).off("exit", onExit);
  }
}

/** The executable holds the file by its path in the sources: scripts/build.ts names it. */
function startWorker(): Worker {
  const isCompiled = import.meta.dir.startsWith("/$bunfs");
  const worker = new Worker(
    isCompiled ? "./src/storage/thread-main.ts" : new URL("thread-main.ts", import.meta.url),
  );
  worker.unref();
  return worker;
}
