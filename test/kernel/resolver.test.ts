// The resolver in a network of its own kind: a host, two containers on a bridge, a third on another bridge, and dig.
// The name server behind it is part of the test: it answers by what the name asked for says.
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server as TcpServer } from "node:net";
import { decode, encode, type Answer } from "dns-packet";
import { realHost } from "../../src/base/host.ts";
import { instanceOf } from "../../src/base/instance.ts";
import { silentLog } from "../../src/base/log.ts";
import { installScript } from "../../src/networks/iptables-script.ts";
import { NameTable } from "../../src/networks/name-table.ts";
import { resolverRules } from "../../src/networks/resolver-rules.ts";
import type { Server } from "../../src/resolver/exchange.ts";
import { FrameReader, framed } from "../../src/resolver/frames.ts";
import { openResolver, resolverPorts, type Resolver } from "../../src/resolver/resolver.ts";
import { createNetns, removeNetns } from "../../src/sys/namespace.ts";
import { run, slowness } from "../harness/command.ts";
import { enterFreshNetwork } from "./fresh-network.ts";
import { look } from "./other-eyes.ts";

const gateways = ["172.31.0.1", "fd00:31::1"];
const folder = mkdtempSync("/tmp/sampan-resolver-");
const netns = (name: string): string => `${folder}/${name}`;
const instance = instanceOf(folder);
const upstream: Server = { address: "127.0.0.1", port: 5300 };
const deaf: Server = { address: "127.0.0.1", port: 5301 };
const warnings: string[] = [];
const host = realHost({ ...silentLog, warn: (message) => warnings.push(message) });

let leave = (): void => {};
let resolver: Resolver;
let servers: readonly Server[] = [upstream];
/** What the name server was asked, in its order. */
const asked: string[] = [];
const names = new NameTable([
  {
    containerId: "c1",
    network: "front",
    names: ["web", "www", "app"],
    addresses: ["172.31.0.2", "fd00:31::2"],
  },
  { containerId: "c2", network: "front", names: ["db", "app"], addresses: ["172.31.0.3"] },
]);
const cleanup: (() => unknown)[] = [];

beforeAll(async () => {
  look("true");
  leave = enterFreshNetwork();
  look("ip", "link", "set", "lo", "up");
  bridge("br0", "172.31.0.1/24", "fd00:31::1/64");
  bridge("br1", "172.32.0.1/24");
  container("c1", "br0", "172.31.0.2/24", "fd00:31::2/64");
  container("c2", "br0", "172.31.0.3/24");
  container("c3", "br1", "172.32.0.2/24");
  // A host that lets nothing in by itself, on which somebody has port 53 of all addresses, and the first of our ports too.
  look("iptables", "-P", "INPUT", "DROP");
  look("iptables", "-A", "INPUT", "-i", "lo", "-j", "ACCEPT");
  look("ip6tables", "-P", "INPUT", "DROP");
  look("ip6tables", "-A", "INPUT", "-i", "lo", "-j", "ACCEPT");
  look("ip6tables", "-A", "INPUT", "-p", "icmpv6", "-j", "ACCEPT");
  for (const port of [53, resolverPorts[0] as number]) {
    const other = await Bun.udpSocket({ hostname: "0.0.0.0", port, socket: { data: () => {} } });
    cleanup.push(() => other.close());
  }
  await startNameServer("127.0.0.1", 5300);
  const silent = await Bun.udpSocket({ hostname: "127.0.0.1", port: 5301, socket: { data: () => {} } });
  cleanup.push(() => silent.close());
  resolver = await open();
  for (const [program, family] of [
    ["iptables", 4],
    ["ip6tables", 6],
  ] as const) {
    const script = installScript(
      {
        chains: [
          { table: "nat", name: `${instance.chainPrefix}-PREROUTING`, from: "PREROUTING" },
          { table: "filter", name: `${instance.chainPrefix}-INPUT`, from: "INPUT" },
        ],
        rules: resolverRules(instance, family, [{ bridge: "br0", addresses: gateways, port: resolver.port }]),
      },
      "",
    );
    const { exitCode, stderr } = await run([`${program}-restore`, "--noflush"], { input: script });
    expect({ program, exitCode, stderr }).toEqual({ program, exitCode: 0, stderr: "" });
  }
});

afterAll(async () => {
  await resolver[Symbol.asyncDispose]();
  for (const undo of cleanup.toReversed()) await undo();
  for (const name of ["c1", "c2", "c3"]) removeNetns(netns(name));
  rmSync(folder, { recursive: true });
  leave();
});

function open(): Promise<Resolver> {
  return openResolver(host, {
    addresses: gateways,
    ports: resolverPorts,
    clientOf: (address) => {
      const id = names.containerAt("front", address);
      if (id === undefined) return undefined;
      return {
        addressesOf: (name) => names.addressesFor(id, name),
        nameOf: (wanted) => names.nameFor(id, wanted),
        singleLabelsStay: false,
        servers: () => servers,
      };
    },
  });
}

function bridge(name: string, ...addresses: readonly string[]): void {
  look("ip", "link", "add", name, "type", "bridge");
  for (const address of addresses)
    look("ip", "address", "add", address, "dev", name, ...(address.includes(":") ? ["nodad"] : []));
  look("ip", "link", "set", name, "up");
}

function container(name: string, on: string, ...addresses: readonly string[]): void {
  createNetns(netns(name));
  look("ip", "link", "add", `v-${name}`, "type", "veth", "peer", "name", "eth0", "netns", netns(name));
  look("ip", "link", "set", `v-${name}`, "master", on, "up");
  const inside = (...words: readonly string[]): string =>
    look("nsenter", `--net=${netns(name)}`, "ip", ...words);
  for (const address of addresses)
    inside("address", "add", address, "dev", "eth0", ...(address.includes(":") ? ["nodad"] : []));
  inside("link", "set", "eth0", "up");
  inside("link", "set", "lo", "up");
  inside("route", "add", "default", "via", addresses[0]?.replace(/\.\d+\/24$/, ".1") ?? "");
}

/** `ttl30.…` is good for 30 s, `big.…` has 200 addresses, `none.…` is not there, `fail.…` and `refuse.…` are that, `slow.…` takes 300 ms. */
function answerOf(packet: Buffer, transport: "udp" | "tcp"): Buffer {
  const { id = 0, questions = [], additionals = [] } = decode(packet);
  const name = questions[0]?.name ?? "";
  asked.push(`${transport} ${questions[0]?.type} ${name}`);
  const code = { none: 3, fail: 2, refuse: 5 }[name.split(".")[0]?.toLowerCase() ?? ""] ?? 0;
  const ttl = Number(/^ttl(\d+)/.exec(name)?.[1] ?? 0);
  const count = code > 0 ? 0 : name.startsWith("big") ? 200 : 1;
  const answers = Array.from({ length: count }, (_, i): Answer => ({
    type: "A",
    name,
    ttl,
    data: `192.0.2.${i + 1}`,
  }));
  const answer = { id, type: "response" as const, questions, additionals };
  const whole = encode({ ...answer, flags: code, answers });
  return transport === "tcp" || whole.length <= 1232 ? whole : encode({ ...answer, flags: 0x0200 });
}

async function startNameServer(hostname: string, port: number): Promise<void> {
  const udp = await Bun.udpSocket({
    hostname,
    port,
    socket: {
      data: (socket, packet, clientPort, address) => {
        const late = decode(packet).questions?.[0]?.name.startsWith("slow") ? 300 : 0;
        setTimeout(() => {
          try {
            socket.send(answerOf(packet, "udp"), clientPort, address);
          } catch {
            // Who asked, or who asked before, is gone by now.
          }
        }, late);
      },
      error: () => {}, // the same, told later
    },
  });
  const tcp = await new Promise<TcpServer>((resolve) => {
    const server = createServer((socket) => {
      const frames = new FrameReader();
      socket.on("data", (piece: Buffer) => {
        for (const message of frames.push(piece)) socket.write(framed(answerOf(message, "tcp")));
      });
      socket.on("error", () => {});
    }).listen({ host: hostname, port }, () => resolve(server));
  });
  cleanup.push(
    () => udp.close(),
    () => tcp.close(),
  );
}

type Dug = {
  readonly status: string;
  readonly flags: readonly string[];
  readonly answers: readonly string[];
};

/** What dig says, asked from a container of its resolver; `status` is "no answer" when there is none. */
async function dig(from: string, ...words: readonly string[]): Promise<Dug> {
  const server = words.some((word) => word.startsWith("@")) ? [] : ["@172.31.0.1"];
  const { stdout } = await run([
    "nsenter",
    `--net=${netns(from)}`,
    "dig",
    "+tries=1",
    "+time=6",
    ...server,
    ...words,
  ]);
  const [, status = "no answer"] = /status: (\w+)/.exec(stdout) ?? [];
  const flags = /;; flags: ([a-z ]*);/.exec(stdout)?.[1]?.split(" ") ?? [];
  const answers = stdout.split("\n").filter((line) => /^[^;\s]/.test(line));
  return { status, flags, answers: answers.map((line) => line.split(/\s+/).slice(3).join(" ")) };
}
const ok = (...answers: readonly string[]): object => ({ status: "NOERROR", answers });

test("dig: names and aliases, over UDP and TCP, IPv4 and IPv6, with no byte of it through port 53 of the host", async () => {
  expect(resolver.port).toBe(resolverPorts[1] as number);
  for (const how of [[], ["+tcp"], ["@fd00:31::1"], ["+tcp", "@fd00:31::1"]])
    expect(await dig("c1", ...how, "db")).toMatchObject(ok("A 172.31.0.3"));
  expect(await dig("c2", "www.front")).toMatchObject(ok("A 172.31.0.2"));
  expect(await dig("c2", "web", "AAAA")).toMatchObject(ok("AAAA fd00:31::2"));
  expect(await dig("c2", "db", "AAAA")).toMatchObject(ok());
  expect(await dig("c2", "-x", "172.31.0.2")).toMatchObject(ok("PTR web.front."));
  expect(await dig("c2", "-x", "fd00:31::2")).toMatchObject(ok("PTR web.front."));
  expect(asked).toEqual([]);
});

test("dig: one alias of two containers is first the one, then the other", async () => {
  const firsts = [await dig("c1", "app"), await dig("c1", "app")].map(({ answers }) => answers[0]);
  expect(new Set(firsts)).toEqual(new Set(["A 172.31.0.2", "A 172.31.0.3"]));
});

test("dig: somebody on another network gets no answer, by whichever port he asks", async () => {
  expect(await dig("c3", "+time=1", "db")).toMatchObject({ status: "no answer" });
  look("iptables", "-I", "INPUT", "-i", "br1", "-j", "ACCEPT");
  expect(await dig("c3", "+time=1", "-p", `${resolver.port}`, "db")).toMatchObject({ status: "no answer" });
  expect(await dig("c3", "+time=1", "+tcp", "-p", `${resolver.port}`, "db")).toMatchObject({
    status: "no answer",
  });
  look("iptables", "-D", "INPUT", "-i", "br1", "-j", "ACCEPT");
});

test("dig: other names are the name server's, with its errors, and kept for their TTL", async () => {
  expect(await dig("c1", "plain.example")).toMatchObject(ok("A 192.0.2.1"));
  expect(await dig("c1", "none.example")).toMatchObject({ status: "NXDOMAIN" });
  expect(await dig("c1", "fail.example")).toMatchObject({ status: "SERVFAIL" });
  expect(await dig("c1", "refuse.example")).toMatchObject({ status: "REFUSED" });
  asked.length = 0;
  for (const name of ["ttl30.example", "TTL30.example"])
    expect(await dig("c1", name)).toMatchObject(ok("A 192.0.2.1"));
  expect(await dig("c2", "+tcp", "ttl30.example")).toMatchObject(ok("A 192.0.2.1"));
  expect(asked).toEqual(["udp A ttl30.example"]);
});

test("dig: a long answer is got over TCP, and cut for a client that stays with UDP", async () => {
  const cut = await dig("c1", "+ignore", "big.example");
  expect([cut.flags.includes("tc"), cut.answers]).toEqual([true, []]);
  expect((await dig("c1", "big.example")).answers).toHaveLength(200);
  expect((await dig("c1", "+ignore", "+noedns", "big.example")).flags).toContain("tc");
});

test("dig: a server that is silent is passed over within a second, then asked last; alone it ends in SERVFAIL", async () => {
  servers = [deaf, upstream];
  const times = [];
  for (const name of ["one.example", "two.example"]) {
    const start = performance.now();
    expect(await dig("c1", name)).toMatchObject(ok("A 192.0.2.1"));
    times.push(performance.now() - start);
  }
  expect(times[0]).toBeGreaterThan(900);
  expect(times[1]).toBeLessThan(900);
  servers = [deaf];
  expect(await dig("c1", "three.example")).toMatchObject({ status: "SERVFAIL" });
  expect(warnings).toEqual(["name servers do not answer"]);
  servers = [{ address: "127.0.0.1", port: 5399 }];
  const start = performance.now();
  expect(await dig("c1", "four.example")).toMatchObject({ status: "SERVFAIL" });
  expect(performance.now() - start).toBeLessThan(3000);
  servers = [upstream];
});

test("dig: a host whose firewall lets nothing out to the server, or to the client, fails that one question only", async () => {
  const drop = (verb: string, ...match: readonly string[]): string =>
    look("iptables", verb, "OUTPUT", "-p", "udp", ...match, "-j", "DROP");
  drop("-A", "--dport", "5300");
  expect(await dig("c1", "blocked.example")).toMatchObject({ status: "SERVFAIL" });
  drop("-D", "--dport", "5300");
  drop("-A", "-d", "172.31.0.2");
  expect(await dig("c1", "+time=1", "db")).toMatchObject({ status: "no answer" });
  drop("-D", "-d", "172.31.0.2");
  servers = [{ address: "198.51.100.1" }];
  expect(await dig("c1", "no-route.example")).toMatchObject({ status: "SERVFAIL" });
  servers = [upstream];
  expect(await dig("c1", "open.example")).toMatchObject(ok("A 192.0.2.1"));
});

test("a loop: a name server that asks us in turn costs one question and ends", async () => {
  servers = [{ address: gateways[0] as string }, upstream];
  expect(await dig("c1", "self.example")).toMatchObject(ok("A 192.0.2.1"));
  // A container that passes on to its resolver, which has that container for its server.
  let passed = 0;
  const relay = `const s = await Bun.udpSocket({ hostname: "172.31.0.3", port: 53, socket: { data: async (own, packet, port, address) => {
    console.log("passed");
    const up = await Bun.udpSocket({ connect: { hostname: "172.31.0.1", port: 53 }, socket: { data: (_, answer) => void own.send(answer, port, address) } });
    up.send(packet);
  } } }); console.log("ready");`;
  const child = Bun.spawn(["nsenter", `--net=${netns("c2")}`, process.execPath, "-e", relay], {
    stdout: "pipe",
  });
  const reading = (async () => {
    for await (const bytes of child.stdout)
      passed += new TextDecoder().decode(bytes).split("passed").length - 1;
  })();
  await Bun.sleep(500);
  servers = [{ address: "172.31.0.3" }];
  expect(await dig("c1", "loop.example")).toMatchObject({ status: "SERVFAIL" });
  child.kill("SIGKILL");
  await reading;
  servers = [upstream];
  // The question, and what is sent again because a datagram may get lost.
  expect(passed).toBeGreaterThan(0);
  expect(passed).toBeLessThan(5);
});

test("a container's own server is asked from inside the container", async () => {
  const own = `const s = await Bun.udpSocket({ hostname: "127.0.0.1", port: 5355, socket: { data: (socket, packet, port, address) => {
    packet[2] |= 0x80; packet[3] = 5; socket.send(packet, port, address);
  } } });`;
  const child = Bun.spawn(["nsenter", `--net=${netns("c1")}`, process.execPath, "-e", own]);
  await Bun.sleep(500);
  servers = [{ address: "127.0.0.1", port: 5355, netnsPath: netns("c1") }];
  expect(await dig("c1", "inside.example")).toMatchObject({ status: "REFUSED" });
  servers = [{ address: "127.0.0.1", port: 5355, netnsPath: netns("gone") }];
  expect(await dig("c1", "inside.example")).toMatchObject({ status: "SERVFAIL" });
  child.kill("SIGKILL");
  servers = [upstream];
});

test("1,000 questions at once, of both kinds, all get their own answers", async () => {
  const script = `
    const { decode, encode } = require(${JSON.stringify(Bun.resolveSync("dns-packet", import.meta.dir))});
    const left = new Map();
    const wrong = [];
    const socketsOf = Array.from({ length: 50 }, () => Bun.udpSocket({ connect: { hostname: "172.31.0.1", port: 53 }, socket: { data: (_, packet) => {
      const { id, questions, answers } = decode(packet);
      const name = left.get(id);
      left.delete(id);
      if (questions[0].name !== name || answers[0]?.data !== (name === "db" ? "172.31.0.3" : "192.0.2.1")) wrong.push(name);
    } } }));
    const sockets = await Promise.all(socketsOf);
    for (let id = 0; id < 1000; id++) {
      const name = id % 2 === 0 ? "db" : "slow" + id + ".example";
      left.set(id, name);
      sockets[id % 50].send(encode({ id, type: "query", flags: 256, questions: [{ name, type: "A" }] }));
    }
    for (let i = 0; i < ${200 * slowness} && left.size > 0; i++) await Bun.sleep(20);
    console.log(JSON.stringify({ unanswered: left.size, wrong }));
    process.exit(0);`;
  const { stdout, stderr } = await run(["nsenter", `--net=${netns("c1")}`, process.execPath, "-e", script]);
  expect({ said: stdout.trim(), stderr }).toEqual({ said: '{"unanswered":0,"wrong":[]}', stderr: "" });
});

test("clients that are gone before their answer cost nobody else his", async () => {
  const script = `
    const { encode } = require(${JSON.stringify(Bun.resolveSync("dns-packet", import.meta.dir))});
    let answered = 0;
    for (let id = 0; id < 50; id++) {
      const question = encode({ id, type: "query", flags: 256, questions: [{ name: "db", type: "A" }] });
      const hasty = await Bun.udpSocket({ connect: { hostname: "172.31.0.1", port: 53 }, socket: {} });
      hasty.send(question);
      hasty.close();
      const answer = Promise.withResolvers();
      const patient = await Bun.udpSocket({ connect: { hostname: "172.31.0.1", port: 53 }, socket: { data: () => answer.resolve(1) } });
      await Bun.sleep(5);
      patient.send(question);
      answered += await Promise.race([answer.promise, Bun.sleep(2000).then(() => 0)]);
      patient.close();
    }
    console.log(answered);
    process.exit(0);`;
  const { stdout } = await run(["nsenter", `--net=${netns("c1")}`, process.execPath, "-e", script]);
  expect(stdout.trim()).toBe("50");
});

test("restart: the next resolver has the same port, and a client's old socket reaches it", async () => {
  const before = resolver.port;
  const held = `
    const { decode, encode } = require(${JSON.stringify(Bun.resolveSync("dns-packet", import.meta.dir))});
    const socket = await Bun.udpSocket({ connect: { hostname: "172.31.0.1", port: 53 }, socket: { data: (_, packet) => console.log(decode(packet).id) , error: () => {} } });
    for (let id = 0; ; id++) { socket.send(encode({ id, type: "query", questions: [{ name: "db", type: "A" }] })); await Bun.sleep(20); }`;
  const child = Bun.spawn(["nsenter", `--net=${netns("c1")}`, process.execPath, "-e", held], {
    stdout: "pipe",
  });
  const ids: number[] = [];
  const reading = (async () => {
    for await (const bytes of child.stdout)
      ids.push(...new TextDecoder().decode(bytes).trim().split("\n").map(Number));
  })();
  const untilMore = async (): Promise<void> => {
    for (const { length } = ids; ids.length === length;) await Bun.sleep(10);
  };
  await untilMore();
  await resolver[Symbol.asyncDispose]();
  expect(await dig("c1", "+time=1", "db")).toMatchObject({ status: "no answer" });
  resolver = await open();
  expect(resolver.port).toBe(before);
  expect(await dig("c1", "db")).toMatchObject(ok("A 172.31.0.3"));
  await untilMore();
  child.kill("SIGKILL");
  await reading;
});
