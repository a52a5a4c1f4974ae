// Giving memory back that this process does not need at the moment.
import { readFileSync } from "node:fs";
import { whenQuiet, type QuietWork } from "../base/when-quiet.ts";
import { check, libc } from "./libc.ts";

const MADV_DONTNEED = 4;

const collectAfterMs = 700;
const collectLatestMs = 10_000;
const releaseAfterMs = 10_000;

/**
 * Keeps a process that lives for ever small: garbage goes 0.7 s after the last activity (and every ten seconds while
 * there is no pause), compiled code and the program's own pages ten seconds after it. Code that is compiled anew costs the next
 * request 5 ms: a pause between two requests must not.
 * @returns what is to be called at each activity.
 */
export function keepMemorySmall(time: Pick<QuietWork, "nowMs" | "later">): () => void {
  const collecting = whenQuiet({
    ...time,
    quietMs: collectAfterMs,
    latestMs: collectLatestMs,
    work: () => Bun.gc(false),
  });
  const releasing = whenQuiet({
    ...time,
    quietMs: releaseAfterMs,
    latestMs: Infinity,
    work: () => {
      collectGarbage();
      releaseProgramPages();
    },
  });
  return () => {
    collecting();
    releasing();
  };
}

/** A full collection, done when it returns: 4 to 30 ms. All compiled code goes too. */
export function collectGarbage(): void {
  Bun.gc(true);
}

/**
 * Unmaps the pages of the program's own file that nobody has written to: code and constants, most of which only the start
 * needed. Those in use come back from the page cache as they are touched, 64 KiB at a time: about a millisecond in all.
 */
export function releaseProgramPages(): void {
  for (const { start, sizeBytes } of cleanProgramMappings(readFileSync("/proc/self/smaps", "latin1")))
    check(libc.madvise(start, sizeBytes, MADV_DONTNEED), "madvise");
}

type Mapping = { readonly start: number; readonly sizeBytes: number };

/**
 * The mappings of proc_pid_smaps(5) text that are of the executable (the first one's file), cannot be written to, and hold
 * no page of this process's own, such as the loader's relocations leave: for those DONTNEED would bring back the file's bytes.
 */
export function cleanProgramMappings(smaps: string): Mapping[] {
  const sections = smaps.split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m);
  const headers = /^([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ (\d+) *(.*)$/m;
  const program = headers.exec(sections[0] ?? "")?.[4];
  return sections.flatMap((section) => {
    const [, from = "", to = "", access = "", inode] = headers.exec(section) ?? [];
    const start = Number.parseInt(from, 16);
    const isClean = /^Anonymous: +0 kB$/m.test(section);
    if (inode !== program || inode === "0" || access.includes("w") || !isClean) return [];
    return [{ start, sizeBytes: Number.parseInt(to, 16) - start }];
  });
}
