// The program's stdin, stdout and stderr.
import { fstatSync, fchownSync } from "node:fs";
import { isatty } from "node:tty";
import { closeFd, duplicateTo } from "../sys/file.ts";
import { sendFd } from "../sys/pass-fd.ts";
import { newSession } from "../sys/process.ts";
import { openPty, setWindowSize, takeAsControllingTerminal, type WindowSize } from "../sys/pty.ts";

/** Pipes and terminals become the user's, who may then open /dev/stdout again, as runtimes do it. Not files, nor /dev/null. */
export function giveStdioTo(uid: number): void {
  for (const fd of [0, 1, 2]) {
    const { uid: owner, gid, mode } = fstatSync(fd);
    const isPipe = (mode & 0o170000) === 0o010000;
    if (owner === uid || !(isPipe || isatty(fd))) continue;
    try {
      fchownSync(fd, uid, gid);
    } catch {
      // Without CAP_CHOWN, or from a file system that has no owners: the open descriptors work all the same.
    }
  }
}

/** A terminal of this container for stdio and the session; its master goes to whoever listens on `socket`. */
export function sendTerminal(socket: number, size: WindowSize | undefined): void {
  const { master, slave } = openPty();
  if (size !== undefined) setWindowSize(master, size);
  newSession();
  takeAsControllingTerminal(slave);
  sendFd(socket, master);
  for (const fd of [0, 1, 2]) duplicateTo(slave, fd);
  for (const fd of [master, slave, socket]) closeFd(fd);
}
