// Open files sent through a unix socket (SCM_RIGHTS, unix(7)): how a runtime hands over a container's terminal.
//
//   msghdr (56 bytes)          iovec (16)       control (64)                            data
//   name 0, iov -> iovec, 1,   base -> data,    cmsghdr: len, SOL_SOCKET, SCM_RIGHTS,   at least one byte
//   control -> control, flags  length           then the descriptors, 4 bytes each
import { ptr } from "bun:ffi";
import { errnoOf, SyscallError } from "./errno.ts";
import { closeFd } from "./file.ts";
import { checkUninterrupted, lastErrno, libc } from "./libc.ts";

const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
const MSG_NOSIGNAL = 0x4000;
const MSG_CMSG_CLOEXEC = 0x40000000;

const iovecOffset = 56;
const controlOffset = 72;
const controlBytes = 64;
const dataOffset = controlOffset + controlBytes;
const cmsgHeaderBytes = 16;
/** Room for the name of a terminal, which runtimes send along. */
const receivedBytesMax = 4096;

/** Sends one open file, with at least one byte of data (an empty message would carry nothing). */
export function sendFd(socket: number, passed: number, data: Uint8Array = Uint8Array.of(0)): void {
  const message = new Message(data.length);
  message.bytes.set(data, dataOffset);
  message.view.setBigUint64(40, BigInt(cmsgHeaderBytes + 8), true);
  message.view.setBigUint64(controlOffset, BigInt(cmsgHeaderBytes + 4), true);
  message.view.setInt32(controlOffset + 8, SOL_SOCKET, true);
  message.view.setInt32(controlOffset + 12, SCM_RIGHTS, true);
  message.view.setInt32(controlOffset + cmsgHeaderBytes, passed, true);
  checkUninterrupted(() => libc.sendmsg(socket, message.bytes, MSG_NOSIGNAL), "sendmsg");
}

/**
 * Takes one open file, close-on-exec; any more that came in the same message are closed.
 * @returns `undefined` when a non-blocking socket has no message yet.
 * @throws SyscallError ENOMSG when the message, or the end of the connection, brought no file.
 */
export function receiveFd(socket: number): number | undefined {
  const message = new Message(receivedBytesMax);
  for (;;) {
    const got = libc.recvmsg(socket, message.bytes, MSG_CMSG_CLOEXEC);
    if (got !== -1) break;
    const errno = lastErrno();
    if (errno === errnoOf("EAGAIN")) return undefined;
    if (errno !== errnoOf("EINTR")) throw new SyscallError("recvmsg", errno);
  }
  const [first, ...rest] = message.receivedFds();
  for (const fd of rest) closeFd(fd);
  if (first === undefined) throw new SyscallError("recvmsg", errnoOf("ENOMSG"));
  return first;
}

/** A msghdr with one iovec and room for control data, all in one block that does not move. */
class Message {
  readonly bytes: Uint8Array;
  readonly view: DataView;

  constructor(dataBytes: number) {
    const block = new ArrayBuffer(dataOffset + dataBytes);
    this.bytes = new Uint8Array(block);
    this.view = new DataView(block);
    const base = BigInt(ptr(this.bytes));
    this.view.setBigUint64(16, base + BigInt(iovecOffset), true);
    this.view.setBigUint64(24, 1n, true);
    this.view.setBigUint64(32, base + BigInt(controlOffset), true);
    this.view.setBigUint64(40, BigInt(controlBytes), true);
    this.view.setBigUint64(iovecOffset, base + BigInt(dataOffset), true);
    this.view.setBigUint64(iovecOffset + 8, BigInt(dataBytes), true);
  }

  /** The descriptors of all SCM_RIGHTS parts that recvmsg put into the control area. */
  receivedFds(): number[] {
    const fds: number[] = [];
    const end = controlOffset + Number(this.view.getBigUint64(40, true));
    for (let at = controlOffset; at + cmsgHeaderBytes <= end;) {
      const length = Number(this.view.getBigUint64(at, true));
      if (length < cmsgHeaderBytes) break;
      const isRights =
        this.view.getInt32(at + 8, true) === SOL_SOCKET && this.view.getInt32(at + 12, true) === SCM_RIGHTS;
      const partEnd = isRights ? at + length : at;
      for (let fd = at + cmsgHeaderBytes; fd + 4 <= partEnd; fd += 4) fds.push(this.view.getInt32(fd, true));
      // CMSG_NXTHDR: parts begin at multiples of 8.
      at += Math.ceil(length / 8) * 8;
    }
    return fds;
  }
}
