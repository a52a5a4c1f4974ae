import { expect, test } from "bun:test";
import { connect, createServer, type Server } from "node:net";
import { createSocket } from "node:dgram";
import { silentLog } from "../base/log.ts";
import { mapping } from "./example-networks.ts";
import { openRelay, RelayPortError } from "./relay.ts";

/** A server on 127.0.0.1 in the place of a container. */
async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** A port that is free on ::1 now. */
function freePort(): number {
  const probe = Bun.listen({ hostname: "::1", port: 0, socket: { data: () => {} } });
  probe.stop();
  return probe.port;
}

const route = (containerPort: number, hostPort = freePort()) =>
  mapping({ hostIp: "::1", hostPort, containerIp: "127.0.0.1", containerPort });

test("openRelay: megabytes go both ways whole, and a half-close behind the last byte", async () => {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const chunks: Buffer[] = [];
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    // Answers only after the end of what it is sent, the last piece first.
    socket.on("end", () => socket.end(Buffer.concat(chunks.toReversed())));
  });
  const way = route(await listening(server));
  const relay = await openRelay(silentLog, way);
  const sent = Buffer.from(Uint8Array.from({ length: 5_000_000 }, (_, i) => i % 251));
  const got: Buffer[] = [];
  await new Promise<void>((resolve, reject) => {
    const client = connect({ host: "::1", port: way.hostPort, allowHalfOpen: true });
    client.on("data", (chunk: Buffer) => got.push(chunk));
    client.on("end", resolve);
    client.on("error", reject);
    client.end(sent);
  });
  const sum = (bytes: Uint8Array) => bytes.reduce((total, byte) => total + byte, 0);
  expect([Buffer.concat(got).length, sum(Buffer.concat(got))]).toEqual([sent.length, sum(sent)]);
  relay?.close();
  server.close();
});

test("openRelay: where nobody listens the connection ends; after close nobody answers", async () => {
  const way = route(freePort());
  const relay = await openRelay(silentLog, way);
  const outcome = () =>
    new Promise<string>((resolve) => {
      const client = connect({ host: "::1", port: way.hostPort });
      client.on("error", (err: NodeJS.ErrnoException) => resolve(err.code ?? ""));
      client.on("close", () => resolve("closed"));
    });
  expect(["closed", "ECONNRESET"]).toContain(await outcome());
  relay?.close();
  expect(await outcome()).toBe("ECONNREFUSED");
});

test("openRelay: a port that another program has is refused", async () => {
  const way = route(80);
  const other = Bun.listen({ hostname: "::1", port: way.hostPort, socket: { data: () => {} } });
  const failure = await openRelay(silentLog, way).then(
    () => undefined,
    (err: unknown) => err,
  );
  expect(failure).toBeInstanceOf(RelayPortError);
  expect((failure as RelayPortError).inUse).toBe(true);
  other.stop();
});

test("openRelay: UDP, each client gets its own answers", async () => {
  const server = createSocket("udp4");
  server.on("message", (message, from) => server.send(`${message.toString()}!`, from.port, from.address));
  await new Promise<void>((resolve) => server.bind(0, "127.0.0.1", resolve));
  const way = { ...route(server.address().port), protocol: "udp" as const };
  const relay = await openRelay(silentLog, way);
  const ask = (text: string) =>
    new Promise<string>((resolve) => {
      const client = createSocket("udp6");
      client.on("message", (message) => {
        client.close();
        resolve(message.toString());
      });
      client.send(text, way.hostPort, "::1");
    });
  expect(await Promise.all(["one", "two", "three"].map(ask))).toEqual(["one!", "two!", "three!"]);
  relay?.close();
  server.close();
});
