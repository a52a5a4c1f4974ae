// How many bytes wait in a socket until somebody reads them.
import { failedWith } from "./errno.ts";
import { check, libc } from "./libc.ts";

const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const SO_RCVBUFFORCE = 33;

/** Beyond the limit of net.core.rmem_max where this process may (CAP_NET_ADMIN), else up to it. The kernel counts its own overhead too. */
export function enlargeReceiveBuffer(fd: number, sizeBytes: number): void {
  const size = Int32Array.of(sizeBytes);
  const set = (option: number): void =>
    void check(libc.setsockopt(fd, SOL_SOCKET, option, size, size.byteLength), "setsockopt");
  try {
    set(SO_RCVBUFFORCE);
  } catch (err) {
    if (!failedWith(err, "EPERM")) throw err;
    set(SO_RCVBUF);
  }
}
