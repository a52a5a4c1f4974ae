// Bytes for somebody who reads at a pace of its own.
import { failedWith } from "../sys/errno.ts";
import { EPOLLOUT } from "../sys/epoll.ts";
import { setNonBlocking, write } from "../sys/file.ts";
import type { Loop } from "./loop.ts";

/** Writes `bytes` into a pipe as fast as its reader takes them, and closes it; sooner with the function returned. */
export function feed(loop: Loop, fd: number, bytes: Uint8Array): () => void {
  let at = 0;
  let isOpen = true;
  const stop = (): void => {
    if (isOpen) loop.close(fd);
    isOpen = false;
  };
  setNonBlocking(fd);
  loop.watch(fd, EPOLLOUT, () => {
    try {
      at += (at < bytes.length ? write(fd, bytes, at) : 0) ?? 0;
    } catch (err) {
      if (!failedWith(err, "EPIPE")) throw err;
      at = bytes.length; // it does not want to read more
    }
    if (at === bytes.length) stop();
  });
  return stop;
}
