// Work that can wait for a quiet moment, such as collecting garbage: done once after each time of activity, and no timer
// runs while nothing happens.

export type QuietWork = {
  /** So long without activity is quiet. */
  readonly quietMs: number;
  /** Without a quiet moment it is done all the same, so long after the activity began. */
  readonly latestMs: number;
  readonly nowMs: () => number;
  readonly later: (ms: number, run: () => void) => unknown;
  readonly work: () => void;
};

/** @returns what is to be called at each activity; it costs a look at the clock. */
export function whenQuiet({ quietMs, latestMs, nowMs, later, work }: QuietWork): () => void {
  let beganMs: number | undefined;
  let lastMs = 0;
  const look = (): void => {
    const now = nowMs();
    const quietAtMs = Math.min(lastMs + quietMs, (beganMs ?? now) + latestMs);
    if (now < quietAtMs) return void later(quietAtMs - now, look);
    beganMs = undefined;
    return work();
  };
  return () => {
    lastMs = nowMs();
    if (beganMs !== undefined) return;
    beganMs = lastMs;
    later(Math.min(quietMs, latestMs), look);
  };
}
