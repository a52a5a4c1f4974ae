// How much memory JavaScriptCore may waste in the processes that live for ever. It sizes its heap by the machine's memory:
// on a large one, tens of MiB of garbage pile up before it looks. Its options are read from the environment, once, before
// any of our code runs.
//
// Measured over cycles, 200 MB of logs written and read, and as much input (sum of the processes' peaks of resident memory,
// then the processor's time of the daemon and of the monitor): as it comes 213 MiB, 5.5 s, 3.0 s; with these 160 MiB,
// 6.5 s, 3.3 s. A smaller share for the daemon costs twice the time and gains little.

/** The daemon's heap is sized as if the machine had so many bytes of memory. */
const daemonOptions = { BUN_JSC_forceRAMSize: String(128 << 20) };

/** The monitor allocates little, and nothing in it waits for the event loop that would tell the collector to run. */
export const monitorHeapOptions = { BUN_JSC_forceMiniVMMode: "1" };

/**
 * Starts the running program again, as the same process, with the daemon's options in its environment; returns when they
 * are there. Children do not inherit them. Takes some milliseconds.
 */
export function takeDaemonHeapOptions(): void {
  const names = Object.keys(daemonOptions);
  if (names.every((name) => process.env[name] !== undefined)) {
    for (const name of names) delete process.env[name];
    return;
  }
  // Compiled, argv[1] is a path inside the executable and not an argument.
  const args = process.argv.slice(process.argv[1]?.startsWith("/$bunfs/") ? 2 : 1);
  process.execve?.(process.execPath, [process.execPath, ...args], { ...process.env, ...daemonOptions });
}
