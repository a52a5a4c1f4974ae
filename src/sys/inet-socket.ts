// Internet sockets that only have an address: they keep a port from being taken by another program.
import { closeFd, O_CLOEXEC } from "./file.ts";
import { errnoOf, SyscallError } from "./errno.ts";
import { check, lastErrno, libc } from "./libc.ts";

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const IPPROTO_SCTP = 132;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_RCVBUF = 8;
const SHUT_RD = 0;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;

/** The 4 or 16 bytes of an IP address. */
type AddressBytes = Uint8Array;

/**
 * Binds and never listens: a connection to it is refused as if nobody were there, and another program's bind fails with
 * EADDRINUSE, whatever its socket options. EADDRINUSE here when one was first; EADDRNOTAVAIL when the address is not this
 * machine's; EAFNOSUPPORT, EPROTONOSUPPORT or ESOCKTNOSUPPORT where the kernel has not got the family or the protocol.
 */
export function holdPort(protocol: "tcp" | "udp" | "sctp", address: AddressBytes, port: number): number {
  const family = address.length === 4 ? AF_INET : AF_INET6;
  const type = protocol === "udp" ? SOCK_DGRAM : SOCK_STREAM;
  const fd = check(libc.socket(family, type | O_CLOEXEC, protocol === "sctp" ? IPPROTO_SCTP : 0), "socket");
  try {
    const on = Int32Array.of(1);
    if (family === AF_INET6) check(libc.setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, on, 4), "setsockopt");
    // Nobody reads what might arrive: the least that the kernel gives.
    if (protocol === "udp") check(libc.setsockopt(fd, SOL_SOCKET, SO_RCVBUF, on, 4), "setsockopt");
    const name = socketAddress(family, address, port);
    if (libc.bind(fd, name, name.length) !== -1) return fd;
    const errno = lastErrno();
    if (protocol !== "tcp" || errno !== errnoOf("EADDRINUSE")) throw new SyscallError("bind", errno);
    bindBehindClosed(fd, name);
    return fd;
  } catch (err) {
    closeFd(fd);
    throw err;
  }
}

/**
 * For a minute after a server's end the kernel remembers its connections (TIME_WAIT), and gives the port only to who allows that
 * it is used again, as servers do. Then the next one who allows it would get it too; having listened, for these two calls,
 * makes the kernel ask again.
 */
function bindBehindClosed(fd: number, name: Uint8Array): void {
  const reuse = (flag: number): void =>
    void check(libc.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, Int32Array.of(flag), 4), "setsockopt");
  reuse(1);
  check(libc.bind(fd, name, name.length), "bind");
  check(libc.listen(fd, 0), "listen");
  check(libc.shutdown(fd, SHUT_RD), "shutdown");
  reuse(0);
}

/** struct sockaddr_in (16 bytes) or sockaddr_in6 (28): family, port in network order, then the address. */
function socketAddress(family: number, address: AddressBytes, port: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(family === AF_INET ? 16 : 28));
  view.setUint16(0, family, true);
  view.setUint16(2, port);
  const bytes = new Uint8Array(view.buffer);
  bytes.set(address, family === AF_INET ? 4 : 8);
  return bytes;
}
