// What the kernel says of a process.
import { readFileSync } from "node:fs";

/** A zombie has ended: whether somebody collects it is not ours to say. One that is ending loses its command line before. */
export function hasEnded(pid: number): boolean {
  try {
    return /\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return true;
  }
}
