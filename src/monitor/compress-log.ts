// gzip for log files put aside: in a process of its own, since it takes seconds and the loop must not wait.
import { readFileSync, readSync, writeSync } from "node:fs";
import { setPriority } from "node:os";
import { gzipSync } from "node:zlib";
import { closeFd, O_CREAT, O_RDONLY, O_TRUNC, O_WRONLY, openFile } from "../sys/file.ts";
import { pidfdOpen } from "../sys/pidfd.ts";
import { posixSpawn } from "../sys/spawn.ts";
import type { Context } from "./context.ts";
import type { Compress } from "./log-file.ts";

/** What this program is called with to compress its stdin to its stdout. */
export const compressFlag = "--compress";

const pieceBytes = 1 << 20;
const leastPriority = 19;
const compressedMode = 0o640;
const [stdinFd, stdoutFd, stderrFd] = [0, 1, 2];

/** Calls this very program again, as it was called to become the monitor, to be the other process. */
export function compressByChild({ loop, reaper }: Pick<Context, "loop" | "reaper">): Compress {
  const words = readFileSync("/proc/self/cmdline", "utf8").split("\0");
  const argv = [...words.slice(0, words.indexOf("monitor") + 1), compressFlag];
  const env = process.env as Record<string, string>;
  return (source, target, done) => {
    // Opened here: by the time the child runs, a rotation may have given the name to another file.
    const input = openFile(source, O_RDONLY);
    const output = openFile(target, O_WRONLY | O_CREAT | O_TRUNC, compressedMode);
    let pid: number;
    try {
      pid = posixSpawn({ path: process.execPath, argv, env, stdio: [input, output, stderrFd], setsid: true });
    } finally {
      closeFd(input);
      closeFd(output);
    }
    const pidfd = pidfdOpen(pid);
    reaper.watch(pid, pidfd, (exit) => {
      loop.close(pidfd);
      done(exit?.exitCode === 0);
    });
  };
}

/** What that process does. */
export function compressStdin(): void {
  setPriority(leastPriority);
  const piece = Buffer.alloc(pieceBytes);
  // One gzip member after the other: every gunzip reads them as one stream, and no piece needs the ones before.
  for (let got = readSync(stdinFd, piece); got > 0; got = readSync(stdinFd, piece)) {
    const member = gzipSync(piece.subarray(0, got));
    for (let at = 0; at < member.length;) at += writeSync(stdoutFd, member, at);
  }
}
