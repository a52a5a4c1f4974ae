// What a failed system call says: its name, its errno and the path it was about.
import { getSystemErrorMap } from "node:util";
import { SystemError } from "../base/errors.ts";

/** Linux errno values by name, as on every architecture that uses asm-generic/errno.h (x86-64 and arm64 do). */
const numbers = {
  EPERM: 1,
  ENOENT: 2,
  ESRCH: 3,
  EINTR: 4,
  EIO: 5,
  ENXIO: 6,
  E2BIG: 7,
  ENOEXEC: 8,
  EBADF: 9,
  ECHILD: 10,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  EFAULT: 14,
  ENOTBLK: 15,
  EBUSY: 16,
  EEXIST: 17,
  EXDEV: 18,
  ENODEV: 19,
  ENOTDIR: 20,
  EISDIR: 21,
  EINVAL: 22,
  ENFILE: 23,
  EMFILE: 24,
  ENOTTY: 25,
  ETXTBSY: 26,
  EFBIG: 27,
  ENOSPC: 28,
  ESPIPE: 29,
  EROFS: 30,
  EMLINK: 31,
  EPIPE: 32,
  EDOM: 33,
  ERANGE: 34,
  EDEADLK: 35,
  ENAMETOOLONG: 36,
  ENOLCK: 37,
  ENOSYS: 38,
  ENOTEMPTY: 39,
  ELOOP: 40,
  ENOMSG: 42,
  ENODATA: 61,
  EPROTO: 71,
  EBADMSG: 74,
  EOVERFLOW: 75,
  EBADFD: 77,
  EILSEQ: 84,
  EUSERS: 87,
  ENOTSOCK: 88,
  EDESTADDRREQ: 89,
  EMSGSIZE: 90,
  EPROTOTYPE: 91,
  ENOPROTOOPT: 92,
  EPROTONOSUPPORT: 93,
  ESOCKTNOSUPPORT: 94,
  EOPNOTSUPP: 95,
  EPFNOSUPPORT: 96,
  EAFNOSUPPORT: 97,
  EADDRINUSE: 98,
  EADDRNOTAVAIL: 99,
  ENETDOWN: 100,
  ENETUNREACH: 101,
  ENETRESET: 102,
  ECONNABORTED: 103,
  ECONNRESET: 104,
  ENOBUFS: 105,
  EISCONN: 106,
  ENOTCONN: 107,
  ESHUTDOWN: 108,
  ETOOMANYREFS: 109,
  ETIMEDOUT: 110,
  ECONNREFUSED: 111,
  EHOSTDOWN: 112,
  EHOSTUNREACH: 113,
  EALREADY: 114,
  EINPROGRESS: 115,
  ESTALE: 116,
  EUCLEAN: 117,
  EDQUOT: 122,
  ENOMEDIUM: 123,
  EMEDIUMTYPE: 124,
  ECANCELED: 125,
  ENOKEY: 126,
  EKEYEXPIRED: 127,
  EKEYREVOKED: 128,
  EKEYREJECTED: 129,
  EOWNERDEAD: 130,
  ENOTRECOVERABLE: 131,
  ERFKILL: 132,
  EHWPOISON: 133,
} as const;

export type ErrnoName = keyof typeof numbers;

/** The C library's sentence for each errno, negated. Asked once: the call builds a new map every time. */
const sentences = getSystemErrorMap();
const names = new Map<number, string>(Object.entries(numbers).map(([name, errno]) => [errno, name]));

export function errnoOf(name: ErrnoName): number {
  return numbers[name];
}

/** `ENOENT` for 2; `E200` for a number that has no name here. */
export function errnoName(errno: number): string {
  return names.get(errno) ?? `E${errno}`;
}

/** A path as text or, where it comes from a foreign archive, as the raw bytes that a Linux path is. */
export type Path = string | Uint8Array;

/**
 * A system call failed. `code` is the name to branch on; `path` is there when the call was about one.
 * The message reads `mount /a/b: no such device (ENODEV)`.
 */
export class SyscallError extends SystemError {
  readonly syscall: string;
  readonly errno: number;
  readonly code: string;
  readonly path: string | undefined;

  constructor(syscall: string, errno: number, path?: Path) {
    const code = errnoName(errno);
    const text = typeof path === "object" ? Buffer.from(path).toString() : path;
    const subject = text === undefined ? syscall : `${syscall} ${text}`;
    const said = sentences.get(-errno)?.[1];
    super(said === undefined ? `${subject}: ${code}` : `${subject}: ${said} (${code})`);
    this.syscall = syscall;
    this.errno = errno;
    this.code = code;
    this.path = text;
  }
}

/** Whether `err` is a system call that failed with one of these codes. */
export function failedWith(err: unknown, ...codes: readonly ErrnoName[]): err is SyscallError {
  return err instanceof SyscallError && codes.some((code) => numbers[code] === err.errno);
}
