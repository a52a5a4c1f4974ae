// Terminals: pairs, window sizes and raw mode.
import { ptr } from "bun:ffi";
import { errnoOf, SyscallError } from "./errno.ts";
import { closeFd, O_CLOEXEC, O_NOCTTY, O_RDWR, openFile } from "./file.ts";
import { check, lastErrno, libc } from "./libc.ts";

const TIOCGWINSZ = 0x5413;
const TIOCSWINSZ = 0x5414;
const TIOCSPTLCK = 0x40045431;
const TIOCGPTPEER = 0x5441;
const TIOCSCTTY = 0x540e;
const TIOCSPGRP = 0x5410;
const TCSANOW = 0;
/** sizeof(struct termios) is 60 in glibc: room to spare. */
const termiosBytes = 128;

export type WindowSize = { readonly rows: number; readonly columns: number };

export type PtyPair = { readonly master: number; readonly slave: number };

/** A new pseudo-terminal. The slave is opened through the master, so it is right in any mount namespace. */
export function openPty(): PtyPair {
  const master = openFile("/dev/ptmx", O_RDWR | O_NOCTTY);
  try {
    check(libc.ioctl(master, TIOCSPTLCK, ptr(new Int32Array(1))), "ioctl(TIOCSPTLCK)");
    const slave = libc.ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    return { master, slave: check(slave, "ioctl(TIOCGPTPEER)") };
  } catch (err) {
    closeFd(master);
    throw err;
  }
}

/** `undefined` when `fd` is no terminal. */
export function windowSize(fd: number): WindowSize | undefined {
  const size = new Uint16Array(4);
  if (libc.ioctl(fd, TIOCGWINSZ, ptr(size)) === -1) {
    const errno = lastErrno();
    if (errno === errnoOf("ENOTTY") || errno === errnoOf("EINVAL")) return undefined;
    throw new SyscallError("ioctl(TIOCGWINSZ)", errno);
  }
  return { rows: size[0] ?? 0, columns: size[1] ?? 0 };
}

/** The kernel tells the programs in the terminal by SIGWINCH. Either end may be given. */
export function setWindowSize(fd: number, size: WindowSize): void {
  const words = Uint16Array.of(size.rows, size.columns, 0, 0);
  check(libc.ioctl(fd, TIOCSWINSZ, ptr(words)), "ioctl(TIOCSWINSZ)");
}

/** The settings of a terminal, to be given back to `restoreTerminal`. */
export type TerminalSettings = { readonly termios: Uint8Array };

/** Every byte goes through as it is: no echo, no lines, no signals. Returns what was before; ENOTTY when `fd` is no terminal. */
export function makeRaw(fd: number): TerminalSettings {
  const before = new Uint8Array(termiosBytes);
  check(libc.tcgetattr(fd, before), "tcgetattr");
  const raw = before.slice();
  libc.cfmakeraw(raw);
  check(libc.tcsetattr(fd, TCSANOW, raw), "tcsetattr");
  return { termios: before };
}

export function restoreTerminal(fd: number, settings: TerminalSettings): void {
  check(libc.tcsetattr(fd, TCSANOW, settings.termios), "tcsetattr");
}

/** Makes `slave` the terminal of this session, which must be the process's own and have none. */
export function takeAsControllingTerminal(slave: number): void {
  check(libc.ioctl(slave, TIOCSCTTY, 0), "ioctl(TIOCSCTTY)");
}

/** Who gets the keyboard's signals. A caller in the background must ignore or block SIGTTOU (tty_ioctl(4)). */
export function setForegroundGroup(terminal: number, group: number): void {
  check(libc.ioctl(terminal, TIOCSPGRP, ptr(Int32Array.of(group))), "ioctl(TIOCSPGRP)");
}
