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
  /** What the job works on. */
  readonly memory?: SharedArrayBuffer;
  readonly onProgress?: (value: number) => void;
  /** Leaves the queue. A job that has begun is ended by its own means, not by this. */
  readonly signal?: AbortSignal;
};

/** So many memories a thread holds at once. */
const places = 4;
/** Starting a thread takes some milliseconds; one that waits holds memory. */
const keptMs = 1000;

/**
 * What a thread is sent. `memory`: what the job works on, by the number of its place; sent when it takes the place. After a job
 * that has none all places are empty.
 */
export type Order = {
  readonly kind: string;
  readonly job: unknown;
  readonly memory?: { readonly place: number; readonly placed?: SharedArrayBuffer };
};

type Ended<Result> = Exclude<Report<Result>, { readonly kind: "progress" }>;

type Asked = {
  readonly onProgress: ((value: number) => void) | undefined;
  readonly resolve: (report: Ended<unknown>) => void;
  readonly reject: (err: Error) => void;
};

/** A thread and what it has been asked for: it does one job after the other. */
class Thread {
  readonly #worker: Worker;
  readonly #asked: Asked[] = [];
  /** Memory that the thread holds too. Each time that it is sent counts as much garbage over there as the memory has bytes. */
  readonly #placed: SharedArrayBuffer[] = [];
  #nextPlace = 0;
  #isDead = false;

  /** @param onDeath it is not to be used again. */
  constructor(onDeath: () => void) {
    this.#worker = startWorker();
    const died = (cause: unknown): void => {
      this.#isDead = true;
      for (const { reject } of this.#asked.splice(0)) reject(death(cause));
      onDeath();
    };
    this.#worker
      .on("message", (report: Report<unknown>) => this.#hear(report))
      .on("error", died)
      .on("exit", () => died(undefined));
  }

  get jobs(): number {
    return this.#asked.length;
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  /** @throws SystemError when the thread dies. */
  async ask<Result>(order: Order, { memory, onProgress }: JobOptions): Promise<Ended<Result>> {
    if (this.#isDead) throw death();
    const { promise, resolve, reject } = Promise.withResolvers<Ended<unknown>>();
    if (memory === undefined) this.#placed.length = 0;
    const sent = memory === undefined ? order : { ...order, memory: this.#placeOf(memory) };
    this.#worker.postMessage(sent, []);
    this.#asked.push({ onProgress, resolve, reject });
    return (await promise) as Ended<Result>;
  }

  #placeOf(memory: SharedArrayBuffer): Order["memory"] {
    const known = this.#placed.indexOf(memory);
    if (known >= 0) return { place: known };
    const place = this.#nextPlace;
    this.#nextPlace = (place + 1) % places;
    this.#placed[place] = memory;
    return { place, placed: memory };
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  #hear(report: Report<unknown>): void {
    if (report.kind === "progress") this.#asked[0]?.onProgress?.(report.value);
    else this.#asked.shift()?.resolve(report);
  }
}

function death(cause?: unknown): SystemError {
  return new SystemError("a thread of ours died", { cause });
}

/** Those that wait for work of any kind. */
export class ThreadPool {
  readonly #idle: Thread[] = [];
  #closing: ReturnType<typeof setTimeout> | undefined;

  take(): Thread {
    return this.#idle.pop() ?? this.#start();
  }

  give(thread: Thread): void {
    this.#idle.push(thread);
    clearTimeout(this.#closing);
    this.#closing = setTimeout(() => {
      for (const idle of this.#idle.splice(0)) void idle.end();
    }, keptMs);
    this.#closing.unref();
  }

  #start(): Thread {
    const thread = new Thread(() => {
      const at = this.#idle.indexOf(thread);
      if (at >= 0) this.#idle.splice(at, 1);
    });
    return thread;
  }
}

export type ThreadsShape = {
  /** Threads at once. */
  readonly most: number;
  /** Jobs that a thread is given before it has done the first of them, so that it need not wait for this one. */
  readonly jobsEach?: number;
};

/** The threads that do one kind of work. */
export class Threads<Job, Result> {
  readonly #pool: ThreadPool;
  readonly #kind: string;
  readonly #most: number;
  readonly #turns: Limiter;
  readonly #busy = new Set<Thread>();

  constructor(pool: ThreadPool, kind: string, { most, jobsEach = 1 }: ThreadsShape) {
    this.#pool = pool;
    this.#kind = kind;
    this.#most = most;
    this.#turns = new Limiter(most * jobsEach);
  }

  /** Whether the next job has to wait. */
  get isFull(): boolean {
    return this.#turns.isFull;
  }

  /** @throws InvalidParameterError or SystemError, as the thread failed. */
  async run(job: Job, options: JobOptions = {}): Promise<Result> {
    return await this.#turns.run(async () => {
      const thread = this.#leastBusy();
      try {
        const report = await thread.ask<Result>({ kind: this.#kind, job }, options);
        if (report.kind === "done") return report.result;
        throw new (report.isInvalid ? InvalidParameterError : SystemError)(report.message);
      } finally {
        if (thread.jobs === 0 && this.#busy.delete(thread) && !thread.isDead) this.#pool.give(thread);
      }
    }, options.signal);
  }

  #leastBusy(): Thread {
    let least: Thread | undefined;
    if (this.#busy.size === this.#most)
      for (const thread of this.#busy) if (least === undefined || thread.jobs < least.jobs) least = thread;
    const thread = least ?? this.#pool.take();
    this.#busy.add(thread);
    return thread;
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
