// Extended attributes. The l… functions take the last component itself when it is a symbolic link; for an entry opened
// with O_PATH, name it `/proc/self/fd/FD` of its folder plus the name (fsetxattr refuses O_PATH descriptors).
import { failedWith, type Path } from "./errno.ts";
import { check, checkUninterrupted, cString, libc } from "./libc.ts";

/** The value; `undefined` when the file has no such attribute or its file system has none at all. */
export function lgetxattr(path: Path, name: string): Uint8Array | undefined {
  const [file, key] = [cString(path), cString(name)];
  return sized((buffer, size) => libc.lgetxattr(file, key, buffer, size), "lgetxattr", path);
}

export function fgetxattr(fd: number, name: string): Uint8Array | undefined {
  const key = cString(name);
  return sized((buffer, size) => libc.fgetxattr(fd, key, buffer, size), "fgetxattr");
}

export function lsetxattr(path: Path, name: string, value: Uint8Array): void {
  check(libc.lsetxattr(cString(path), cString(name), orNull(value), value.length, 0), "lsetxattr", path);
}

export function fsetxattr(fd: number, name: string, value: Uint8Array): void {
  check(libc.fsetxattr(fd, cString(name), orNull(value), value.length, 0), "fsetxattr");
}

/** The names of all attributes; none where the file system has no such thing. */
export function llistxattr(path: Path): string[] {
  const file = cString(path);
  return namesIn(sized((buffer, size) => libc.llistxattr(file, buffer, size), "llistxattr", path));
}

export function flistxattr(fd: number): string[] {
  return namesIn(sized((buffer, size) => libc.flistxattr(fd, buffer, size), "flistxattr"));
}

/** Fine when there is no such attribute. */
export function lremovexattr(path: Path, name: string): void {
  try {
    check(libc.lremovexattr(cString(path), cString(name)), "lremovexattr", path);
  } catch (err) {
    if (!failedWith(err, "ENODATA")) throw err;
  }
}

/** Names come one after the other, each ended by a NUL. */
function namesIn(list: Uint8Array | undefined): string[] {
  return list === undefined ? [] : Buffer.from(list).toString().split("\0").slice(0, -1);
}

/** No memory has no address: an empty value is given as NULL with size 0. */
function orNull(value: Uint8Array): Uint8Array | null {
  return value.length === 0 ? null : value;
}

type Fill = (buffer: Uint8Array | null, sizeBytes: number) => number | bigint;

/** Most values fit the first guess; a longer one is asked for its size, again if it grew in between. */
function sized(fill: Fill, syscall: string, path?: Path): Uint8Array | undefined {
  let buffer = new Uint8Array(256);
  for (;;) {
    const target = buffer;
    try {
      const length = checkUninterrupted(() => fill(target, target.length), syscall, path);
      return target.subarray(0, length);
    } catch (err) {
      if (failedWith(err, "ENODATA", "EOPNOTSUPP")) return undefined;
      if (!failedWith(err, "ERANGE")) throw err;
      buffer = new Uint8Array(
        Math.max(
          1,
          checkUninterrupted(() => fill(null, 0), syscall, path),
        ),
      );
    }
  }
}
