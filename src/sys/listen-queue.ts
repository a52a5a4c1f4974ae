// The queue of connections that wait to be accepted. Bun listens with 512 whatever it is told; a client that connects
// while it is full is turned away (EAGAIN on unix sockets). A second listen(2) makes it longer.
import { readdirSync } from "node:fs";
import { check, libc } from "./libc.ts";

const SOL_SOCKET = 1;
/** socket(7): whether a socket listens. */
const SO_ACCEPTCONN = 30;
/** What Go's servers ask for: the kernel cuts it to net.core.somaxconn, which is 4096 since Linux 5.4. */
const queueLength = 4096;

/** For all sockets that this process listens on. */
export function lengthenListenQueues(): void {
  for (const fd of readdirSync("/proc/self/fd").map(Number))
    if (isListening(fd)) check(libc.listen(fd, queueLength), "listen");
}

/** `false` also for what is no socket, or closed meanwhile: the folder's own descriptor is. */
function isListening(fd: number): boolean {
  const value = new Int32Array(1);
  const length = new Uint32Array([value.byteLength]);
  return libc.getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, value, length) === 0 && value[0] === 1;
}
