// Named points at which a crash test makes this process die as `kill -9` would: no clean-up, no exit handlers.

const wanted = process.env["SAMPAN_CRASH_POINT"];

/** Does nothing unless the environment variable SAMPAN_CRASH_POINT named this point when the process started. */
export function crashPoint(name: string): void {
  if (wanted === name) process.kill(process.pid, "SIGKILL");
}
