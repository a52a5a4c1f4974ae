// Resolvers in containers' own namespaces: a host, a container and its neighbour on a network of theirs, dig, and programs
// that want port 53 for themselves.
import { afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { decode, encode } from "dns-packet";
import { realHost } from "../../src/base/host.ts";
import { silentLog } from "../../src/base/log.ts";
import { NamespaceResolvers } from "../../src/networks/namespace-resolvers.ts";
import { createSandbox, removeSandbox } from "../../src/networks/sandbox.ts";
import type { Client } from "../../src/resolver/responder.ts";
import { run, slowness } from "../harness/command.ts";
import { enterFreshNetwork } from "./fresh-network.ts";
import { inAnotherProcess, look } from "./other-eyes.ts";

const warnings: unknown[] = [];
const host = realHost({ ...silentLog, warn: (...words) => warnings.push(words) });
/** A name server of the host's, on the host's own loopback. */
const upstream = { address: "127.0.0.1", port: 5300 };
const client: Client = {
  addressesOf: (name) => (name === "web" ? ["198.51.100.3"] : undefined),
  nameOf: () => undefined,
  singleLabelsStay: false,
  servers: () => [upstream],
};

let leave = (): void => {};
let folder = "";
/** How many packets have come to a resolver. */
let packets = 0;
const openNone = (): NamespaceResolvers =>
  new NamespaceResolvers(host, () => {
    packets += 1;
    return client;
  });
let resolvers = openNone();
const netns = (name = "c1"): string => `${folder}/${name}`;
const inside = (...words: readonly string[]): string => look("nsenter", `--net=${netns()}`, ...words);
const sockets = (): string[] =>
  inside("ss", "-Hlntu")
    .split("\n")
    .filter((line) => line.includes("127.0.0.11"))
    .map((line) => line.trim().split(/\s+/))
    .map(([kind = "", , , , address = ""]) => `${kind} ${address}`);
const openFiles = (): number => readdirSync("/proc/self/fd").length;

beforeAll(() => {
  look("true");
});
beforeEach(() => {
  leave = enterFreshNetwork();
  look("ip", "link", "set", "lo", "up");
  folder = mkdtempSync("/tmp/sampan-namespace-resolvers-");
  createSandbox(netns());
  warnings.length = 0;
  resolvers = openNone();
});
afterEach(() => {
  resolvers.closeAll();
  for (const name of readdirSync(folder)) removeSandbox(netns(name));
  rmSync(folder, { recursive: true });
  leave();
  expect(warnings).toEqual([]);
});

/** The addresses that dig gets, or what it says instead. */
async function dig(...words: readonly string[]): Promise<string> {
  const ask = ["dig", "+tries=1", "+time=2", "+short", ...words];
  const { stdout } = await run(["nsenter", `--net=${netns()}`, ...ask]);
  return stdout.trim();
}

/** A program in the container that has a port of all addresses, with none of the socket options that help; it answers "mine". */
async function serverInside(port: number): Promise<Disposable> {
  const script = `
import socket
udp, tcp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM), socket.socket()
for one in udp, tcp: one.bind(("0.0.0.0", ${port}))
tcp.listen()
print("ready", flush=True)
while True: udp.sendto(b"mine", udp.recvfrom(512)[1])`;
  const child = Bun.spawn(["nsenter", `--net=${netns()}`, "python3", "-c", script], {
    stdout: "pipe",
    stderr: "pipe",
  });
  const { value } = await child.stdout.getReader().read();
  if (value === undefined) throw new Error(await child.stderr.text());
  return { [Symbol.dispose]: () => child.kill("SIGKILL") };
}
const askMine = (): string =>
  inside("timeout", "2", "bash", "-c", "exec 3<>/dev/udp/127.0.0.1/53; echo question >&3; head -c 4 <&3");

test("names are answered by UDP and TCP, others asked of the host's servers from the host", async () => {
  const server = await Bun.udpSocket({
    hostname: upstream.address,
    port: upstream.port,
    socket: {
      data: (socket, packet, port, address) => {
        const { id, questions = [] } = decode(packet);
        const answers = [{ type: "A" as const, name: questions[0]?.name ?? "", ttl: 0, data: "192.0.2.1" }];
        socket.send(encode({ id: id ?? 0, type: "response", questions, answers }), port, address);
      },
    },
  });
  await resolvers.open("c1", netns());
  for (const how of ["+notcp", "+tcp"]) {
    expect(await dig("@127.0.0.11", how, "web")).toBe("198.51.100.3");
    expect(await dig("@127.0.0.11", how, "other.example")).toBe("192.0.2.1");
  }
  server.close();
});

test("port 53 stays the container's, whoever comes first, and again after a restart of the daemon", async () => {
  {
    using _first = await serverInside(53);
    await resolvers.open("c1", netns());
    expect([await dig("@127.0.0.11", "web"), askMine()]).toEqual(["198.51.100.3", "mine"]);
    // The daemon's end: its sockets are closed, the rules stay.
    resolvers.close("c1");
    resolvers = openNone();
    await resolvers.open("c1", netns());
    expect([await dig("@127.0.0.11", "+tcp", "web"), askMine()]).toEqual(["198.51.100.3", "mine"]);
  }
  using _second = await serverInside(53);
  expect([await dig("@127.0.0.11", "web"), askMine()]).toEqual(["198.51.100.3", "mine"]);
  expect(inside("nft", "list", "ruleset").match(/ set /g)).toHaveLength(4);
});

test("a port that somebody in the container has is passed over, and the rules lead to the next one", async () => {
  await resolvers.open("c1", netns());
  expect(sockets()).toEqual(["udp 127.0.0.11:27053", "tcp 127.0.0.11:27053"]);
  resolvers.close("c1");
  using _taken = await serverInside(27_053);
  await resolvers.open("c1", netns());
  expect(sockets()).toEqual(["udp 127.0.0.11:27054", "tcp 127.0.0.11:27054"]);
  for (const how of ["+notcp", "+tcp"]) expect(await dig("@127.0.0.11", how, "web")).toBe("198.51.100.3");
});

test("a container that has its connections tracked, and drops what is in no connection, still gets answers", async () => {
  for (const chain of ["INPUT", "OUTPUT"])
    for (const match of [["-m", "conntrack", "--ctstate", "INVALID"]])
      inside("iptables", "-A", chain, ...match, "-j", "DROP");
  inside("iptables", "-A", "INPUT", "-m", "conntrack", "--ctstate", "NEW,ESTABLISHED", "-j", "ACCEPT");
  inside("iptables", "-P", "INPUT", "DROP");
  await resolvers.open("c1", netns());
  for (const how of ["+notcp", "+tcp"]) expect(await dig("@127.0.0.11", how, "web")).toBe("198.51.100.3");
});

test("a neighbour reaches none of it", async () => {
  createSandbox(netns("c2"));
  const at = (name: string, ...words: readonly string[]): string =>
    look("nsenter", `--net=${netns(name)}`, "ip", ...words);
  at("c1", "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", netns("c2"));
  at("c1", "address", "add", "198.51.100.2/24", "dev", "eth0");
  at("c2", "address", "add", "198.51.100.3/24", "dev", "eth0");
  for (const name of ["c1", "c2"]) at(name, "link", "set", "eth0", "up");
  await resolvers.open("c1", netns());
  // He sends 127.0.0.11 by the wire, and the answers would find their way.
  look("nsenter", `--net=${netns("c2")}`, "sysctl", "-qw", "net.ipv4.conf.all.route_localnet=1");
  at("c2", "rule", "add", "pref", "10", "lookup", "local");
  at("c2", "rule", "del", "pref", "0");
  at(
    "c2",
    "route",
    "add",
    "table",
    "local",
    "127.0.0.11/32",
    "via",
    "198.51.100.2",
    "dev",
    "eth0",
    "src",
    "198.51.100.3",
  );
  packets = 0;
  for (const way of ["+notcp", "+tcp"])
    for (const address of ["127.0.0.11", "198.51.100.2"]) {
      const ask = ["dig", "+tries=1", "+time=1", `@${address}`, "-p", "27053", way, "web"];
      await run(["nsenter", `--net=${netns("c2")}`, ...ask]);
    }
  expect(packets).toBe(0);
  expect(await dig("@127.0.0.11", "web")).toBe("198.51.100.3");
});

test("close: no descriptor is left, connections that are open included; withdraw takes the rules away too", async () => {
  const before = openFiles();
  await resolvers.open("c1", netns());
  expect(openFiles()).toBe(before + 2);
  await resolvers.open("c1", netns());
  expect(openFiles()).toBe(before + 2);
  const connected = Bun.spawn(
    ["nsenter", `--net=${netns()}`, "bash", "-c", "exec 3<>/dev/tcp/127.0.0.11/53; echo ready; cat <&3"],
    { stdout: "pipe", stdin: "pipe" },
  );
  await connected.stdout.getReader().read();
  const isAccepted = (): boolean => inside("ss", "-Hntp", "sport", "27053").includes(`pid=${process.pid},`);
  for (let tries = 0; tries < 100 && !isAccepted(); tries++) await Bun.sleep(20);
  // What other tests' programs have left to the collector goes first.
  Bun.gc(true);
  await Bun.sleep(100 * slowness);
  const held = openFiles();
  resolvers.close("c1");
  expect(held - openFiles()).toBe(3);
  expect(sockets()).toEqual([]);
  connected.kill("SIGKILL");
  await connected.exited;
  await resolvers.open("c1", netns());
  resolvers.withdraw("c1", netns());
  expect([sockets(), inside("nft", "list", "ruleset")]).toEqual([[], ""]);
  resolvers.withdraw("c1", netns());
  // A container that may change its rules has taken ours away.
  await resolvers.open("c1", netns());
  inside("nft", "flush", "ruleset");
  resolvers.withdraw("c1", netns());
});

test("without the kernel's rules it is port 53 itself", () => {
  const folderOf = `${import.meta.dir}/../../src`;
  // What may not change rules stands for a kernel that has none.
  const found = inAnotherProcess(
    `const { NamespaceResolvers } = await import("${folderOf}/networks/namespace-resolvers.ts");
     const { realHost } = await import("${folderOf}/base/host.ts");
     const { silentLog } = await import("${folderOf}/base/log.ts");
     const { spawnSync } = await import("node:child_process");
     const resolvers = new NamespaceResolvers(realHost(silentLog), () => undefined);
     await resolvers.open("c1", "${netns()}");
     report(spawnSync("nsenter", ["--net=${netns()}", "ss", "-Hlntu"], { encoding: "utf8" }).stdout);
     process.exit(0);`,
    "setpriv",
    "--bounding-set=-net_admin",
    "--inh-caps=-net_admin",
  );
  expect(String(found).match(/127\.0\.0\.11:53\b/g)).toHaveLength(2);
});
