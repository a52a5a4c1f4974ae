// gzip for log files put aside: in a process of its own, since it takes seconds and the loop must not wait.
import { readFileSync, readSync, openSync, closeSync, writeSync } from "node:fs";
import { setPriority } from "node:os";
import { gzipSync } from "node:zlib";
import { pidfdOpen } from "../sys/pidfd.ts";
import { posixSpawn } from "../sys/spawn.ts";
import type { Context } from "./context.ts";
import type { Compress } from "./log-file.ts";

export const compressFlag = "--compress";

const pieceBytes = 1 << 20;
const leastPriority = 19;

/** Calls this very program again, as it was called to become the monitor, to be the other process. */
export function compressByChild({ loop, reaper, log }: Pick<Context, "loop" | "reaper" | "log">): Compress {
  const words = readFileSync("/proc/self/cmdline", "utf8").split("\0");
  const own = words.slice(0, words.indexOf("monitor") + 1);
  return (source, target, done) => {
    const argv = [...own, compressFlag, source, target];
    const env = process.env as Record<string, string>;
    const pid = posixSpawn({ path: process.execPath, argv, env, stdio: ["null", 2, 2], setsid: true });
    const pidfd = pidfdOpen(pid);
    reaper.watch(pid, pidfd, (exit) => {
      loop.close(pidfd);
      if (exit?.exitCode !== 0) log.warn("compression ended with an error", { path: source });
      done(exit?.exitCode === 0);
    });
  };
}

/** What that process does. The file may be renamed meanwhile: it is open. */
export function compressLog(source: string, target: string): void {
  setPriority(leastPriority);
  const input = openSync(source, "r");
  const output = openSync(target, "w", 0o640);
  const piece = Buffer.alloc(pieceBytes);
  // One gzip member after the other: every gunzip reads them as one stream, and no piece needs the ones before.
  for (let got = readSync(input, piece); got > 0; got = readSync(input, piece))
    writeSync(output, gzipSync(piece.subarray(0, got)));
  closeSync(output);
  closeSync(input);
}
