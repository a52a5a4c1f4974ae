// The size of the user's terminal, followed by the container's.

import type { Streams, WindowSize } from "../streams.ts";

/** The size of the terminal on stdout; undefined where stdout is none, or one that does not know its size. */
export async function outputSize({ stdout }: Pick<Streams, "stdout">): Promise<WindowSize | undefined> {
  const size = await stdout.windowSize();
  return size !== undefined && size.rows > 0 && size.columns > 0 ? size : undefined;
}

/**
 * Tells the container's terminal the size of ours, now and whenever it changes or we go on after a stop. The first call
 * may come before the program has its terminal, so it is repeated for a moment, as Docker does.
 *
 * @returns stops following.
 */
export function followSize(streams: Streams, resize: (size: WindowSize) => Promise<void>): () => void {
  const following = { active: true };
  const send = async (): Promise<boolean> => {
    const size = await outputSize(streams);
    if (size === undefined) return true;
    try {
      await resize(size);
      return true;
    } catch {
      // Not started yet, or just over: neither is the user's concern.
      return false;
    }
  };
  const first = async () => {
    for (let attempt = 1; attempt <= 10 && following.active && !(await send()); attempt++) {
      await Bun.sleep(attempt * 10);
    }
  };
  const changed = () => void send();
  void first();
  const undo = [streams.onSignal("SIGWINCH", changed), streams.onSignal("SIGCONT", changed)];
  return () => {
    following.active = false;
    for (const stop of undo) stop();
  };
}
