// Netlink sockets (netlink(7)): datagrams to and from the kernel. What is in them is src/netlink's business.
import { ptr } from "bun:ffi";
import { errnoOf, SyscallError } from "./errno.ts";
import { closeFd, O_CLOEXEC } from "./file.ts";
import { check, checkUninterrupted, lastErrno, libc } from "./libc.ts";

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOL_NETLINK = 270;
/** struct sockaddr_nl: family, padding, port id (0: the kernel chooses), groups as bits. */
const sockaddrNlBytes = 12;
const NETLINK_CAP_ACK = 10;
const NETLINK_EXT_ACK = 11;
const MSG_TRUNC = 0x20;
const MSG_DONTWAIT = 0x40;

export const NETLINK_ROUTE = 0;
export const NETLINK_NETFILTER = 12;

/**
 * A close-on-exec socket bound to the network namespace that this thread is in now, for ever.
 * Acknowledgements come without a copy of the request and with the kernel's words on what was wrong.
 */
export function openNetlinkSocket(protocol: number): number {
  const fd = check(libc.socket(AF_NETLINK, SOCK_RAW | O_CLOEXEC, protocol), "socket");
  try {
    const on = Int32Array.of(1);
    for (const option of [NETLINK_CAP_ACK, NETLINK_EXT_ACK])
      check(libc.setsockopt(fd, SOL_NETLINK, option, on, on.byteLength), "setsockopt");
    return fd;
  } catch (err) {
    closeFd(fd);
    throw err;
  }
}

/**
 * From here on the socket also gets what the kernel tells all members of the group. Before anything is sent: a socket without
 * an address of its own (port id 0) would count as the kernel's, which is not told what it tells itself.
 */
export function joinNetlinkGroup(fd: number, group: number): void {
  const address = new DataView(new ArrayBuffer(sockaddrNlBytes));
  address.setUint16(0, AF_NETLINK, true);
  address.setUint32(8, 1 << (group - 1), true);
  check(libc.bind(fd, new Uint8Array(address.buffer), sockaddrNlBytes), "bind");
}

/** Sends one datagram to the kernel, which works it off before this returns. */
export function sendDatagram(fd: number, bytes: Uint8Array): void {
  checkUninterrupted(() => libc.send(fd, bytes, bytes.length, 0), "send");
}

/**
 * Takes the next datagram, never waiting: the kernel queues its answer before `sendDatagram` returns.
 * @returns its length; `undefined` when there is none. EMSGSIZE when it did not fit into `buffer`.
 */
export function receiveDatagram(fd: number, buffer: Uint8Array): number | undefined {
  for (;;) {
    const got = Number(libc.recv(fd, ptr(buffer), buffer.length, MSG_DONTWAIT | MSG_TRUNC));
    if (got > buffer.length) throw new SyscallError("recv", errnoOf("EMSGSIZE"));
    if (got !== -1) return got;
    const errno = lastErrno();
    if (errno === errnoOf("EAGAIN")) return undefined;
    if (errno !== errnoOf("EINTR")) throw new SyscallError("recv", errno);
  }
}
