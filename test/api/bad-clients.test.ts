// Clients that break off, stall, never read, or come in thousands: nothing may leak and nobody else may notice.
import { afterAll, describe, expect, test } from "bun:test";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { eventually, slowness } from "../harness/command.ts";
import { startDaemon } from "../harness/daemon.ts";
import { descriptors, descriptorsAtRest, descriptorsSettled, rssMiB } from "../harness/descriptors.ts";
import type { Descriptors } from "../harness/descriptors.ts";
import { loadTestImage, testImage as image } from "../harness/images.ts";

const daemon = await startDaemon();
await loadTestImage(daemon);
afterAll(() => daemon.stop());
const { api, ok } = daemon;
const [daemonPid, monitorPid] = [daemon.pid(), daemon.monitorPid()];

const upgrade = "Connection: Upgrade\r\nUpgrade: tcp\r\n";
const everything = "stream=1&stdin=1&stdout=1&stderr=1";

const request = (line: string, headers = "", body = ""): string =>
  `${line} HTTP/1.1\r\nHost: test\r\n${headers}${body ? `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n` : ""}\r\n${body}`;

const webSocket = [
  "Connection: Upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  "",
].join("\r\n");

type Client = { readonly socket: Socket; readonly received: () => string; readonly closed: Promise<void> };

/** Connects and sends; `reads: false` never takes a byte of the answer. */
async function client(text: string, { reads = true } = {}): Promise<Client> {
  const socket = connect({ path: daemon.socket, allowHalfOpen: true });
  let received = "";
  if (reads) socket.on("data", (chunk) => (received += chunk.toString("latin1")));
  else socket.pause();
  socket.on("error", () => {}); // The daemon hung up first.
  const closed = new Promise<void>((resolve) => socket.on("close", () => resolve()));
  await new Promise<void>((resolve) => {
    socket.once("connect", resolve);
    socket.once("close", () => resolve());
  });
  socket.write(text);
  return { socket, received: () => received, closed };
}

async function container(body: object): Promise<string> {
  const created = await api("POST", "/containers/create", { Image: image, ...body });
  const { Id } = created.json() as { Id: string };
  expect((await api("POST", `/containers/${Id}/start`)).status).toBe(204);
  return Id;
}

async function execOf(id: string): Promise<string> {
  const body = { Cmd: ["cat"], AttachStdin: true, AttachStdout: true };
  return ((await api("POST", `/containers/${id}/exec`, body)).json() as { Id: string }).Id;
}

/** The same processes, no more descriptors than before, and an answer at once. */
async function expectUnharmed(before: Descriptors): Promise<void> {
  const began = performance.now();
  expect((await api("GET", "/_ping")).status).toBe(200);
  expect(performance.now() - began).toBeLessThan(1000 * slowness);
  expect([daemon.pid(), daemon.monitorPid()]).toEqual([daemonPid, monitorPid]);
  process.kill(daemonPid, 0);
  process.kill(monitorPid, 0);
  const now = await descriptorsSettled(daemon, before);
  expect(now.daemon.length).toBeLessThanOrEqual(before.daemon.length);
  expect(now.monitor.length).toBeLessThanOrEqual(before.monitor.length);
}

/** Both processes have opened what they open once. */
async function warmUp(): Promise<void> {
  await ok("run", "--rm", image, "true");
  expect((await api("GET", "/containers/json?all=1")).json()).toEqual([]);
}

test("daemon and monitor may open as many files as the hard limit lets them, whatever the soft one was", async () => {
  const limited = ["sh", "-c", `ulimit -S -n 200; exec "$0" "$@"`];
  const other = await startDaemon({ under: limited });
  try {
    for (const pid of [other.pid(), other.monitorPid()]) {
      const limits = await Bun.file(`/proc/${pid}/limits`).text();
      const [, soft, hard] = /^Max open files +(\d+) +(\d+)/m.exec(limits) ?? [];
      expect(Number(soft)).toBe(Number(hard));
      expect(Number(soft)).toBeGreaterThan(200);
    }
  } finally {
    await other.stop();
  }
});

describe("a request cut off at any byte", () => {
  type Cut = (client: Client) => void;
  const endings: readonly (readonly [name: string, cut: Cut])[] = [
    ["closes", ({ socket }) => socket.destroy()],
    ["closes its half", ({ socket }) => socket.end()],
    ["stalls", () => {}],
  ];

  async function cutEverywhere(text: string, ending: Cut, step = 1): Promise<void> {
    const clients: Client[] = [];
    for (let length = 0; length <= text.length; length += step) {
      const one = await client(text.slice(0, length));
      ending(one);
      clients.push(one);
    }
    await Bun.sleep(100);
    for (const { socket } of clients) socket.destroy();
    await Promise.all(clients.map(({ closed }) => closed));
  }

  for (const [name, ending] of endings)
    test(`by a client that ${name} leaves nothing behind`, async () => {
      await warmUp();
      const id = await container({ Cmd: ["cat"], OpenStdin: true });
      const execs = [await execOf(id), await execOf(id)] as const;
      const before = await descriptorsAtRest(daemon);
      const exec = { Cmd: ["true"], AttachStdout: true };
      const texts = [
        request("GET /_ping"),
        request("GET /v1.41/containers/json?all=1", "Connection: close\r\n"),
        request("POST /containers/create?name=cut", "", JSON.stringify({ Image: image, Cmd: ["true"] })),
        request(`POST /containers/${id}/exec`, "", JSON.stringify(exec)),
        request(`GET /containers/${id}/logs?stdout=1&follow=1`),
        request(`POST /containers/${id}/wait`),
        request("GET /events"),
        request("POST /images/load", "Transfer-Encoding: chunked\r\n").concat(
          `400\r\n${"x".repeat(0x400)}\r\n`,
        ),
        request("POST /images/create?fromSrc=-", "Content-Length: 50\r\n").concat("x".repeat(50)),
        request(`POST /containers/${id}/attach?${everything}`, upgrade).concat("input\n"),
        request(`POST /containers/${id}/attach?${everything}`),
        request(`GET /containers/${id}/attach/ws?${everything}`, webSocket).concat("\x81\x85mask....."),
        request(`POST /exec/${execs[0]}/start`, upgrade, JSON.stringify({ Detach: false })).concat("input\n"),
        request(`POST /exec/${execs[1]}/start`, "", JSON.stringify({ Tty: true })),
      ];
      for (const text of texts) await cutEverywhere(text, ending, text.length > 600 ? 7 : 1);
      await ok("rm", "-f", id);
      await api("DELETE", "/containers/cut");
      await expectUnharmed(before);
      // The container's own descriptors went with it, and those of execs that were made and not started go: fewer than before.
      await eventually(
        () => descriptors(daemon).monitor.length < before.monitor.length,
        () =>
          `fewer descriptors than ${before.monitor.join(" ")}, not ${descriptors(daemon).monitor.join(" ")}`,
      );
      expect((await api("GET", "/containers/json?all=1")).json()).toEqual([]);
    });
});

describe("websocket frames that are none", () => {
  const frames: readonly (readonly [what: string, frame: string])[] = [
    ["without a mask", "\x81\x05hello"],
    ["with reserved bits", "\xf1\x81maskx"],
    ["of an unknown kind", "\x83\x81maskx"],
    ["that go on with nothing", "\x80\x81maskx"],
    ["of control that are too long", `\x89\xfe\x01\x00mask${"x".repeat(256)}`],
    ["of 2^62 bytes", "\x82\xff\x40\0\0\0\0\0\0\0maskx"],
    ["of text that is not UTF-8", "\x81\x81\0\0\0\0\xff"],
  ];

  test("end the connection, and only that", async () => {
    await warmUp();
    const id = await container({ Cmd: ["cat"], OpenStdin: true });
    const before = await descriptorsAtRest(daemon);
    for (const [what, frame] of frames) {
      const one = await client(request(`GET /containers/${id}/attach/ws?${everything}`, webSocket));
      await eventually(() => one.received().startsWith("HTTP/1.1 101 "), one.received);
      one.socket.write(Buffer.from(frame, "latin1"));
      one.socket.once("end", () => one.socket.end());
      const ended = await Promise.race([
        one.closed.then(() => "ended"),
        Bun.sleep(8000).then(() => "goes on"),
      ]);
      expect([what, ended]).toEqual([what, "ended"]);
    }
    expect(await ok("inspect", "--format", "{{.State.Status}}", id)).toBe("running");
    await expectUnharmed(before);
    await ok("rm", "-f", id);
  });
});

describe("clients that never read", () => {
  test("hold back neither the others nor the daemon's memory", async () => {
    await warmUp();
    // 40 MB of log; the slow ones take what fits into a socket's buffer.
    const id = await container({
      Cmd: ["sh", "-c", "yes 0123456789012345678901234567890123456789 | head -c 40000000"],
    });
    await ok("wait", id);
    const busy = await container({ Cmd: ["sh", "-c", "sleep 1; yes | head -c 3000000; sleep 100"] });
    const before = await descriptorsAtRest(daemon);
    const rssBefore = rssMiB(daemonPid);
    const slow: Client[] = [];
    for (let i = 0; i < 20; i++) {
      slow.push(await client(request(`GET /containers/${id}/logs?stdout=1`), { reads: false }));
      slow.push(await client(request(`GET /containers/${busy}/logs?stdout=1&follow=1`), { reads: false }));
      slow.push(await client(request("GET /events?since=1"), { reads: false }));
    }
    const whole = await daemon.dockerWith({ timeoutMs: 30_000 }, "logs", id);
    expect(whole.stdout.length).toBe(40_000_000);
    expect((await api("GET", "/_ping")).status).toBe(200);
    expect(rssMiB(daemonPid) - rssBefore).toBeLessThan(150);
    for (const { socket } of slow) socket.destroy();
    await expectUnharmed(before);
    await ok("rm", "-f", id, busy);
  });

  test("of an attached container hold back that container alone, until they go", async () => {
    await warmUp();
    const id = await container({
      Cmd: [
        "sh",
        "-c",
        "read go; yes 0123456789012345678901234567890123456789 | head -c 30000000; echo written > /tmp/done; sleep 100",
      ],
      OpenStdin: true,
    });
    const before = await descriptorsAtRest(daemon);
    const slow = await client(request(`POST /containers/${id}/attach?${everything}`, upgrade), {
      reads: false,
    });
    await Bun.sleep(200);
    slow.socket.write("go\n");
    await Bun.sleep(500);
    expect((await daemon.docker("exec", id, "cat", "/tmp/done")).exitCode).not.toBe(0);
    expect(await ok("run", "--rm", image, "echo", "meanwhile")).toBe("meanwhile");
    slow.socket.destroy();
    await eventually(
      async () => (await daemon.docker("exec", id, "cat", "/tmp/done")).exitCode === 0,
      () => "the program to go on",
    );
    await expectUnharmed(before);
    await ok("rm", "-f", id);
  });
});

describe("a websocket", () => {
  /** RFC 6455, 5.2: a binary message of a client, masked with nothing. */
  const message = (bytes: number): Buffer => {
    const head = Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    head.writeUIntBE(bytes, 4, 6);
    return Buffer.concat([head, Buffer.alloc(bytes, "x")]);
  };

  test("that reads nothing of what comes back meanwhile gets all of it later", async () => {
    await warmUp();
    const id = await container({ Cmd: ["cat"], OpenStdin: true, StdinOnce: true });
    const before = await descriptorsAtRest(daemon);
    const rssBefore = rssMiB(daemonPid);
    const one = await client(request(`GET /containers/${id}/attach/ws?${everything}`, webSocket), {
      reads: false,
    });
    for (let i = 0; i < 50; i++) one.socket.write(message(1_000_000));
    await Bun.sleep(500 * slowness);
    expect(one.socket.writableLength).toBeGreaterThan(20_000_000);
    expect(rssMiB(daemonPid) - rssBefore).toBeLessThan(60);
    // Now and then a pause, for both sides to be full in turn. Some headers have an x as well.
    let payload = 0;
    let pieces = 0;
    one.socket.on("data", (piece: Buffer) => {
      payload += piece.reduce((count, byte) => count + Number(byte === "x".charCodeAt(0)), 0);
      if (++pieces % 50 > 0) return;
      one.socket.pause();
      setTimeout(() => one.socket.resume(), 10);
    });
    one.socket.resume();
    await eventually(
      () => payload >= 50_000_000,
      () => `${payload} bytes came back, and ${one.socket.writableLength} wait to be sent`,
    );
    one.socket.end(Buffer.from([0x88, 0x80, 0, 0, 0, 0]));
    expect(await ok("wait", id)).toBe("0");
    await expectUnharmed(before);
    await ok("rm", "-f", id);
  });

  test("that sends what nobody reads is made to wait, and all of it arrives once somebody does", async () => {
    await warmUp();
    const id = await container({
      Cmd: ["sh", "-c", "until [ -e /go ]; do sleep 0.1; done; wc -c"],
      OpenStdin: true,
      StdinOnce: true,
    });
    const before = await descriptorsAtRest(daemon);
    const rssBefore = rssMiB(daemonPid);
    const one = await client(request(`GET /containers/${id}/attach/ws?${everything}`, webSocket));
    await eventually(() => one.received().startsWith("HTTP/1.1 101 "), one.received);
    let sent = 0;
    for (; sent < 200; sent++) one.socket.write(message(1_000_000));
    await Bun.sleep(1000 * slowness);
    const waiting = one.socket.writableLength;
    expect(waiting).toBeGreaterThan(100_000_000);
    // Held in no memory of the daemon's.
    expect(rssMiB(daemonPid) - rssBefore).toBeLessThan(60);
    expect((await daemon.docker("exec", id, "touch", "/go")).exitCode).toBe(0);
    await eventually(
      () => one.socket.writableLength === 0,
      () => `all to be sent: ${one.socket.writableLength} of ${waiting} bytes are left`,
    );
    one.socket.end(Buffer.from([0x88, 0x80, 0, 0, 0, 0])); // A close frame: the end of the program's input.
    expect(await ok("wait", id)).toBe("0");
    expect(await ok("logs", id)).toBe(String(sent * 1_000_000));
    await expectUnharmed(before);
    await ok("rm", "-f", id);
  });
});

test("a request line with the whole URL, as proxies send it, is understood", async () => {
  const one = await client(request("GET http://localhost/v1.41/info?x=1"));
  await eventually(() => one.received().includes('"ServerVersion"'), one.received);
  expect(one.received()).toStartWith("HTTP/1.1 200 OK");
  one.socket.destroy();
  const other = await client(request("GET HTTPS://host:1"));
  await eventually(() => other.received().includes("page not found"), other.received);
  other.socket.destroy();
});

describe("limits", () => {
  const answerTo = async (text: string): Promise<string> => {
    const one = await client(text);
    await eventually(() => one.received().includes("\r\n\r\n"), one.received);
    one.socket.destroy();
    return one.received().split("\r\n", 1)[0] ?? "";
  };

  test("of a head are 256 KiB and 200 lines, of a JSON body 16 MiB", async () => {
    const long = `X-Long: ${"x".repeat(300_000)}\r\n`;
    expect(await answerTo(request("GET /_ping", long))).toBe("HTTP/1.1 431 Request Header Fields Too Large");
    expect(await answerTo(request("GET /_ping", "X: 1\r\n".repeat(300)))).toBe(
      "HTTP/1.1 431 Request Header Fields Too Large",
    );
    expect(await answerTo(request(`GET /_ping?${"x".repeat(300_000)}`))).toBe(
      "HTTP/1.1 431 Request Header Fields Too Large",
    );
    expect(await answerTo(request("GET /_ping", `X: ${"x".repeat(200_000)}\r\n`))).toBe("HTTP/1.1 200 OK");
    const body = `{"Image":"${"x".repeat(17 * 2 ** 20)}"}`;
    expect(await answerTo(request("POST /containers/create", "", body))).toBe(
      "HTTP/1.1 413 Payload Too Large",
    );
  });

  test("hold for bodies without an end: what nobody reads is not kept", async () => {
    await warmUp();
    const rssBefore = rssMiB(daemonPid);
    const before = await descriptorsAtRest(daemon);
    for (const line of ["POST /containers/create", "POST /no/such", "POST /containers/x/wait"]) {
      const one = await client(
        `${line} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`,
      );
      const chunk = `100000\r\n${" ".repeat(0x100000)}\r\n`;
      for (let i = 0; i < 100 && !one.socket.destroyed; i++)
        if (!one.socket.write(chunk))
          await Promise.race([new Promise((go) => one.socket.once("drain", go)), one.closed]);
      one.socket.destroy();
    }
    // Of the 300 MB sent; what the collector has not come to yet is some 50, and more on a busy machine.
    expect(rssMiB(daemonPid) - rssBefore).toBeLessThan(150);
    await expectUnharmed(before);
  });
});

describe("a thousand clients at once", () => {
  async function allGet(firstLine: string, all: readonly Client[]): Promise<void> {
    const others = (): Client[] => all.filter((one) => !one.received().startsWith(`${firstLine}\r\n`));
    await eventually(
      () => others().length === 0,
      () => `"${firstLine}" for ${others().length} more, not "${others()[0]?.received()}"`,
      30_000,
    );
  }

  const many = 1000;

  /** As many at a time as a listening socket's queue takes. */
  async function clients(text: string, count = many): Promise<Client[]> {
    const all: Client[] = [];
    while (all.length < count)
      all.push(...(await Promise.all(Array.from({ length: 100 }, () => client(text)))));
    return all;
  }

  test("idle, asking, listening and half attached are all served, and all let go of", async () => {
    await warmUp();
    const id = await container({ Cmd: ["cat"], OpenStdin: true });
    const execs = await Promise.all(Array.from({ length: 20 }, () => execOf(id)));
    const before = await descriptorsAtRest(daemon);
    const monitorBefore = rssMiB(monitorPid);
    const idle = await clients("");
    const asking = await clients(request("GET /_ping"));
    const attached = await clients(request(`POST /containers/${id}/attach?stream=1&stdout=1`, upgrade), 300);
    const started = await Promise.all(
      execs.map((exec) =>
        client(request(`POST /exec/${exec}/start`, upgrade, JSON.stringify({ Tty: false }))),
      ),
    );
    for (const { socket } of [...attached.slice(0, 150), ...started]) socket.end();
    await allGet("HTTP/1.1 200 OK", asking);
    await allGet("HTTP/1.1 101 UPGRADED", [...attached, ...started]);
    // Last, or every attach would be told to a thousand.
    const listening = await clients(request("GET /events"));
    await allGet("HTTP/1.1 200 OK", listening);
    const began = performance.now();
    await ok("run", "--rm", image, "true");
    expect(performance.now() - began).toBeLessThan(10_000 * slowness);
    await eventually(
      () => listening.every((one) => one.received().includes('"destroy"')),
      () => "the event to reach all",
    );
    for (const { socket } of [...idle, ...asking, ...listening, ...attached, ...started]) socket.destroy();
    await expectUnharmed(before);
    expect(rssMiB(daemonPid)).toBeLessThan(300);
    expect(rssMiB(monitorPid) - monitorBefore).toBeLessThan(50);
    await ok("rm", "-f", id);
  });

  test("that all connect in the same moment are all let in", async () => {
    const all = await Promise.all(Array.from({ length: many }, () => client(request("GET /_ping"))));
    await allGet("HTTP/1.1 200 OK", all);
    for (const { socket } of all) socket.destroy();
  });
});
