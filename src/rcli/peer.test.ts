import { connect, createServer, type Socket } from "node:net";
import { expect, test } from "bun:test";
import { findPeerSocket, peerProcess, peerSocket, refusalOf } from "./peer.ts";

const ends = { remoteAddress: "127.0.0.1", remotePort: 54322, localAddress: "127.0.0.1", localPort: 4242 };
const line = (state: string, uid: number, inode: number): string =>
  `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1092 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 11 1 0
   1: 0100007F:1092 0100007F:D432 01 00000000:00000000 00:00000000 00000000     0        0 12 1 0
   2: 0100007F:D432 0100007F:1092 ${state} 00000000:00000000 02:00000FA0 00000000  ${uid}        0 ${inode} 2 0\n`;

test.each(["01", "04", "05"])("findPeerSocket: the other end, in state %s", (state) => {
  expect(findPeerSocket(line(state, 1000, 77), ends)).toEqual({ uid: 1000, inode: 77 });
});

test("findPeerSocket: a socket that nobody holds any more is shown as root's, and is nobody's", () => {
  expect(findPeerSocket(line("05", 0, 0), ends)).toBeUndefined();
});

test("findPeerSocket: one that only begins to connect, with the same port, is another", () => {
  expect(findPeerSocket(line("02", 0, 78), ends)).toBeUndefined();
});

test("findPeerSocket: other connections are no answer", () => {
  expect(findPeerSocket(line("01", 0, 77), { ...ends, remotePort: 54321 })).toBeUndefined();
  expect(findPeerSocket("", ends)).toBeUndefined();
});

test("peerProcess: this process, at the other end of a connection to itself", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as { port: number };
  const accepted = new Promise<Socket>((resolve) => server.once("connection", resolve));
  const client = connect(port, "127.0.0.1");
  const socket = await accepted;
  const found = peerSocket({
    remoteAddress: "127.0.0.1",
    remotePort: socket.remotePort ?? 0,
    localAddress: "127.0.0.1",
    localPort: port,
  });
  const peer = found && (await peerProcess(found));
  expect(peer).toMatchObject({ uid: process.getuid?.() ?? -1, pid: process.pid, sharesRoot: true });
  expect(peer?.groups).toContain(process.getgid?.() ?? -1);
  client.destroy();
  socket.destroy();
  server.close();
});

const root = { uid: 0, pid: 1, groups: [0], sharesRoot: true };
const member = { uid: 1000, pid: 2, groups: [1000, 27], sharesRoot: true };

test.each([
  ["root", root, undefined, true],
  ["a member of the group", member, 27, true],
  ["a stranger", member, 28, false],
  ["a stranger, where there is no group", member, undefined, false],
  ["root in a container with the host's network", { ...root, sharesRoot: false }, 27, false],
  ["nobody", undefined, 27, false],
])("refusalOf: %s", (_, peer, groupID, welcome) => {
  expect(refusalOf(peer, groupID) === undefined).toBe(welcome);
});
