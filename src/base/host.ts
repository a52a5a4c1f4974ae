// The outside world that verbs are given as their first argument: clock, random bytes and log.
// The only file that reads the real clock and the real source of randomness.
import { randomBytes } from "node:crypto";
import type { Log } from "./log.ts";

export type Clock = {
  /** Wall-clock time. */
  now(): Date;
  /** Milliseconds from a fixed point that never jumps; for measuring durations only. */
  monotonicMs(): number;
  /** Resolves after `ms`, or rejects with the signal's reason. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
};

export type Random = {
  /** `bytes` random bytes as lower-case hex: `hex(32)` is a container id. */
  hex(bytes: number): string;
  /** An integer in [0, below). */
  below(below: number): number;
};

export type Host = {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
};

const realClock: Clock = {
  now: () => new Date(),
  monotonicMs: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error);
      const stop = (): void => {
        clearTimeout(timer);
        reject(signal?.reason as Error);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener("abort", stop);
        resolve();
      }, ms);
      signal?.addEventListener("abort", stop, { once: true });
      return undefined;
    }),
};

const realRandom: Random = {
  hex: (bytes) => randomBytes(bytes).toString("hex"),
  below: (below) => randomBytes(4).readUInt32LE() % below,
};

export function realHost(log: Log): Host {
  return { clock: realClock, random: realRandom, log };
}
