// Named pipes: how a container's output outlives whoever reads it.
import type { Path } from "./errno.ts";
import { check, cString, libc } from "./libc.ts";

/** Makes a FIFO. `mode` is subject to the umask. EEXIST if the name is taken. */
export function mkfifo(path: Path, mode: number): void {
  check(libc.mkfifo(cString(path), mode), "mkfifo", path);
}
