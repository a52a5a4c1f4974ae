// What Bun leaves undone for the sockets that it listens on.
import { readdirSync } from "node:fs";
import { check, libc } from "./libc.ts";

const SOL_SOCKET = 1;
const SO_DOMAIN = 39;
const SO_KEEPALIVE = 9;
/** socket(7): whether a socket listens. */
const SO_ACCEPTCONN = 30;
const AF_UNIX = 1;
const IPPROTO_TCP = 6;
const TCP_KEEPIDLE = 4;
const TCP_KEEPINTVL = 5;

/** What Go's servers ask for: the kernel cuts it to net.core.somaxconn, which is 4096 since Linux 5.4. */
const queueLength = 4096;
/** As Go has it. */
const keepAliveSeconds = 15;

/**
 * For all sockets that this process listens on. Their queue of connections that wait to be accepted is made longer: Bun
 * takes 512 whatever it is told, and who connects while it is full is turned away (EAGAIN on unix sockets). On tcp a peer
 * that vanishes without a word is noticed: accepted sockets inherit SO_KEEPALIVE and its times.
 */
export function prepareListeningSockets(): void {
  for (const fd of readdirSync("/proc/self/fd").map(Number)) {
    if (option(fd, SO_ACCEPTCONN) !== 1) continue;
    check(libc.listen(fd, queueLength), "listen");
    if (option(fd, SO_DOMAIN) === AF_UNIX) continue;
    setOption(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    setOption(fd, IPPROTO_TCP, TCP_KEEPIDLE, keepAliveSeconds);
    setOption(fd, IPPROTO_TCP, TCP_KEEPINTVL, keepAliveSeconds);
  }
}

/** `undefined` for what is no socket, or closed meanwhile: the descriptor of the folder itself is. */
function option(fd: number, name: number): number | undefined {
  const value = new Int32Array(1);
  const length = new Uint32Array([value.byteLength]);
  return libc.getsockopt(fd, SOL_SOCKET, name, value, length) === 0 ? value[0] : undefined;
}

function setOption(fd: number, level: number, name: number, value: number): void {
  check(libc.setsockopt(fd, level, name, Int32Array.of(value), 4), "setsockopt");
}
