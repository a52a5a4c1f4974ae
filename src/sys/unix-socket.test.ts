import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { closeFd, O_RDONLY, openFile, read, setNonBlocking, write } from "./file.ts";
import { receiveFd, sendFd } from "./pass-fd.ts";
import {
  accept,
  connectUnix,
  listenUnix,
  peerCredentials,
  shutdownWrite,
  socketPair,
} from "./unix-socket.ts";

const folder = mkdtempSync("/tmp/sampan-sys-socket-");
afterAll(() => rmSync(folder, { recursive: true }));

function nextBytes(fd: number): string | undefined {
  const buffer = new Uint8Array(64);
  const got = read(fd, buffer);
  return got === undefined ? undefined : Buffer.from(buffer.subarray(0, got)).toString();
}

function connectAndTalk(path: string): void {
  const listener = listenUnix(path, 0o660);
  setNonBlocking(listener);
  expect(statSync(path).mode & 0o777).toBe(0o660);
  expect(accept(listener)).toBeUndefined();
  const client = connectUnix(path);
  const server = accept(listener, true);
  if (server === undefined) throw new Error("no connection");
  expect(nextBytes(server)).toBeUndefined();
  expect(peerCredentials(server)).toEqual({
    pid: process.pid,
    uid: process.getuid?.() ?? -1,
    gid: process.getgid?.() ?? -1,
  });
  write(client, Buffer.from("ping"));
  shutdownWrite(client);
  expect([nextBytes(server), nextBytes(server)]).toEqual(["ping", ""]);
  write(server, Buffer.from("pong"));
  expect(nextBytes(client)).toBe("pong");
  for (const fd of [listener, client, server]) closeFd(fd);
}

test("unix sockets: listen with exactly the mode, accept, credentials, half-close", () => {
  connectAndTalk(`${folder}/short.sock`);
});

test("unix sockets: a path longer than sun_path works too", () => {
  const deep = `${folder}/${"deep".repeat(40)}`;
  mkdirSync(deep);
  connectAndTalk(`${deep}/long.sock`);
});

test("connectUnix: nobody there and nobody listening are told apart", () => {
  expect(() => connectUnix(`${folder}/none.sock`)).toThrow("ENOENT");
  const path = `${folder}/dead.sock`;
  closeFd(listenUnix(path, 0o600));
  expect(() => connectUnix(path)).toThrow("ECONNREFUSED");
  expect(() => listenUnix(path, 0o600)).toThrow("EADDRINUSE");
});

test("shutdownWrite: fine when the other side has gone", () => {
  const [a, b] = socketPair();
  closeFd(b);
  shutdownWrite(a);
  shutdownWrite(a);
  closeFd(a);
});

test("sendFd and receiveFd: the open file itself arrives, close-on-exec", () => {
  writeFileSync(`${folder}/passed`, "through the socket");
  const [a, b] = socketPair();
  const fd = openFile(`${folder}/passed`, O_RDONLY);
  sendFd(a, fd, Buffer.from("/dev/pts/7"));
  closeFd(fd);
  const arrived = receiveFd(b);
  if (arrived === undefined) throw new Error("nothing arrived");
  expect(nextBytes(arrived)).toBe("through the socket");
  expect(readFileSync(`/proc/self/fdinfo/${arrived}`, "utf8")).toMatch(/flags:\s*0?2\d{6}/);
  for (const open of [a, b, arrived]) closeFd(open);
});

test("receiveFd: nothing yet, no file in the message, and the end are told apart", () => {
  const [a, b] = socketPair();
  setNonBlocking(b);
  expect(receiveFd(b)).toBeUndefined();
  write(a, Buffer.from("no file"));
  expect(() => receiveFd(b)).toThrow("ENOMSG");
  closeFd(a);
  expect(() => receiveFd(b)).toThrow("ENOMSG");
  closeFd(b);
});
