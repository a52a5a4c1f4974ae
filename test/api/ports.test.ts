// Published ports: -p in its forms, -P, who can reach them, conflicts, and what is left when containers go.
import { afterEach, describe, expect, test } from "bun:test";
import { connect } from "node:net";
import { instanceOf } from "../../src/base/instance.ts";
import { eventually } from "../harness/command.ts";
import type { Daemon } from "../harness/daemon.ts";
import { engineForTests } from "../harness/for-tests.ts";
import { testImage as image } from "../harness/images.ts";

const engine = await engineForTests();
const { ok, docker, api, onHost } = engine;
/** Serves a page that is the container's host name. */
const serving = (port = 80) => ["sh", "-c", `hostname > /tmp/name; exec httpd -f -p ${port} -h /tmp`];
const serve = (...flags: string[]) => ok("run", "-d", ...flags, image, ...serving());
const ports = async (id: string): Promise<Record<string, { HostIp: string; HostPort: string }[] | null>> =>
  JSON.parse(await ok("inspect", "--format", "{{json .NetworkSettings.Ports}}", id)) as never;

/** A port that nobody has now. */
function freePort(): number {
  const server = Bun.listen({ hostname: "0.0.0.0", port: 0, socket: { data: () => {} } });
  const { port } = server;
  server.stop();
  return port;
}

/** What answers there, as soon as the program in the container listens; "" when nobody does. */
async function page(url: string, tries = 50): Promise<string> {
  for (let i = 0; i < tries; i++) {
    const { exitCode, stdout } = await onHost("busybox", "wget", "-q", "-O", "-", `http://${url}/name`);
    if (exitCode === 0) return stdout.trim();
    await Bun.sleep(100);
  }
  return "";
}

/** What a server says first, or why there is none. */
function firstWords(hostname: string, port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port, timeout: 2000 });
    socket.on("data", (bytes) => resolve(String(bytes)));
    socket.on("error", (err: NodeJS.ErrnoException) => resolve(err.code ?? err.message));
    socket.on("timeout", () => resolve("silence"));
    socket.on("close", () => resolve("nothing"));
  });
}

afterEach(async () => {
  const ids = (await ok("ps", "-aq")).split("\n").filter((id) => id !== "");
  if (ids.length > 0) await ok("rm", "-f", ...ids);
});

describe("-p", () => {
  test("the port is shown, and answers on 127.0.0.1, ::1, the gateway, from the container and from another", async () => {
    const port = freePort();
    const id = await serve("-p", `${port}:80`);
    const name = id.slice(0, 12);
    expect(await ports(id)).toEqual({
      "80/tcp": [
        { HostIp: "0.0.0.0", HostPort: String(port) },
        { HostIp: "::", HostPort: String(port) },
      ],
    });
    expect(await ok("port", id, "80")).toBe(`0.0.0.0:${port}\n[::]:${port}`);
    expect(await ok("ps", "--format", "{{.Ports}}")).toMatch(
      new RegExp(`0\\.0\\.0\\.0:${port}->80/tcp, (\\[::\\]|::):${port}->80/tcp`),
    );
    expect(await page(`127.0.0.1:${port}`)).toBe(name);
    expect(await page(`[::1]:${port}`)).toBe(name);
    const gateway = await ok("inspect", "--format", "{{.NetworkSettings.Networks.bridge.Gateway}}", id);
    expect(await page(`${gateway}:${port}`)).toBe(name);
    const fetched = ["wget", "-q", "-O", "-", `http://${gateway}:${port}/name`];
    expect(await ok("exec", id, ...fetched)).toBe(name);
    expect(await ok("run", "--rm", image, ...fetched)).toBe(name);
    await ok("stop", "-t", "0", id);
    expect(await page(`127.0.0.1:${port}`, 1)).toBe("");
    expect(await page(`[::1]:${port}`, 1)).toBe("");
  });

  test("after a stop it is refused at once, and a program of the host that takes it is who answers", async () => {
    if (engine.kind === "dockerd") return; // its host is another network namespace than this program's
    const port = freePort();
    for (const end of [["stop", "-t", "0"], ["kill"], ["rm", "-f"]]) {
      const id = await serve("-p", `${port}:80`);
      const gateway = await ok("inspect", "--format", "{{.NetworkSettings.Networks.bridge.Gateway}}", id);
      await ok(...end, id);
      const addresses = ["127.0.0.1", gateway, "::1"];
      const refused = await Promise.all(addresses.map((address) => firstWords(address, port)));
      const server = Bun.listen({
        hostname: "0.0.0.0",
        port,
        socket: { open: (socket) => void socket.end("the host"), data: () => {} },
      });
      const heard = await Promise.all(addresses.slice(0, 2).map((address) => firstWords(address, port)));
      server.stop(true);
      expect({ end, refused, heard }).toEqual({
        end,
        refused: ["ECONNREFUSED", "ECONNREFUSED", "ECONNREFUSED"],
        heard: ["the host", "the host"],
      });
    }
  });

  test("after a start that failed it is nobody's", async () => {
    if (engine.kind === "dockerd") return; // its host is another network namespace than this program's
    const port = freePort();
    for (let round = 0; round < 5; round++) {
      const { exitCode } = await docker(
        "run",
        "-d",
        "-u",
        "nobody-of-that-name",
        "-p",
        `${port}:80`,
        image,
        "true",
      );
      expect(exitCode).not.toBe(0);
      const server = Bun.listen({
        hostname: "0.0.0.0",
        port,
        socket: { open: (socket) => void socket.end("the host"), data: () => {} },
      });
      expect(await firstWords("127.0.0.1", port)).toBe("the host");
      server.stop(true);
    }
  });

  test("with an address it is that address's only", async () => {
    const port = freePort();
    const id = await serve("-p", `127.0.0.1:${port}:80`);
    expect(await ports(id)).toEqual({ "80/tcp": [{ HostIp: "127.0.0.1", HostPort: String(port) }] });
    expect(await page(`127.0.0.1:${port}`)).toBe(id.slice(0, 12));
    const gateway = await ok("inspect", "--format", "{{.NetworkSettings.Networks.bridge.Gateway}}", id);
    expect(await page(`${gateway}:${port}`, 1)).toBe("");
  });

  test("UDP", async () => {
    const port = freePort();
    const id = await ok("run", "-d", "-p", `${port}:53/udp`, image, "sleep", "1000");
    const pid = await ok("inspect", "--format", "{{.State.Pid}}", id);
    // Busybox has nothing that speaks UDP: the server is this machine's, in the container's network.
    const answer = `const s = require("dgram").createSocket("udp4");
      s.on("message", (m, from) => s.send("got " + m, from.port, from.address));
      s.bind(53);`;
    const server = Bun.spawn(["nsenter", `--net=/proc/${pid}/ns/net`, process.execPath, "-e", answer]);
    expect(await ok("port", id)).toContain(`53/udp -> 0.0.0.0:${port}`);
    const ask = `const s = require("dgram").createSocket("udp4");
      s.on("message", (m) => { console.log(String(m)); process.exit(); });
      s.send("boat", ${port}, "127.0.0.1");
      setTimeout(() => process.exit(), 500);`;
    await eventually(
      async () => (await onHost(process.execPath, "-e", ask)).stdout.includes("got boat"),
      () => "an answer by UDP",
    );
    server.kill();
  });

  test("a port that nobody chose is a high one, another each time, and -P takes what is exposed", async () => {
    const one = await serve("-p", "80");
    const two = await serve("-P", "--expose", "80", "--expose", "53/udp");
    const [first, second] = [await ports(one), await ports(two)];
    expect(Object.keys(second).toSorted()).toEqual(["53/udp", "80/tcp"]);
    const numbers = [first["80/tcp"], second["80/tcp"]].map((list) => Number(list?.[0]?.HostPort));
    if (engine.kind === "sampan") for (const number of numbers) expect(number).toBeGreaterThanOrEqual(49_153);
    expect(numbers[0]).not.toBe(numbers[1]);
    expect(await page(`127.0.0.1:${numbers[1]}`)).toBe(two.slice(0, 12));
  });

  test("a range: port by port, or any one of it", async () => {
    const ids = [await serve("-p", "48100-48102:80-82"), await serve("-p", "48100-48105:80")];
    expect(await ok("port", ids[0] ?? "", "82")).toContain("0.0.0.0:48102");
    expect(await ok("port", ids[1] ?? "", "80")).toContain("0.0.0.0:48103");
    expect(await page("127.0.0.1:48100")).toBe(ids[0]?.slice(0, 12) ?? "");
    expect(await page("127.0.0.1:48103")).toBe(ids[1]?.slice(0, 12) ?? "");
  });
});

describe("conflicts", () => {
  test("another container's port is refused in Docker's words, and nothing of the second is there", async () => {
    const port = freePort();
    const id = await serve("-p", `${port}:80`);
    const { exitCode, stderr } = await docker(
      "run",
      "-d",
      "--name",
      "late",
      "-p",
      `${port}:80`,
      image,
      ...serving(),
    );
    expect(exitCode).toBe(125);
    expect(stderr).toContain(`Bind for 0.0.0.0:${port} failed: port is already allocated`);
    expect(await ok("inspect", "--format", "{{.State.Status}} {{.State.Pid}}", "late")).toBe("created 0");
    expect(await page(`127.0.0.1:${port}`)).toBe(id.slice(0, 12));
    // Once the first is gone the second can start.
    await ok("rm", "-f", id);
    await ok("start", "late");
    expect(await page(`127.0.0.1:${port}`)).not.toBe("");
  });

  test("another program's port is refused", async () => {
    if (engine.kind === "dockerd") return; // its host is another network namespace than this program's
    const listener = Bun.listen({ hostname: "0.0.0.0", port: 0, socket: { data: () => {} } });
    const { exitCode, stderr } = await docker("run", "-d", "-p", `${listener.port}:80`, image, ...serving());
    listener.stop();
    expect(exitCode).toBe(125);
    expect(stderr).toContain(`failed to bind host port 0.0.0.0:${listener.port}/tcp: address already in use`);
  });

  test("while a container has it, no other program gets it", async () => {
    if (engine.kind === "dockerd") return;
    const port = freePort();
    await serve("-p", `${port}:80`);
    const listen = (hostname: string) => () => Bun.listen({ hostname, port, socket: { data: () => {} } });
    for (const hostname of ["0.0.0.0", "127.0.0.1", "::"]) expect(listen(hostname)).toThrow();
  });

  test("once it is told that a container is removed, its port is free", async () => {
    const publishing = (port: number, ...Cmd: string[]) =>
      api("POST", "/containers/create", {
        Image: image,
        Cmd,
        HostConfig: { AutoRemove: true, PortBindings: { "80/tcp": [{ HostPort: String(port) }] } },
      }).then(({ body }) => (JSON.parse(body) as { Id: string }).Id);
    for (let round = 0; round < 5; round++) {
      const port = freePort();
      const [first, second] = await Promise.all([publishing(port, "true"), publishing(port, "true")]);
      const removed = api("POST", `/containers/${first}/wait?condition=removed`);
      await api("POST", `/containers/${first}/start`);
      await removed;
      const { status, body } = await api("POST", `/containers/${second}/start`);
      expect({ status, body }).toEqual({ status: 204, body: "" });
    }
  });

  test("once it is told that a container has ended, its address is free", async () => {
    await ok("network", "create", "--subnet", "10.213.7.0/24", "chosen");
    const at = ["--network", "chosen", "--ip", "10.213.7.9"];
    const [first, second] = [
      await ok("create", ...at, image, "true"),
      await ok("create", ...at, image, "true"),
    ];
    for (let round = 0; round < 5; round++)
      for (const id of [first, second]) {
        const ended = api("POST", `/containers/${id}/wait?condition=next-exit`);
        const { status, body } = await api("POST", `/containers/${id}/start`);
        expect({ status, body }).toEqual({ status: 204, body: "" });
        await ended;
      }
    await ok("rm", first, second);
    await ok("network", "rm", "chosen");
  });

  test("modes that have no ports of their own", async () => {
    const id = await serve();
    const { stderr } = await docker("run", "--rm", "-p", "80", "--network", `container:${id}`, image, "true");
    expect(stderr).toContain("conflicting options: port publishing and the container type network mode");
    const hosts = await docker("run", "--rm", "-p", "80", "--network", "host", image, "true");
    expect(hosts.stderr).toContain("Published ports are discarded when using host network mode");
  });
});

test("fifty containers with five ports each, eight at a time: no port twice, and none is left", async () => {
  const body = (i: number) => ({
    Image: image,
    Cmd: ["sleep", "1000"],
    ExposedPorts: Object.fromEntries([1, 2, 3, 4, 5].map((port) => [`${port}/tcp`, {}])),
    HostConfig: { PublishAllPorts: true },
    Hostname: `c${i}`,
  });
  const seen = new Set<string>();
  for (let at = 0; at < 50; at += 8) {
    const ids = await Promise.all(
      Array.from({ length: Math.min(8, 50 - at) }, async (_, i) => {
        const { Id } = (await api("POST", "/containers/create", body(at + i))).json() as { Id: string };
        expect((await api("POST", `/containers/${Id}/start`)).status).toBe(204);
        return Id;
      }),
    );
    for (const id of ids)
      for (const list of Object.values(await ports(id)))
        for (const { HostIp, HostPort } of list ?? []) {
          expect(seen).not.toContain(`${HostIp} ${HostPort}`);
          seen.add(`${HostIp} ${HostPort}`);
        }
  }
  expect(seen.size).toBe(500);
  const ids = (await ok("ps", "-q")).split("\n");
  await ok("rm", "-f", ...ids);
  // Other daemons may have ports of their own.
  const own = engine.kind === "sampan" ? instanceOf((engine as Daemon).execRoot).chainPrefix : "";
  let left: string[] = [];
  await eventually(
    async () => {
      const rules = (await onHost("iptables-save", "-t", "nat")).stdout.split("\n");
      left = rules.filter((rule) => rule.includes("--to-destination") && rule.includes(own));
      return left.length === 0;
    },
    () => `no rule to be left\n${left.join("\n")}`,
  );
});
