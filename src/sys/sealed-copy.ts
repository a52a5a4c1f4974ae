// Programs in memory that nobody can change: memfd_create(2) with every seal of fcntl(2).
import { readFileSync } from "node:fs";
import { closeFd, writeAll } from "./file.ts";
import { check, cString, libc } from "./libc.ts";

const MFD_CLOEXEC = 1;
const MFD_ALLOW_SEALING = 2;
const F_ADD_SEALS = 1033;
const F_SEAL_SEAL = 1;
const F_SEAL_SHRINK = 2;
const F_SEAL_GROW = 4;
const F_SEAL_WRITE = 8;

/**
 * A descriptor of an anonymous file with the content of the file `path`, sealed and close-on-exec. It can be executed as
 * `/proc/self/fd/<n>`. `name` shows in /proc only.
 */
export function sealedCopy(path: string, name: string): number {
  const content = readFileSync(path);
  const fd = check(libc.memfd_create(cString(name), MFD_CLOEXEC | MFD_ALLOW_SEALING), "memfd_create", path);
  try {
    writeAll(fd, content);
    check(
      libc.fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE),
      "fcntl",
      path,
    );
    return fd;
  } catch (err) {
    closeFd(fd);
    throw err;
  }
}
