// What the firewall does, by both backends: a host with containers, a router and a client behind it, each in a network
// namespace of its own.
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createInterface } from "node:readline";
import { realHost, type Host } from "../../src/base/host.ts";
import { instanceOf } from "../../src/base/instance.ts";
import { silentLog } from "../../src/base/log.ts";
import { forgetUdpFlows } from "../../src/netlink/conntrack.ts";
import { networkFrom } from "../../src/networks/network-request.ts";
import type { AddressedNetworkRecord } from "../../src/networks/network-record.ts";
import type { NetworksOptions } from "../../src/networks/networks.ts";
import type { PortMapping } from "../../src/networks/port-mapping.ts";
import { parseSubnet } from "../../src/networks/subnet.ts";
import type { CreateNetworkBody } from "../../src/spec/docker-resources.ts";
import { createNetns, removeNetns } from "../../src/sys/namespace.ts";
import { enterFreshNetwork } from "./fresh-network.ts";
import { OpenedNetworks, openTestNetworks, type Connected } from "./network-world.ts";
import { look } from "./other-eyes.ts";
import { sctpReceiver, sctpSender } from "./sctp-programs.ts";

const host: Host = realHost(silentLog);
const hostAddress = "198.51.100.1";
const host6 = "2001:db8:1::1";
const clientAddress = "203.0.113.2";
const client6 = "2001:db8:2::2";
let leave = () => {};
let folder = "";
let router = "";
let client = "";
let opened: OpenedNetworks[] = [];
let servers: ChildProcess[] = [];

/** With br_netfilter, both ways of it. */
const bridgedFramesFiltered = existsSync("/proc/sys/net/bridge") ? [0, 1] : [0];

function filterBridgedFrames(filtered: number): void {
  if (!existsSync("/proc/sys/net/bridge")) return;
  for (const name of ["iptables", "ip6tables"])
    look("sysctl", "-qw", `net.bridge.bridge-nf-call-${name}=${filtered}`);
}

beforeAll(() => {
  look("true");
});
beforeEach(() => {
  leave = enterFreshNetwork();
  folder = mkdtempSync("/tmp/sampan-firewall-");
  [router, client] = [`${folder}/router`, `${folder}/client`];
  createNetns(router);
  createNetns(client);
  for (const netns of [undefined, router, client]) {
    inside(netns, "ip", "link", "set", "lo", "up");
    // The kernel's own addresses could not be used for a second otherwise.
    inside(netns, "sysctl", "-qw", "net.ipv6.conf.default.accept_dad=0");
  }
  wire(undefined, "uplink", [`${hostAddress}/24`, `${host6}/64`], router, "toHost", [
    "198.51.100.254/24",
    "2001:db8:1::fe/64",
  ]);
  wire(router, "toClient", ["203.0.113.254/24", "2001:db8:2::fe/64"], client, "eth0", [
    `${clientAddress}/24`,
    `${client6}/64`,
  ]);
  for (const [netns, via4, via6] of [
    [undefined, "198.51.100.254", "2001:db8:1::fe"],
    [client, "203.0.113.254", "2001:db8:2::fe"],
  ] as const) {
    inside(netns, "ip", "route", "add", "default", "via", via4);
    inside(netns, "ip", "-6", "route", "add", "default", "via", via6);
  }
  inside(router, "sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1");
});
afterEach(() => {
  for (const server of servers) server.kill("SIGKILL");
  for (const networks of opened) networks.close();
  [servers, opened] = [[], []];
  const netns = `${folder}/netns`;
  if (existsSync(netns)) for (const name of readdirSync(netns)) removeNetns(`${netns}/${name}`);
  removeNetns(router);
  removeNetns(client);
  expect(look("findmnt", "-rno", "TARGET")).not.toContain(folder);
  rmSync(folder, { recursive: true });
  leave();
});

const within = (netns: string | undefined, words: readonly string[]) =>
  netns === undefined ? words : ["nsenter", `--net=${netns}`, ...words];

function inside(netns: string | undefined, ...words: string[]): string {
  const [program = "", ...args] = within(netns, words);
  return look(program, ...args);
}

/** A cable between two namespaces. */
function wire(
  one: string | undefined,
  name: string,
  addresses: readonly string[],
  other: string,
  otherName: string,
  otherAddresses: readonly string[],
): void {
  inside(one, "ip", "link", "add", name, "type", "veth", "peer", "name", otherName, "netns", other);
  for (const [netns, link, list] of [
    [one, name, addresses],
    [other, otherName, otherAddresses],
  ] as const) {
    for (const address of list)
      inside(
        netns,
        "ip",
        "address",
        "add",
        address,
        "dev",
        link,
        ...(address.includes(":") ? ["nodad"] : []),
      );
    inside(netns, "ip", "link", "set", link, "up");
  }
}

const serverSource = `
const ports = JSON.parse(process.argv[1]);
for (const port of ports) Bun.listen({ hostname: "::", port, socket: { open(s) { s.end(s.remoteAddress + " " + port + "\\n"); }, data() {} } });
const udp = require("dgram").createSocket("udp6");
udp.on("message", (m, from) => udp.send(from.address + " udp\\n", from.port, from.address));
udp.bind(5353, "::", () => console.log("ready"));
`;

/** Answers each connection with the address it comes from and its own port, on all of these ports; UDP on 5353. */
async function serve(netns: string, ports: readonly number[]): Promise<void> {
  const [program = "", ...args] = within(netns, [
    process.execPath,
    "-e",
    serverSource,
    JSON.stringify(ports),
  ]);
  const server = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
  servers.push(server);
  await new Promise((resolve) => server.stdout.once("data", resolve));
}

/** The same on the host itself, on its 127.0.0.1. */
async function serveHost(port: number): Promise<void> {
  const source = `Bun.listen({ hostname: "127.0.0.1", port: ${port}, socket: { open(s) { s.end("host\\n"); }, data() {} } }); console.log("ready")`;
  const server = spawn(process.execPath, ["-e", source], { stdio: ["ignore", "pipe", "inherit"] });
  servers.push(server);
  await new Promise((resolve) => server.stdout.once("data", resolve));
}

/** What the server says, "refused", or "silence". IPv4 addresses are told without their IPv6 coat. */
function ask(from: string | undefined, address: string, port: number): string {
  const [program = "", ...args] = within(from, ["busybox", "nc", "-w", "1", address, String(port)]);
  const { stdout, stderr } = spawnSync(program, args, { encoding: "utf8", input: "", timeout: 5000 });
  if (stdout !== "") return stdout.trim().replace("::ffff:", "");
  return stderr.includes("refused") ? "refused" : "silence";
}

const askSource = `
const [address, port] = process.argv.slice(1);
const socket = require("dgram").createSocket(address.includes(":") ? "udp6" : "udp4");
socket.on("message", (m) => { console.log(String(m).trim()); process.exit(); });
socket.send("?", Number(port), address);
setTimeout(() => process.exit(), 1500);
`;

function askUdp(from: string | undefined, address: string, port: number): string {
  const [program = "", ...args] = within(from, [process.execPath, "-e", askSource, address, String(port)]);
  return spawnSync(program, args, { encoding: "utf8" }).stdout.trim().replace("::ffff:", "") || "silence";
}

const fromOnePort = `
const socket = require("dgram").createSocket("udp4");
socket.on("message", (m) => { console.log(String(m).trim()); process.exit(); });
socket.bind(40000, () => socket.send("?", 53, process.argv[1]));
setTimeout(() => { console.log("silence"); process.exit(); }, 700);
`;

const mapping = (containerIp: string, change: Partial<PortMapping> = {}): PortMapping => ({
  protocol: "tcp",
  hostIp: "0.0.0.0",
  hostPort: 8080,
  containerIp,
  containerPort: 80,
  count: 1,
  ...change,
});

describe.each(["iptables", "nftables"] as const)("%s", (firewallBackend) => {
  async function open(options: Partial<NetworksOptions> = {}): Promise<OpenedNetworks> {
    const networks = await openTestNetworks(host, folder, { firewallBackend, ...options });
    opened.push(networks);
    return networks;
  }

  async function create(
    { networks }: OpenedNetworks,
    body: CreateNetworkBody,
  ): Promise<AddressedNetworkRecord> {
    const record = networkFrom(body, {
      identity: networks.store.identity(body.Name ?? ""),
      existing: networks.store.all(),
      bridgePrefix: instanceOf(folder).networkPrefix,
      inUse: [],
      pools: {
        4: [{ range: parseSubnet("10.200.0.0/16"), prefixLength: 24 }],
        6: [{ range: parseSubnet("fd00:200::/48"), prefixLength: 64 }],
      },
      usualMtu: 1500,
      hasInterface: () => false,
    });
    await networks.create(record);
    return record;
  }

  /** The strictest host: nothing is forwarded but what a rule accepts. nft's own table cannot overrule that. */
  const dropForwarded = () => {
    if (firewallBackend === "iptables") look("iptables", "-P", "FORWARD", "DROP");
  };

  test.each(bridgedFramesFiltered)(
    "a published port is reached from far and near (br_netfilter: %d)",
    async (filtered) => {
      filterBridgedFrames(filtered);
      dropForwarded();
      const world = await open();
      const other = await create(world, { Name: "other" });
      const [one, two, three] = [world.connect("c1"), world.connect("c2"), world.connect("c3", {}, other)];
      await serve(one.netnsPath, [80]);
      await world.networks.firewall.publish("c1", [mapping(one.address)]);
      expect(ask(client, hostAddress, 8080)).toBe(`${clientAddress} 80`);
      expect(ask(undefined, hostAddress, 8080)).toBe(`${hostAddress} 80`);
      expect(ask(undefined, "127.0.0.1", 8080)).toBe(`${one.gateway} 80`);
      expect(ask(undefined, one.gateway, 8080)).toBe(`${one.gateway} 80`);
      // From a neighbour, from the container itself, and from another network.
      expect(ask(two.netnsPath, hostAddress, 8080)).toBe(`${one.gateway} 80`);
      expect(ask(one.netnsPath, hostAddress, 8080)).toBe(`${one.gateway} 80`);
      expect(ask(one.netnsPath, one.gateway, 8080)).toBe(`${one.gateway} 80`);
      expect(ask(three.netnsPath, hostAddress, 8080)).toEndWith(" 80");
      await world.networks.firewall.unpublish("c1");
      expect(ask(client, hostAddress, 8080)).toBe("refused");
      expect(ask(undefined, "127.0.0.1", 8080)).toBe("refused");
    },
  );

  test("what is published on loopback or on one address stays there", async () => {
    const world = await open();
    const one = world.connect("c1");
    await serve(one.netnsPath, [80]);
    await world.networks.firewall.publish("c1", [
      mapping(one.address, { hostIp: "127.0.0.1", hostPort: 81 }),
      mapping(one.address, { hostIp: hostAddress, hostPort: 82 }),
    ]);
    expect(ask(undefined, "127.0.0.1", 81)).toEndWith(" 80");
    expect(ask(undefined, hostAddress, 81)).toBe("refused");
    expect(ask(client, hostAddress, 82)).toEndWith(" 80");
    expect(ask(undefined, "127.0.0.1", 82)).toBe("refused");
    // A neighbour on the wire, or a container, that sends to 127.0.0.1 by way of the host gets nowhere.
    await serveHost(4444);
    for (const [netns, via] of [
      [router, hostAddress],
      [one.netnsPath, one.gateway],
    ] as const) {
      inside(netns, "ip", "route", "del", "local", "127.0.0.0/8", "dev", "lo", "table", "local");
      inside(netns, "ip", "route", "del", "local", "127.0.0.1", "dev", "lo", "table", "local");
      inside(netns, "ip", "route", "add", "127.0.0.1", "via", via);
      const name = netns === router ? "toHost" : "eth0";
      inside(netns, "sysctl", "-qw", `net.ipv4.conf.${name}.route_localnet=1`);
      expect([ask(netns, "127.0.0.1", 81), ask(netns, "127.0.0.1", 4444)]).toEqual(["silence", "silence"]);
    }
  });

  test("UDP, and ranges that keep or move their ports", async () => {
    const world = await open();
    const one = world.connect("c1");
    await serve(one.netnsPath, [80, 81, 82, 7001, 7999]);
    await world.networks.firewall.publish("c1", [
      mapping(one.address, { protocol: "udp", hostPort: 53, containerPort: 5353 }),
      mapping(one.address, { hostPort: 7000, containerPort: 7000, count: 1000 }),
      mapping(one.address, { hostPort: 9000, containerPort: 80, count: 3 }),
    ]);
    expect(askUdp(client, hostAddress, 53)).toBe(`${clientAddress} udp`);
    expect(askUdp(undefined, "127.0.0.1", 53)).toBe(`${one.gateway} udp`);
    expect([7001, 7999].map((port) => ask(client, hostAddress, port))).toEqual([
      `${clientAddress} 7001`,
      `${clientAddress} 7999`,
    ]);
    expect([9000, 9001, 9002].map((port) => ask(client, hostAddress, port))).toEqual(
      [80, 81, 82].map((port) => `${clientAddress} ${port}`),
    );
    expect(ask(client, hostAddress, 8000)).toBe("refused");
    expect(ask(client, hostAddress, 9003)).toBe("refused");
  });

  test("SCTP: the first packet of an association comes to the container's port, from where it came", async () => {
    const world = await open();
    const one = world.connect("c1");
    await world.networks.firewall.publish("c1", [
      mapping(one.address, { protocol: "sctp", hostPort: 7100, containerPort: 71, count: 2 }),
    ]);
    // Not every kernel has sockets of this protocol: both ends are raw ones.
    const [program = "", ...words] = within(one.netnsPath, ["python3", "-c", sctpReceiver]);
    const receiver = spawn(program, words, { stdio: ["ignore", "pipe", "inherit"] });
    servers.push(receiver);
    const lines = createInterface({ input: receiver.stdout })[Symbol.asyncIterator]();
    expect((await lines.next()).value).toBe("ready");
    for (const [port, expected] of [
      [7100, 71],
      [7101, 72],
    ] as const) {
      inside(client, "python3", "-c", sctpSender, hostAddress, String(port));
      expect((await lines.next()).value).toBe(`${clientAddress} 4711 -> ${expected} INIT, checksum right`);
    }
  });

  test("UDP that came before the port was published goes to the container from then on", async () => {
    const world = await open();
    const one = world.connect("c1");
    await serve(one.netnsPath, []);
    // From one and the same port all the time, as a program that does not stop sends.
    const askAgain = () => inside(client, process.execPath, "-e", fromOnePort, hostAddress).trim();
    expect(askAgain()).toBe("silence");
    await world.networks.firewall.publish("c1", [
      mapping(one.address, { protocol: "udp", hostPort: 53, containerPort: 5353 }),
    ]);
    expect(askAgain()).toBe("silence");
    expect(forgetUdpFlows(4, (port) => port === 54)).toBe(0);
    expect(forgetUdpFlows(4, (port) => port === 53)).toBe(1);
    expect(askAgain()).toContain(clientAddress);
  });

  test("networks do not reach each other, an internal one nobody; the world comes in only by ports", async () => {
    const world = await open();
    const other = await create(world, { Name: "other" });
    const shut = await create(world, { Name: "shut", Internal: true });
    const on = (id: string, network?: AddressedNetworkRecord) => world.connect(id, {}, network);
    const [one, two, three, four] = [on("c1"), on("c2", other), on("c3", shut), on("c4", shut)];
    for (const { netnsPath } of [one, two, three]) await serve(netnsPath, [80]);
    inside(router, "ip", "route", "add", "10.0.0.0/8", "via", hostAddress);
    inside(router, "ip", "route", "add", world.subnet, "via", hostAddress);
    expect(ask(one.netnsPath, two.address, 80)).toBe("silence");
    expect(ask(two.netnsPath, one.address, 80)).toBe("silence");
    expect(ask(client, one.address, 80)).toBe("silence");
    expect(ask(undefined, two.address, 80)).toEndWith(" 80");
    expect(ask(four.netnsPath, three.address, 80)).toBe(`${four.address} 80`);
    // Even one that makes itself a way out.
    inside(four.netnsPath, "ip", "route", "add", "default", "via", "10.200.1.1");
    await serve(client, [80]);
    expect(ask(four.netnsPath, clientAddress, 80)).toBe("silence");
    expect(ask(one.netnsPath, clientAddress, 80)).toBe(`${hostAddress} 80`);
  });

  test.each(bridgedFramesFiltered)(
    "without ICC (br_netfilter: %d) containers reach the host and the world, but each other by published ports only",
    async (filtered) => {
      filterBridgedFrames(filtered);
      const world = await open({ icc: false });
      const [one, two] = [world.connect("c1"), world.connect("c2")];
      await serve(one.netnsPath, [80]);
      expect(ask(two.netnsPath, one.address, 80)).toBe("silence");
      await serve(client, [80]);
      expect(ask(two.netnsPath, clientAddress, 80)).toBe(`${hostAddress} 80`);
      await world.networks.firewall.publish("c1", [mapping(one.address)]);
      expect(ask(two.netnsPath, hostAddress, 8080)).toEndWith(" 80");
    },
  );

  test("IPv6: the same by NAT66; a network without it has none", async () => {
    const world = await open();
    const six = await create(world, { Name: "six", EnableIPv6: true });
    const [one, two]: Connected[] = [world.connect("c1", {}, six), world.connect("c2", {}, six)];
    if (one === undefined || two === undefined) throw new Error("no containers");
    const address = one.plan.addresses[1]?.address ?? "";
    await serve(one.netnsPath, [80]);
    await serve(client, [80]);
    expect(address).toStartWith("fd00:200:");
    // The wires' own neighbours find each other only after a moment.
    for (let i = 0; i < 5 && ask(undefined, client6, 80) === "silence"; i++) await Bun.sleep(100);
    expect(ask(two.netnsPath, address, 80)).toEndWith(" 80");
    expect(ask(one.netnsPath, client6, 80)).toBe(`${host6} 80`);
    await world.networks.firewall.publish("c1", [
      mapping(address, { hostIp: "::" }),
      mapping(address, { hostIp: host6, hostPort: 8081 }),
    ]);
    expect(ask(client, host6, 8080)).toBe(`${client6} 80`);
    expect(ask(client, host6, 8081)).toBe(`${client6} 80`);
    expect(ask(undefined, host6, 8080)).toBe(`${host6} 80`);
    expect(ask(two.netnsPath, host6, 8080)).toEndWith(" 80");
    expect(ask(one.netnsPath, host6, 8080)).toEndWith(" 80");
    inside(router, "ip", "-6", "route", "add", "fd00:200::/48", "via", host6);
    inside(client, "ip", "-6", "route", "add", "fd00:200::/48", "via", "2001:db8:2::fe");
    expect(ask(client, address, 80)).toBe("silence");
    const plain = world.connect("c3");
    expect(inside(plain.netnsPath, "ip", "-6", "-o", "address", "show", "dev", "eth0")).toBe("");
  });

  test("a flush by others is noticed and repaired, and nobody else's rules are touched", async () => {
    const world = await open();
    const one = world.connect("c1");
    await serve(one.netnsPath, [80]);
    await world.networks.firewall.publish("c1", [mapping(one.address)]);
    if (firewallBackend === "iptables") {
      look("iptables", "-t", "nat", "-F");
      look("iptables", "-A", "FORWARD", "-s", "192.0.2.0/24", "-j", "DROP");
    } else look("nft", "flush", "ruleset");
    look("nft", "add", "table", "inet", "somebodys");
    expect(ask(client, hostAddress, 8080)).toBe("refused");
    for (let i = 0; i < 60 && ask(client, hostAddress, 8080) === "refused"; i++) await Bun.sleep(100);
    expect(ask(client, hostAddress, 8080)).toBe(`${clientAddress} 80`);
    expect(ask(undefined, "127.0.0.1", 8080)).toEndWith(" 80");
    expect(look("nft", "list", "tables")).toContain("table inet somebodys");
    if (firewallBackend === "iptables")
      expect(look("iptables", "-S", "FORWARD")).toContain("-s 192.0.2.0/24");
    await world.networks.removeAll();
    expect(look("nft", "list", "ruleset").toLowerCase()).not.toContain(
      instanceOf(folder).chainPrefix.toLowerCase(),
    );
  });

  test("what a build before this one had at another hook is taken over, and goes with the rest", async () => {
    const { chainPrefix } = instanceOf(folder);
    const [table, name] = [`inet ${chainPrefix.toLowerCase()}`, `${chainPrefix}-LOOPBACK`];
    if (firewallBackend === "iptables")
      for (const rule of [`-N ${name}`, `-A ${name} -i old0 -j DROP`, `-I PREROUTING -j ${name}`])
        look("iptables", "-t", "raw", ...rule.split(" "));
    else {
      look("nft", `add table ${table}`);
      look("nft", `add chain ${table} loopback { type filter hook prerouting priority -300; }`);
    }
    const network = await open();
    const rules = (): string => look("iptables-save") + look("nft", "list", "ruleset");
    expect(look("iptables-save", "-t", "raw")).not.toContain("PREROUTING -j");
    expect(rules()).not.toContain("old0");
    if (firewallBackend === "nftables")
      expect(look("nft", `list chain ${table} loopback`)).toContain("hook input");
    await network.networks.firewall.remove();
    expect(rules()).not.toContain(name);
  });

  test("a restart sets the rules of containers that run on, and takes those of others away", async () => {
    const before = await open();
    const one = before.connect("c1");
    await serve(one.netnsPath, [80]);
    await before.networks.firewall.publish("c1", [mapping(one.address)]);
    await before.networks.firewall.publish("c2", [mapping("172.17.0.99", { hostPort: 8081 })]);
    before.close();
    opened = [];
    const { networks } = await openTestNetworks(host, folder, { firewallBackend });
    networks.firewall.adopt("c1", [mapping(one.address)]);
    await networks.firewall.install();
    opened.push(new OpenedNetworks(networks));
    expect(ask(client, hostAddress, 8080)).toBe(`${clientAddress} 80`);
    expect(ask(client, hostAddress, 8081)).toBe("refused");
  });

  test("many at once: fifty containers with five ports each, eight at a time, come and go, and no rule is left", async () => {
    const world = await open();
    const { firewall } = world.networks;
    const ids = Array.from({ length: 50 }, (_, i) => `c${i}`);
    const portsOf = (id: string) =>
      Array.from({ length: 5 }, (_, i) =>
        mapping(`172.17.0.${10 + Number(id.slice(1))}`, {
          hostPort: 20_000 + Number(id.slice(1)) * 10 + i * 2,
        }),
      );
    for (let at = 0; at < ids.length; at += 8)
      await Promise.all(ids.slice(at, at + 8).map((id) => firewall.publish(id, portsOf(id))));
    const dump = () => look("nft", "list", "ruleset").match(/172\.17\.0\.\d+/g)?.length ?? 0;
    expect(dump()).toBeGreaterThanOrEqual(250);
    const rest = dump() - 250;
    await Promise.all(ids.map((id) => firewall.unpublish(id)));
    expect(dump()).toBe(rest);
  });
});
