import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { prepareListeningSockets } from "./listening-sockets.ts";

const ss = (...args: readonly string[]): string =>
  Bun.spawnSync(["ss", "-H", ...args])
    .stdout.toString()
    .trim();

test("prepareListeningSockets makes the queues as long as the kernel lets them be", async () => {
  const folder = mkdtempSync("/tmp/sampan-sys-queue-");
  const path = `${folder}/a.sock`;
  const server = createServer();
  await new Promise<void>((resolve) => server.listen({ path }, resolve));
  try {
    const longest = Number(await Bun.file("/proc/sys/net/core/somaxconn").text());
    prepareListeningSockets();
    // Column Send-Q of ss(8).
    expect(Number(ss("-xl", "src", path).split(/\s+/)[3])).toBe(Math.min(4096, longest));
  } finally {
    server.close();
    rmSync(folder, { recursive: true });
  }
});

test("prepareListeningSockets lets the kernel ask tcp clients whether they still live", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  prepareListeningSockets();
  const accepted = new Promise((resolve) => server.once("connection", resolve));
  const client = connect(port, "127.0.0.1");
  await accepted;
  expect(ss("-tno", "sport", "=", `:${port}`)).toMatch(/timer:\(keepalive,1[45]/);
  client.destroy();
  server.close();
});
