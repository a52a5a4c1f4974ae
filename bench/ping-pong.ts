// `bun bench/ping-pong.ts answer PORT` and `… ask ADDRESS PORT`: one byte there and back, microseconds a round. By blocking
// calls on the socket itself, so that what is measured is the way and not two event loops.
import { closeFd, read, write } from "../src/sys/file.ts";
import { check, checkUninterrupted, libc } from "../src/sys/libc.ts";
import { accept } from "../src/sys/unix-socket.ts";

const AF_INET = 2;
const SOCK_STREAM = 1;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;

const on = Int32Array.of(1);
const byte = new Uint8Array(1);

function newSocket(): number {
  const fd = check(libc.socket(AF_INET, SOCK_STREAM, 0), "socket");
  check(libc.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, on, 4), "setsockopt");
  return fd;
}

const withoutDelay = (fd: number) =>
  check(libc.setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, on, 4), "setsockopt");

/** struct sockaddr_in: family, port in network order, address. */
function socketAddress(address: string, port: number): Uint8Array {
  const name = Buffer.alloc(16);
  name.writeUInt16LE(AF_INET, 0);
  name.writeUInt16BE(port, 2);
  name.set(address.split(".").map(Number), 4);
  return name;
}

function answer(port: number): void {
  const listener = newSocket();
  const name = socketAddress("0.0.0.0", port);
  check(libc.bind(listener, name, name.length), "bind");
  check(libc.listen(listener, 1), "listen");
  console.log("ready");
  for (;;) {
    const fd = accept(listener);
    if (fd === undefined) continue;
    withoutDelay(fd);
    while (read(fd, byte) === 1) write(fd, byte);
    closeFd(fd);
  }
}

function ask(address: string, port: number): void {
  const fd = newSocket();
  const name = socketAddress(address, port);
  checkUninterrupted(() => libc.connect(fd, name, name.length), "connect");
  withoutDelay(fd);
  const rounds = (count: number): void => {
    for (let left = count; left > 0; left--) {
      write(fd, byte);
      read(fd, byte);
    }
  };
  rounds(500);
  const count = 5000;
  const startedAt = performance.now();
  rounds(count);
  console.log(((performance.now() - startedAt) * 1000) / count);
}

const [role, ...words] = process.argv.slice(2);
if (role === "answer") answer(Number(words[0]));
else ask(words[0] ?? "", Number(words[1]));
