// The user's terminal: whether there is one, its size, raw mode. Loaded only where a terminal matters.

import { makeRaw, restoreTerminal, windowSize } from "../../sys/pty.ts";
import type { WindowSize } from "../../sys/pty.ts";

export function isTerminal(fd: 0 | 1 | 2): boolean {
  return windowSize(fd) !== undefined;
}

/** The size of the terminal on stdout; undefined where stdout is none, or one that does not know its size. */
export function outputSize(): WindowSize | undefined {
  const size = windowSize(1);
  return size !== undefined && size.rows > 0 && size.columns > 0 ? size : undefined;
}

/** Raw mode on stdin, where it is a terminal, until the returned function is called (more than once does no harm). */
export function rawInput(): () => void {
  if (!isTerminal(0)) return () => undefined;
  let before: ReturnType<typeof makeRaw> | undefined = makeRaw(0);
  const restore = () => {
    if (before !== undefined) restoreTerminal(0, before);
    before = undefined;
  };
  // Whatever ends us, the user gets the terminal back.
  process.on("exit", restore);
  for (const [signal, number] of [
    ["SIGHUP", 1],
    ["SIGTERM", 15],
  ] as const) {
    process.once(signal, () => process.exit(128 + number));
  }
  return restore;
}

/**
 * Tells the container's terminal the size of ours, now and whenever it changes. The first call may come before the
 * program has its terminal, so it is repeated for a moment, as Docker does.
 *
 * @returns stops following.
 */
export function followSize(resize: (size: WindowSize) => Promise<void>): () => void {
  const following = { active: true };
  const send = async (): Promise<boolean> => {
    const size = outputSize();
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
  process.on("SIGWINCH", changed);
  return () => {
    following.active = false;
    process.off("SIGWINCH", changed);
  };
}
