// Unix stream sockets, and descriptors passed through them.
import { basename, dirname } from "node:path";
import { chmodSync } from "node:fs";
import { errnoOf, SyscallError } from "./errno.ts";
import { closeFd, O_CLOEXEC, O_DIRECTORY, O_NONBLOCK, O_PATH, openFile } from "./file.ts";
import { pidfdOpen } from "./pidfd.ts";
import { check, checkUninterrupted, cString, lastErrno, libc } from "./libc.ts";

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOL_SOCKET = 1;
const SO_PEERCRED = 17;
const SO_PEERPIDFD = 77;
const SHUT_WR = 1;
/** sizeof(sun_path), with its NUL. */
const pathBytesMax = 108;
const backlog = 1024;

/** Makes the socket file with exactly these permission bits and listens. EADDRINUSE when the name is taken, even by a dead socket. */
export function listenUnix(path: string, mode: number): number {
  const fd = newSocket();
  try {
    // The file is born with the mode of the socket's own inode less the umask, so it is never more open than asked.
    check(libc.fchmod(fd, mode), "fchmod", path);
    withAddress(path, (address, length) => check(libc.bind(fd, address, length), "bind", path));
    chmodSync(path, mode);
    check(libc.listen(fd, backlog), "listen", path);
    return fd;
  } catch (err) {
    closeFd(fd);
    throw err;
  }
}

/** ECONNREFUSED: the file is there but nobody listens. ENOENT: no file. */
export function connectUnix(path: string): number {
  const fd = newSocket();
  try {
    withAddress(path, (address, length) =>
      checkUninterrupted(() => libc.connect(fd, address, length), "connect", path),
    );
    return fd;
  } catch (err) {
    closeFd(fd);
    throw err;
  }
}

/** The next connection, itself non-blocking if asked; `undefined` when a non-blocking listener has none. */
export function accept(listener: number, nonBlocking = false): number | undefined {
  for (;;) {
    const fd = libc.accept4(listener, null, null, O_CLOEXEC | (nonBlocking ? O_NONBLOCK : 0));
    if (fd !== -1) return fd;
    const errno = lastErrno();
    if (errno === errnoOf("EAGAIN")) return undefined;
    // ECONNABORTED: that client has gone already; the next one is asked for.
    if (errno !== errnoOf("EINTR") && errno !== errnoOf("ECONNABORTED"))
      throw new SyscallError("accept4", errno);
  }
}

/** Two connected sockets. */
export function socketPair(): readonly [number, number] {
  const fds = new Int32Array(2);
  check(libc.socketpair(AF_UNIX, SOCK_STREAM | O_CLOEXEC, 0, fds), "socketpair");
  return [fds[0] ?? -1, fds[1] ?? -1];
}

/** The other side reads an end; it can still write. Fine when the connection is gone already. */
export function shutdownWrite(fd: number): void {
  if (libc.shutdown(fd, SHUT_WR) === -1) {
    const errno = lastErrno();
    if (errno !== errnoOf("ENOTCONN")) throw new SyscallError("shutdown", errno);
  }
}

export type PeerCredentials = { readonly pid: number; readonly uid: number; readonly gid: number };

/** Who made the connection (for a socket from `accept`: who called connect), as the kernel saw it then. */
export function peerCredentials(fd: number): PeerCredentials {
  const credentials = new Int32Array(3);
  const length = Uint32Array.of(credentials.byteLength);
  check(libc.getsockopt(fd, SOL_SOCKET, SO_PEERCRED, credentials, length), "getsockopt");
  const [pid = 0, uid = 0, gid = 0] = credentials;
  // uid_t and gid_t are unsigned.
  return { pid, uid: uid >>> 0, gid: gid >>> 0 };
}

/**
 * A close-on-exec descriptor of the process that made the connection. Before Linux 6.5 it is found by its pid: ESRCH when it has
 * ended since; another one may have that pid by then.
 */
export function peerProcess(fd: number): number {
  const pidfd = new Int32Array(1);
  const length = Uint32Array.of(pidfd.byteLength);
  if (libc.getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, pidfd, length) !== -1) return pidfd[0] ?? -1;
  const errno = lastErrno();
  if (errno !== errnoOf("ENOPROTOOPT")) throw new SyscallError("getsockopt", errno);
  return pidfdOpen(peerCredentials(fd).pid);
}

/** One datagram to a socket of that kind; a path that begins with `@` is a name in the abstract namespace (unix(7)). */
export function sendUnixDatagram(path: string, bytes: Uint8Array): void {
  const fd = newSocket(SOCK_DGRAM);
  try {
    withAddress(path, (address, length) =>
      checkUninterrupted(() => libc.connect(fd, address, length), "connect", path),
    );
    checkUninterrupted(() => libc.send(fd, bytes, bytes.length, 0), "send", path);
  } finally {
    closeFd(fd);
  }
}

function newSocket(type = SOCK_STREAM): number {
  return check(libc.socket(AF_UNIX, type | O_CLOEXEC, 0), "socket");
}

/**
 * Gives `use` a sockaddr_un for `path`. A path of more than 107 bytes does not fit: then the folder is opened and the
 * socket named below its descriptor, which the kernel resolves to the same file.
 */
function withAddress(path: string, use: (address: Uint8Array, length: number) => void): void {
  if (Buffer.byteLength(path) < pathBytesMax) return use(...addressOf(path));
  const folder = openFile(dirname(path), O_PATH | O_DIRECTORY);
  try {
    const short = `/proc/self/fd/${folder}/${basename(path)}`;
    if (Buffer.byteLength(short) >= pathBytesMax)
      throw new SyscallError("socket", errnoOf("ENAMETOOLONG"), path);
    return use(...addressOf(short));
  } finally {
    closeFd(folder);
  }
}

function addressOf(path: string): [address: Uint8Array, length: number] {
  const bytes = cString(path);
  const address = new Uint8Array(2 + pathBytesMax);
  new Uint16Array(address.buffer)[0] = AF_UNIX;
  address.set(bytes, 2);
  if (!path.startsWith("@")) return [address, 2 + bytes.length];
  // An abstract name begins with a NUL and has none at its end.
  address[2] = 0;
  return [address, 2 + bytes.length - 1];
}
