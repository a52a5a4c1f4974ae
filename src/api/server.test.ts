import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Duplex } from "node:stream";
import { ConflictError, InvalidParameterError, NotFoundError } from "../base/errors.ts";
import { realHost } from "../base/host.ts";
import { silentLog } from "../base/log.ts";
import type { Engine } from "../engine/engine.ts";
import type { Hijacked } from "./answer.ts";
import { json, multiplexedStreamType, rawStreamType, stream } from "./answer.ts";
import { execStartBody } from "./bodies.ts";
import { jsonBody } from "./call.ts";
import type { Route } from "./router.ts";
import { serveRoutes } from "./serve.ts";
import { listen, parseListenAddress } from "./server.ts";
import type { Listener } from "./server.ts";

const folder = mkdtempSync(join(tmpdir(), "sampan-api-test-"));
const path = join(folder, "api.sock");
const host = realHost(silentLog);

/** A program that sends its input back in upper case, and says goodbye at the end of it. */
function shouting(): Duplex {
  return new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      this.push(chunk.toString().toUpperCase());
      done();
    },
    final(done) {
      this.push("bye");
      this.push(null);
      done();
    },
  });
}

const seen: string[] = [];

/** Polls, for what a busy machine does later than a quiet one. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await host.clock.sleep(5);
}

let lastProgram: Duplex | undefined;

/** Let go when the head of "/slow" has been seen. */
const headSeen = Promise.withResolvers<void>();
const table: readonly Route[] = [
  { method: "GET", pattern: "/things/:id", handler: ({ params, version }) => json({ ...params, version }) },
  { method: "GET", pattern: "/new", since: 50, handler: () => json("new") },
  {
    method: "POST",
    pattern: "/framed",
    handler: () => ({ kind: "hijack", type: multiplexedStreamType, open: () => ({ stream: undefined }) }),
  },
  {
    method: "GET",
    pattern: "/missing",
    handler: () => {
      throw new NotFoundError("No such thing: x");
    },
  },
  { method: "POST", pattern: "/body", handler: async (call) => json(await jsonBody(call, execStartBody)) },
  {
    method: "GET",
    pattern: "/slow",
    handler: () =>
      stream(
        "text/plain",
        (async function* () {
          await headSeen.promise;
          yield "late";
        })(),
        true,
      ),
  },
  {
    method: "GET",
    pattern: "/fails-early",
    handler: () =>
      stream(
        "text/plain",
        // oxlint-disable-next-line require-yield -- a stream that fails before its first chunk
        (async function* (): AsyncGenerator<string> {
          await Promise.resolve();
          throw new ConflictError("not now");
        })(),
      ),
  },
  {
    method: "GET",
    pattern: "/endless",
    handler: ({ signal }) => {
      signal.addEventListener("abort", () => seen.push("aborted"));
      return stream(
        "application/octet-stream",
        (async function* () {
          try {
            for (;;) yield new Uint8Array(65536);
          } finally {
            seen.push("ended");
          }
        })(),
      );
    },
  },
  {
    method: "POST",
    pattern: "/late-attach",
    handler: () => {
      const open = async (): Promise<Hijacked> => {
        await host.clock.sleep(30);
        return { stream: shouting().end() };
      };
      return { kind: "hijack", type: rawStreamType, open };
    },
  },
  {
    method: "POST",
    pattern: "/attach",
    handler: ({ query }) => {
      const program = shouting();
      lastProgram = program;
      const keys = Uint8Array.of(16, 17);
      const detach = query.has("tty") ? { keys, onDetach: () => seen.push("detached") } : undefined;
      return { kind: "hijack", type: rawStreamType, open: () => ({ stream: program, detach }) };
    },
  },
];

let listener: Listener;
beforeAll(async () => {
  const api = serveRoutes({ host } as unknown as Engine, table);
  listener = await listen(api, { kind: "unix", path }, { group: "no-such-group" });
});
afterAll(() => {
  listener.closeAll();
  rmSync(folder, { recursive: true });
});

const get = (url: string, init: RequestInit = {}): Promise<Response> =>
  fetch(`http://api${url}`, { ...init, unix: path });

/** Sends raw text, then each piece when the previous one was answered; resolves with all that came back. */
function talk(text: string, act: (socket: Socket) => void = () => {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path, allowHalfOpen: true });
    let got = "";
    socket.on("data", (chunk) => (got += chunk.toString("latin1")));
    socket.on("error", reject);
    socket.on("end", () => {
      socket.end();
      resolve(got);
    });
    socket.write(text);
    act(socket);
  });
}

describe("requests", () => {
  test("are answered with and without a version, and say the API's version", async () => {
    const plain = await get("/things/a%2Fb");
    expect(await plain.json()).toEqual({ id: "a/b", version: 55 });
    expect(plain.headers.get("api-version")).toBe("1.55");
    expect(plain.headers.get("ostype")).toBe("linux");
    expect(plain.headers.get("server")).toMatch(/^Sampan\/\S+ \(linux\)$/);
    expect(await (await get("/v1.30/things/x")).json()).toEqual({ id: "x", version: 30 });
  });

  test("to what is not there get 404 and a message", async () => {
    for (const url of ["/nothing", "/v1.41/nothing"]) {
      const answer = await get(url);
      expect([answer.status, await answer.json()]).toEqual([404, { message: "page not found" }]);
    }
    expect((await get("/things/a", { method: "POST" })).status).toBe(404);
    const missing = await get("/missing");
    expect([missing.status, await missing.json()]).toEqual([404, { message: "No such thing: x" }]);
  });

  test("of versions that are not spoken are refused", async () => {
    const tooNew = await get("/v1.99/things/a");
    expect([tooNew.status, await tooNew.json()]).toEqual([
      400,
      { message: "client version 1.99 is too new. Maximum supported API version is 1.55" },
    ]);
    const tooOld = await get("/v1.20/things/a");
    expect(tooOld.headers.get("content-type")).toStartWith("text/plain");
    expect(await tooOld.text()).toStartWith("client version 1.20 is too old.");
    const before = await get("/v1.49/new");
    expect([before.status, await before.json()]).toEqual([
      400,
      { message: "GET /new requires minimum API version 1.50" },
    ]);
  });

  const bodies: readonly [name: string, RequestInit, status: number, answer: unknown][] = [
    ["no body", {}, 200, {}],
    ["JSON", { body: `{"tty":true}`, headers: { "content-type": "application/json" } }, 200, { Tty: true }],
    [
      "JSON with a charset",
      { body: "{}", headers: { "content-type": "application/json; charset=utf-8" } },
      200,
      {},
    ],
    [
      "another type",
      { body: "{}", headers: { "content-type": "text/plain" } },
      400,
      { message: "unsupported Content-Type header (text/plain): must be 'application/json'" },
    ],
    [
      "broken JSON",
      { body: "{", headers: { "content-type": "application/json" } },
      400,
      { message: expect.stringMatching(/^invalid JSON: /) },
    ],
  ];
  for (const [name, init, status, answer] of bodies)
    test(`with ${name} get ${status}`, async () => {
      const response = await get("/body", { method: "POST", ...init });
      expect([response.status, await response.json()]).toEqual([status, answer]);
    });

  test("without a content type for their body are refused in Go's words", async () => {
    expect(
      await talk("POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"),
    ).toContain(`{"message":"malformed Content-Type header (): mime: no media type"}`);
  });

  test("that are no HTTP end with 400, and a head that is too long with 431", async () => {
    expect(await talk("nonsense\r\n\r\n")).toStartWith("HTTP/1.1 400 Bad Request\r\n");
    expect(
      await talk(
        `GET /things/a HTTP/1.1\r\nHost: a\r\nX: ${"a".repeat(250_000)}\r\nConnection: close\r\n\r\n`,
      ),
    ).toStartWith("HTTP/1.1 200 OK\r\n");
    const tooLong = `HTTP/1.1 431 Request Header Fields Too Large\r\n`;
    expect(await talk(`GET / HTTP/1.1\r\nX: ${"a".repeat(1e6)}\r\n\r\n`)).toStartWith(tooLong);
    expect(await talk(`GET / HTTP/1.1\r\n${"X: 1\r\n".repeat(300)}\r\n`)).toStartWith(tooLong);
  });

  test("with a body that is too long end with 413, and the connection lives on", async () => {
    const length = 17 * 2 ** 20;
    const head = `POST /body HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`;
    const next = "GET /things/a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    const both = await talk(head + " ".repeat(length) + next);
    expect(both).toStartWith("HTTP/1.1 413 ");
    expect(both).toContain(`{"message":"request body is larger than 16777216 bytes"}`);
    expect(both).toContain(`{"id":"a","version":55}`);
  });

  test("that break off get 400, but nothing in the middle of an answer", async () => {
    const head =
      "POST /body HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n";
    expect(await talk(`${head}{`, (socket) => socket.end())).toStartWith("HTTP/1.1 400 Bad Request\r\n");
    // The body that never comes is broken off once the answer has begun.
    const streaming = "GET /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n";
    const cut = await talk(streaming, (socket) => socket.once("data", () => socket.end("{")));
    expect(cut).toStartWith("HTTP/1.1 200 OK\r\n");
    expect(cut).not.toContain("400");
  });
});

describe("streams", () => {
  test("send their head before the first chunk is there", async () => {
    // The handler makes its first chunk only after this: without the head the test would never get here.
    const answer = await get("/slow");
    headSeen.resolve();
    expect(await answer.text()).toBe("late");
  });

  test("that fail before the first chunk get a status", async () => {
    const answer = await get("/fails-early");
    expect([answer.status, await answer.json()]).toEqual([409, { message: "not now" }]);
  });

  test("wait for a slow client, and end when it goes away", async () => {
    seen.length = 0;
    const before = process.memoryUsage().rss;
    const socket = connect({ path });
    socket.pause();
    socket.write("GET /endless HTTP/1.1\r\nHost: a\r\n\r\n");
    await host.clock.sleep(100);
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * 2 ** 20);
    socket.destroy();
    await until(() => seen.length === 2);
    expect(seen.toSorted()).toEqual(["aborted", "ended"]);
  });
});

const upgrade = "Connection: Upgrade\r\nUpgrade: tcp\r\n";

describe("hijacked connections", () => {
  test("with Upgrade: 101, bytes both ways, half-closes both ways", async () => {
    const all = await talk(`POST /attach HTTP/1.1\r\nHost: a\r\n${upgrade}\r\n`, (socket) => {
      setTimeout(() => socket.write("hello "), 20);
      setTimeout(() => socket.end("world "), 40);
    });
    const [head = "", body] = all.split("\r\n\r\n");
    expect(head.split("\r\n")).toEqual([
      "HTTP/1.1 101 UPGRADED",
      `Content-Type: ${rawStreamType}`,
      "Connection: Upgrade",
      "Upgrade: tcp",
    ]);
    expect(body).toBe("HELLO WORLD bye");
  });

  test("the head is sent before the stream is there", async () => {
    const socket = connect({ path });
    socket.write(`POST /late-attach HTTP/1.1\r\nHost: a\r\n${upgrade}\r\n`);
    const chunks: string[] = [];
    for await (const chunk of socket as AsyncIterable<Buffer>) chunks.push(chunk.toString());
    expect(chunks).toEqual([expect.stringMatching(/^HTTP\/1.1 101 [^]*\r\n\r\n$/), "bye"]);
  });

  test("bytes sent together with the request are not lost", async () => {
    const all = await talk(`POST /attach HTTP/1.1\r\nHost: a\r\n${upgrade}\r\nearly`, (socket) => {
      setTimeout(() => socket.end(), 30);
    });
    expect(all.split("\r\n\r\n")[1]).toBe("EARLYbye");
  });

  test("without Upgrade: the request's body is the input", async () => {
    const response = await get("/attach", { method: "POST", body: "old client " });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe(rawStreamType);
    expect(await response.text()).toBe("OLD CLIENT bye");
  });

  test("framed output has its own type only with Upgrade, as in dockerd", async () => {
    const response = await get("/framed", { method: "POST", body: "x" });
    expect(response.headers.get("content-type")).toBe(rawStreamType);
    const upgraded = await talk(`POST /framed HTTP/1.1\r\nHost: a\r\n${upgrade}\r\n`);
    expect(upgraded).toContain(`Content-Type: ${multiplexedStreamType}\r\n`);
  });

  test("an error comes with its status, as JSON", async () => {
    const all = await talk(`GET /missing HTTP/1.1\r\nHost: a\r\n${upgrade}\r\n`);
    expect(all).toStartWith("HTTP/1.1 404 Not Found\r\n");
    expect(all).toEndWith(`{"message":"No such thing: x"}\n`);
  });

  test("detach keys end it, are not passed on, and the program lives on", async () => {
    seen.length = 0;
    const all = await talk(`POST /attach?tty HTTP/1.1\r\nHost: a\r\n${upgrade}\r\n`, (socket) => {
      setTimeout(() => socket.write("ab\x10"), 20);
      setTimeout(() => socket.write("\x11cd"), 40);
    });
    expect(all.split("\r\n\r\n")[1]).toBe("AB");
    expect(seen).toEqual(["detached"]);
  });

  test("a client that reads late gets everything", async () => {
    const socket = connect({ path, allowHalfOpen: true });
    const size = 3_000_000;
    socket.write(`POST /attach HTTP/1.1\r\nHost: a\r\n${upgrade}\r\n`);
    socket.end("x".repeat(size));
    await host.clock.sleep(300);
    let got = 0;
    for await (const chunk of socket as AsyncIterable<Buffer>)
      got += chunk.filter((byte) => byte === 88).length;
    expect(got).toBe(size);
  });

  test("a client that vanishes lets the program's stream go", async () => {
    const socket = connect({ path });
    const before = lastProgram;
    socket.write(`POST /attach HTTP/1.1\r\nHost: a\r\n${upgrade}\r\nx`);
    await until(() => lastProgram !== before);
    expect(lastProgram?.destroyed).toBe(false);
    socket.destroy();
    await until(() => lastProgram?.destroyed === true);
  });
});

describe("listen", () => {
  const api = serveRoutes({ host } as unknown as Engine, table);
  const options = { group: "no-such-group" };

  test("the socket is for its owner and group alone", () => {
    expect(statSync(path).mode & 0o777).toBe(0o660);
  });

  test("a socket that a living server answers on is left alone", async () => {
    expect(listen(api, { kind: "unix", path }, options)).rejects.toThrow(ConflictError);
    expect((await get("/things/a")).status).toBe(200);
  });

  test("a socket that nobody answers on is replaced, a file is not", async () => {
    const stale = join(folder, "stale.sock");
    const program = `require("node:net").createServer().listen(${JSON.stringify(stale)}, () => process.kill(process.pid, "SIGKILL"))`;
    expect(Bun.spawnSync([process.execPath, "-e", program]).signalCode).toBe("SIGKILL");
    expect(statSync(stale).isSocket()).toBe(true);
    const second = await listen(api, { kind: "unix", path: stale }, options);
    second.closeAll();
    const file = join(folder, "file");
    writeFileSync(file, "precious");
    expect(listen(api, { kind: "unix", path: file }, options)).rejects.toThrow("is not a socket");
  });

  test("plain tcp is for loopback, unless asked for by its frightening name", async () => {
    const open = { kind: "tcp", host: "0.0.0.0", port: 0 } as const;
    expect(listen(api, open, options)).rejects.toThrow(InvalidParameterError);
    const loopback = await listen(api, { kind: "tcp", host: "127.0.0.1", port: 0 }, options);
    const { address } = loopback;
    if (address.kind !== "tcp") throw new Error("not tcp");
    expect((await fetch(`http://127.0.0.1:${address.port}/things/a`)).status).toBe(200);
    loopback.closeAll();
  });
});

describe("a client that is slow", () => {
  const api = serveRoutes({ host } as unknown as Engine, table);
  const slow = join(folder, "slow.sock");
  const whole = "GET /things/a HTTP/1.1\r\nHost: a\r\n\r\n";

  test("to send its head is told so and let go, however it trickles; between requests it may rest", async () => {
    const patient = await listen(
      api,
      { kind: "unix", path: slow },
      { group: "no-such-group", headTimeoutMs: 300 },
    );
    try {
      const [trickled, rested] = await Promise.all([
        new Promise<string>((resolve) => {
          const socket = connect({ path: slow });
          let got = "";
          socket.write("GET / HTTP/1.1\r\n");
          const trickle = setInterval(() => socket.write("X: 1\r\n"), 50);
          socket.on("data", (chunk) => (got += chunk.toString()));
          socket.on("error", () => {});
          socket.on("close", () => {
            clearInterval(trickle);
            resolve(got);
          });
        }),
        new Promise<string>((resolve) => {
          const socket = connect({ path: slow });
          let got = "";
          socket.on("data", (chunk) => (got += chunk.toString()));
          socket.on("close", () => resolve(got));
          socket.write(whole);
          setTimeout(() => socket.end(whole.replace("Host", "Connection: close\r\nHost")), 800);
        }),
      ]);
      expect(trickled).toStartWith("HTTP/1.1 408 Request Timeout\r\n");
      expect(rested.match(/HTTP\/1.1 200 OK/g)).toHaveLength(2);
    } finally {
      patient.closeAll();
    }
  });
});

describe("parseListenAddress", () => {
  const cases: readonly [string, unknown][] = [
    ["unix:///run/x.sock", { kind: "unix", path: "/run/x.sock" }],
    ["/run/x.sock", { kind: "unix", path: "/run/x.sock" }],
    ["tcp://127.0.0.1:2375", { kind: "tcp", host: "127.0.0.1", port: 2375 }],
    ["tcp://", { kind: "tcp", host: "127.0.0.1", port: 2375 }],
    ["tcp://:4000", { kind: "tcp", host: "127.0.0.1", port: 4000 }],
    ["localhost:1", { kind: "tcp", host: "localhost", port: 1 }],
    ["tcp://[::1]:2375", { kind: "tcp", host: "::1", port: 2375 }],
  ];
  for (const [text, address] of cases)
    test(text, () => expect(parseListenAddress(text)).toEqual(address as never));
  test("the port of TLS is another", () =>
    expect(parseListenAddress("tcp://10.0.0.1", true)).toEqual({
      kind: "tcp",
      host: "10.0.0.1",
      port: 2376,
    }));
  for (const bad of ["unix://x", "http://x", "tcp://a:99999", "tcp://a:b:c", "fd://"])
    test(`refuses ${bad}`, () => expect(() => parseListenAddress(bad)).toThrow(InvalidParameterError));
});
