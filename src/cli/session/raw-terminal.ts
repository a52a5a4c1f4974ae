// Raw mode of the terminal on stdin: whatever ends or stops us, the user gets the terminal back.

import { makeRaw, restoreTerminal } from "../../sys/pty.ts";

/** @returns ends raw mode; more than once does no harm. */
export function rawTerminal(): () => void {
  const usual = makeRaw(0);
  let raw = true;
  const leave = () => {
    if (raw) restoreTerminal(0, usual);
    raw = false;
  };
  // In raw mode Ctrl-Z is a byte for the program inside; `kill -TSTP` and job control still stop us.
  const suspend = () => {
    leave();
    process.kill(process.pid, "SIGSTOP");
  };
  const resume = () => {
    makeRaw(0);
    raw = true;
  };
  process.on("exit", leave);
  process.on("SIGTSTP", suspend);
  process.on("SIGCONT", resume);
  const ends = (
    [
      ["SIGHUP", 1],
      ["SIGTERM", 15],
    ] as const
  ).flatMap(([signal, number]) => {
    // Where they are passed on to the program, its end is ours.
    if (process.listenerCount(signal) > 0) return [];
    const end = () => process.exit(128 + number);
    process.on(signal, end);
    return [() => void process.off(signal, end)];
  });
  return () => {
    process.off("exit", leave);
    process.off("SIGTSTP", suspend);
    process.off("SIGCONT", resume);
    for (const undo of ends) undo();
    leave();
  };
}
