import { afterEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer } from "node:net";
import type { Server, Socket } from "node:net";
import { encodeQuery, EngineClient } from "./engine-client.ts";
import { ConnectError, ProtocolError, ResponseError } from "./errors.ts";

const undo: (() => void)[] = [];
afterEach(() => {
  for (const step of undo.splice(0).toReversed()) step();
});

type Peer = {
  readonly client: EngineClient;
  readonly requests: string[];
  readonly connections: () => number;
};

/** A daemon that answers each request's text by `answer`, which may keep the socket for itself. */
async function peer(
  answer: (request: string, socket: Socket) => string | undefined,
  apiVersion?: string,
): Promise<Peer> {
  const directory = mkdtempSync(join(tmpdir(), "sampan-client-"));
  undo.push(() => rmSync(directory, { recursive: true }));
  const path = join(directory, "sock");
  const requests: string[] = [];
  let connections = 0;
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    connections++;
    socket.on("error", () => undefined);
    socket.on("data", (bytes) => {
      const request = bytes.toString("latin1");
      requests.push(request);
      const reply = answer(request, socket);
      if (reply !== undefined) socket.write(reply);
    });
    undo.push(() => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  undo.push(() => server.close());
  const client = new EngineClient({ kind: "unix", url: `unix://${path}`, path }, apiVersion);
  undo.push(() => client.close());
  return { client, requests, connections: () => connections };
}

async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(
    () => undefined,
    (err: unknown) => err,
  );
}

const reply = (body: string, status = "200 OK", headers = "Content-Type: application/json\r\n") =>
  `HTTP/1.1 ${status}\r\n${headers}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

describe("EngineClient", () => {
  test("a call is one request, for the version whose answers we show", async () => {
    const { client, requests } = await peer(() => reply('{"ok":true}'));
    const answer = await client.json<{ ok: boolean }>({
      method: "POST",
      path: "/x",
      query: { a: true, b: "1 2" },
      json: { é: 1 },
    });
    expect(answer).toEqual({ ok: true });
    expect(requests).toHaveLength(1);
    expect(requests[0]).toStartWith("POST /v1.50/x?a=1&b=1%202 HTTP/1.1\r\n");
    expect(requests[0]).toContain("Content-Length: 8\r\n");
  });

  test("a given API version stands before the path", async () => {
    const { client, requests } = await peer(() => reply("{}"), "1.44");
    await client.json({ method: "GET", path: "/info" });
    expect(requests[0]).toStartWith("GET /v1.44/info HTTP/1.1\r\n");
  });

  const older = (request: string) =>
    request.startsWith("GET /v1.41/")
      ? reply("{}")
      : reply(
          '{"message":"client version 1.50 is too new"}',
          "400 Bad Request",
          "Content-Type: application/json\r\nApi-Version: 1.41\r\n",
        );

  test("a daemon that is older is asked again in its own version, once and for all", async () => {
    const { client, requests } = await peer(older);
    await client.json({ method: "GET", path: "/info" });
    await client.json({ method: "GET", path: "/info" });
    expect(requests.map((request) => request.split(" ")[1])).toEqual([
      "/v1.50/info",
      "/v1.41/info",
      "/v1.41/info",
    ]);
  });

  test("a version that the user chose is not changed", async () => {
    const { client } = await peer(older, "1.45");
    expect(await failureOf(client.json({ method: "GET", path: "/info" }))).toMatchObject({ status: 400 });
  });

  test("a bad request is not sent twice to a daemon that knows the version", async () => {
    const { client, requests } = await peer(() =>
      reply(
        '{"message":"bad"}',
        "400 Bad Request",
        "Content-Type: application/json\r\nApi-Version: 1.55\r\n",
      ),
    );
    expect(await failureOf(client.json({ method: "GET", path: "/info" }))).toMatchObject({ message: "bad" });
    expect(requests).toHaveLength(1);
  });

  test("calls one after the other share a connection", async () => {
    const { client, connections } = await peer(() => reply("{}"));
    for (let i = 0; i < 5; i++) await client.json({ method: "GET", path: "/x" });
    expect(connections()).toBe(1);
  });

  test("calls side by side have connections of their own", async () => {
    const { client, connections } = await peer(() => reply("{}"));
    await Promise.all([1, 2, 3].map(() => client.json({ method: "GET", path: "/x" })));
    expect(connections()).toBe(3);
  });

  test("a connection that the daemon closed is not used again", async () => {
    const { client, connections } = await peer((_, socket) => {
      socket.end(reply("{}"));
      return undefined;
    });
    await client.json({ method: "GET", path: "/x" });
    await Bun.sleep(20);
    await client.json({ method: "GET", path: "/x" });
    expect(connections()).toBe(2);
  });

  test("a client that is closed opens no connection any more", async () => {
    const { client, connections } = await peer(() => reply("{}"));
    const warming = client.warm(1);
    client.close();
    await warming;
    expect(await failureOf(client.json({ method: "GET", path: "/x" }))).toBeInstanceOf(Error);
    expect(connections()).toBeLessThanOrEqual(1);
  });

  test("an error status throws the daemon's message", async () => {
    const { client } = await peer(() => reply('{"message":"No such container: x"}\n', "404 Not Found"));
    const failure = await failureOf(client.json({ method: "GET", path: "/x" }));
    expect(failure).toBeInstanceOf(ResponseError);
    expect(failure).toMatchObject({ status: 404, message: "No such container: x" });
  });

  test("an error that is no JSON is told as it is", async () => {
    const { client } = await peer(() =>
      reply("page not found\n", "404 Not Found", "Content-Type: text/plain\r\n"),
    );
    expect(await failureOf(client.json({ method: "GET", path: "/x" }))).toMatchObject({
      message: "page not found",
    });
  });

  test("no daemon is a ConnectError with the system's code", async () => {
    const client = new EngineClient({ kind: "unix", url: "unix:///nonexistent", path: "/nonexistent" });
    expect(await failureOf(client.text({ method: "GET", path: "/x" }))).toMatchObject({ code: "ENOENT" });
    expect(await failureOf(client.text({ method: "GET", path: "/x" }))).toBeInstanceOf(ConnectError);
  });

  test("an answer that is cut off is an error, not a short answer", async () => {
    const { client } = await peer((_, socket) => {
      socket.end("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
      return undefined;
    });
    expect(await failureOf(client.text({ method: "GET", path: "/x" }))).toBeInstanceOf(ProtocolError);
  });

  test("an answer may arrive byte by byte", async () => {
    const { client } = await peer((_, socket) => {
      const bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n";
      void (async () => {
        for (const byte of bytes) {
          socket.write(byte);
          await Bun.sleep(0);
        }
      })();
      return undefined;
    });
    expect(await client.text({ method: "GET", path: "/x" })).toBe("hello!");
  });

  test("a stream is uploaded in chunks", async () => {
    let received = "";
    const { client } = await peer((request) => {
      if (request.includes("/_ping ")) return reply("OK");
      received += request;
      return received.endsWith("0\r\n\r\n") ? reply("{}") : undefined;
    });
    const stream = (async function* parts() {
      yield Buffer.from("abc");
      yield Buffer.from("");
      yield Buffer.from("defg");
    })();
    await client.json({ method: "POST", path: "/x", stream });
    expect(received).toEndWith("\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n");
  });

  test("an upload that is refused in the middle ends with the refusal", async () => {
    const { client } = await peer((request, socket) => {
      if (request.includes("/_ping ")) return reply("OK");
      socket.end(reply('{"message":"too big"}', "400 Bad Request"));
      return undefined;
    });
    const stream = (async function* endless() {
      for (;;) {
        yield new Uint8Array(65536);
        await Bun.sleep(1);
      }
    })();
    expect(await failureOf(client.json({ method: "POST", path: "/x", stream }))).toMatchObject({
      message: "too big",
    });
  });
});

describe("hijack", () => {
  const upgraded = "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n";

  test("bytes behind the head belong to the stream", async () => {
    const { client, requests } = await peer(() => `${upgraded}early`);
    const connection = await client.hijack({ method: "POST", path: "/attach" });
    expect(requests[0]).toContain("Connection: Upgrade\r\nUpgrade: tcp\r\n");
    expect(Buffer.concat((await connection.read()) ?? []).toString()).toBe("early");
  });

  test("after a half-close the daemon can still send", async () => {
    const { client } = await peer((request, socket) => {
      if (!request.startsWith("POST")) return undefined;
      socket.on("end", () => socket.end("bye"));
      return upgraded;
    });
    const connection = await client.hijack({ method: "POST", path: "/attach" });
    await connection.write("data");
    connection.endWrite();
    expect(Buffer.concat((await connection.read()) ?? []).toString()).toBe("bye");
    expect(await connection.read()).toBeUndefined();
  });

  test("much data comes through whole while the reader is slow, and is held back meanwhile", async () => {
    const size = 40 << 20;
    let accepted = 0;
    const { client } = await peer((_, socket) => {
      socket.write(upgraded);
      const piece = Buffer.alloc(1 << 20, 7);
      const more = () => {
        while (accepted < size) {
          accepted += piece.length;
          if (!socket.write(piece)) {
            socket.once("drain", more);
            return;
          }
        }
        socket.end();
      };
      more();
      return undefined;
    });
    const connection = await client.hijack({ method: "POST", path: "/attach" });
    await Bun.sleep(100);
    expect(accepted).toBeLessThan(size / 2);
    let received = 0;
    for (let pieces = await connection.read(); pieces !== undefined; pieces = await connection.read()) {
      for (const piece of pieces) received += piece.length;
    }
    expect(received).toBe(size);
  });

  test("a refusal is an error with the daemon's message", async () => {
    const { client } = await peer(() => reply('{"message":"is not running"}', "409 Conflict"));
    expect(await failureOf(client.hijack({ method: "POST", path: "/attach" }))).toMatchObject({
      status: 409,
      message: "is not running",
    });
  });
});

describe("encodeQuery", () => {
  test.each([
    [undefined, ""],
    [{ a: undefined, b: false }, ""],
    [{ a: true, b: 5, c: "x y&z" }, "?a=1&b=5&c=x%20y%26z"],
    [{ changes: ["CMD x", "ENV a=b"] }, "?changes=CMD%20x&changes=ENV%20a%3Db"],
  ])("%j", (query, expected) => expect(encodeQuery(query)).toBe(expected));
});
