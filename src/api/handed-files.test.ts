import { afterAll, expect, test } from "bun:test";
import { closeSync, existsSync, mkdtempSync, openSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openFiles } from "../../test/harness/descriptors.ts";
import { InvalidParameterError } from "../base/errors.ts";
import { realHost } from "../base/host.ts";
import { silentLog } from "../base/log.ts";
import { HandedFiles } from "./handed-files.ts";

const folder = mkdtempSync(join(tmpdir(), "sampan-handed-"));
const path = join(folder, "files.sock");
const archive = join(folder, "archive");
const content = Buffer.alloc((2 << 20) + 17, "some bytes ");
writeFileSync(archive, content);
// Of a daemon that was killed.
writeFileSync(path, "");
const files = new HandedFiles(realHost(silentLog), path, "no-such-group");
afterAll(() => {
  files.close();
  expect(existsSync(path)).toBe(false);
  rmSync(folder, { recursive: true });
});

type Client = { readonly socket: Socket; readonly answer: string };

/** Says something; comes back with the answer, or "" when the connection ends without one. */
async function say(text: string): Promise<Client> {
  const socket = connect({ path });
  const { promise, resolve } = Promise.withResolvers<string>();
  socket.on("data", (bytes) => resolve(bytes.toString()));
  socket.on("close", () => resolve(""));
  socket.on("error", () => resolve(""));
  socket.write(text);
  return { socket, answer: await promise };
}

async function handOver(file: string): Promise<Client> {
  const fd = openSync(file, "r");
  try {
    return await say(`${fd}\n`);
  } finally {
    closeSync(fd);
  }
}

async function bytesOf(ticket: string): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of files.bytes(ticket)) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces);
}

async function failureOf(ticket: string): Promise<unknown> {
  return await bytesOf(ticket).catch((err: unknown) => err);
}

/** How often this process has the file open. */
const timesOpen = (file: string): number => openFiles(process.pid).filter((target) => target === file).length;

async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; !holds() && tries < 1000; tries++) await Bun.sleep(2);
  expect(holds()).toBe(true);
}

test("the socket is for root and the group of the API", () => {
  expect((statSync(path).mode & 0o7777).toString(8)).toBe("660");
  expect(statSync(path).isSocket()).toBe(true);
});

test("a file that was handed over is read once, from its beginning, and closed", async () => {
  const { socket, answer } = await handOver(archive);
  expect(answer).toMatch(/^[0-9a-f]{32}\n$/);
  expect(timesOpen(archive)).toBe(1);
  const ticket = answer.trim();
  expect((await bytesOf(ticket)).equals(content)).toBe(true);
  expect(timesOpen(archive)).toBe(0);
  expect(await failureOf(ticket)).toBeInstanceOf(InvalidParameterError);
  socket.destroy();
});

test("who leaves takes the file along, unless it is being read", async () => {
  const left = await handOver(archive);
  left.socket.destroy();
  await until(() => timesOpen(archive) === 0);
  expect(await failureOf(left.answer.trim())).toBeInstanceOf(InvalidParameterError);

  const reading = await handOver(archive);
  const bytes = files.bytes(reading.answer.trim());
  expect((await bytes.next()).done).toBe(false);
  reading.socket.destroy();
  await Bun.sleep(20);
  expect(timesOpen(archive)).toBe(1);
  await bytes.return(undefined);
  expect(timesOpen(archive)).toBe(0);
});

test.each([
  ["no number", "x\n"],
  ["a path", "/etc/shadow\n"],
  ["no descriptor of that process", "987654\n"],
  ["a number too large", "99999999999\n"],
  ["no end", "1".repeat(100)],
  ["two lines", "0\n0\n"],
  ["nothing", "\n"],
])("refused: %s", async (_, text) => {
  expect((await say(text)).answer).toBe("");
});

test("refused: what is no regular file, and a second file on one connection", async () => {
  expect((await handOver("/dev/zero")).answer).toBe("");
  expect((await handOver(folder)).answer).toBe("");
  const { socket, answer } = await handOver(archive);
  const ended = new Promise((resolve) => socket.on("close", resolve));
  socket.write("0\n");
  await ended;
  expect(await failureOf(answer.trim())).toBeInstanceOf(InvalidParameterError);
  await until(() => timesOpen(archive) === 0);
});
