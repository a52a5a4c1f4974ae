import { afterEach, describe, expect, test } from "bun:test";
import { connect, createServer } from "node:net";
import { closeFd } from "./file.ts";
import { holdPort } from "./inet-socket.ts";

const address = Uint8Array.of(127, 0, 0, 1);
const hostname = "127.0.0.1";
let held: number[] = [];
const hold = (port: number): void => void held.push(holdPort("tcp", address, port));
afterEach(() => {
  held.forEach(closeFd);
  held = [];
});

/** A server, that allows its port to be used again as all do, has been there and has closed a connection of its. */
async function usedPort(): Promise<number> {
  const server = createServer((socket) => socket.end());
  await new Promise<void>((resolve) => server.listen(0, hostname, resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => connect(port, hostname).resume().on("close", resolve));
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** What a server of another program hears that wants the port, and a client. */
const listening = (port: number): Promise<string> =>
  new Promise((resolve) => {
    const server = createServer();
    server.on("error", (err: NodeJS.ErrnoException) => resolve(err.code ?? ""));
    server.listen(port, hostname, () => server.close(() => resolve("listens")));
  });
const connecting = (port: number): Promise<string> =>
  new Promise((resolve) => {
    const socket = connect(port, hostname, () => resolve("connected"));
    socket.on("error", (err: NodeJS.ErrnoException) => resolve(err.code ?? ""));
  });

describe("a port that is held", () => {
  test.each([
    ["was nobody's", () => 0],
    ["was a server's a moment ago, whose connections the kernel remembers", () => usedPort()],
  ])("%s", async (_, before) => {
    const port = (await before()) || freshPort();
    hold(port);
    expect(await listening(port)).toBe("EADDRINUSE");
    expect(await connecting(port)).toBe("ECONNREFUSED");
    expect(() => hold(port)).toThrow("EADDRINUSE");
    closeFd(held.pop() ?? -1);
    expect(await listening(port)).toBe("listens");
  });

  test("is refused while a server listens", () => {
    const server = Bun.listen({ hostname, port: 0, socket: { data: () => {} } });
    expect(() => hold(server.port)).toThrow("EADDRINUSE");
    server.stop(true);
  });
});

function freshPort(): number {
  const server = Bun.listen({ hostname, port: 0, socket: { data: () => {} } });
  server.stop(true);
  return server.port;
}
