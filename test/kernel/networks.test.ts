import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { errorText } from "../../src/base/errors.ts";
import { realHost, type Host } from "../../src/base/host.ts";
import { instanceOf } from "../../src/base/instance.ts";
import { silentLog } from "../../src/base/log.ts";
import { connectEndpoint } from "../../src/networks/endpoint.ts";
import type { NetworksOptions } from "../../src/networks/networks.ts";
import { createSandbox } from "../../src/networks/sandbox.ts";
import { openRtnetlink } from "../../src/netlink/rtnetlink.ts";
import { closeFd } from "../../src/sys/file.ts";
import { createNetns, openNetns, removeNetns } from "../../src/sys/namespace.ts";
import { enterFreshNetwork } from "./fresh-network.ts";
import { openTestNetworks, type OpenedNetworks } from "./network-world.ts";
import { look, lookJson } from "./other-eyes.ts";

type IpLink = {
  ifname: string;
  flags: string[];
  mtu: number;
  address: string;
  ifalias?: string;
  master?: string;
};
type IpAddress = { addr_info: { local: string; prefixlen: number; family: string }[] };

let leave = () => {};
let folder = "";
let opened: OpenedNetworks[] = [];
const warnings: string[] = [];
const host: Host = realHost({ ...silentLog, warn: (message) => warnings.push(message) });

beforeAll(() => {
  // Starting a program before: whatever threads that makes belong to the machine's own network.
  look("true");
});
beforeEach(() => {
  leave = enterFreshNetwork();
  folder = mkdtempSync("/tmp/sampan-networks-");
});
afterEach(() => {
  for (const network of opened) network.close();
  opened = [];
  warnings.length = 0;
  const netns = `${folder}/netns`;
  if (existsSync(netns)) for (const name of readdirSync(netns)) removeNetns(`${netns}/${name}`);
  rmSync(folder, { recursive: true });
  leave();
});
afterAll(() => {
  expect(look("findmnt", "-rno", "TARGET")).not.toContain("sampan-networks-");
});

async function open(options: Partial<NetworksOptions> = {}): Promise<OpenedNetworks> {
  const network = await openTestNetworks(host, folder, options);
  opened.push(network);
  return network;
}

const failureOf = (work: Promise<unknown>) => work.then(() => "none", errorText);
const ip = (...args: string[]) => JSON.parse(look("ip", "-j", ...args) || "[]") as unknown;
const linkNames = () => (ip("link") as IpLink[]).map(({ ifname }) => ifname);
const linkNamed = (name: string) => (ip("link", "show", name) as IpLink[])[0];
const addressesOf = (name: string) =>
  (ip("address", "show", name) as IpAddress[]).flatMap(({ addr_info }) =>
    addr_info.map(({ local, prefixlen }) => `${local}/${prefixlen}`),
  );
const inside = (netns: string, ...words: string[]) => look("nsenter", `--net=${netns}`, ...words);
const reaches = (netns: string, address: string) => {
  try {
    inside(netns, "busybox", "ping", "-c", "1", "-W", "1", address);
    return true;
  } catch {
    return false;
  }
};

/** Ends with 0 when somebody answers there, with 124 when nobody does for a second. */
const dial = (address: string, port: number) => [
  "timeout",
  "1",
  "bash",
  "-c",
  `exec 3<>/dev/tcp/${address}/${port}`,
];

/** The rules of both tables that we write into, in their order. */
const rules = () =>
  ["filter", "nat"]
    .flatMap((table) => look("iptables-save", "-t", table).split("\n"))
    .filter((line) => line.startsWith("-A"));

test("openNetworks: ip sees the bridge up with the first free range, forwarding is on, the record tells it", async () => {
  look("ip", "link", "add", "docker0", "type", "bridge");
  look("ip", "address", "add", "172.17.0.1/16", "dev", "docker0");
  look("ip", "link", "set", "docker0", "up");
  const { record } = await open();
  const { bridge } = instanceOf(folder);
  expect(record).toMatchObject({
    name: "bridge",
    bridge,
    pools: [{ subnet: "172.18.0.0/16", gateway: "172.18.0.1" }],
    mtu: 1500,
  });
  expect(addressesOf(bridge)).toEqual(["172.18.0.1/16"]);
  expect(linkNamed(bridge)?.flags).toContain("UP");
  expect(readFileSync("/proc/sys/net/ipv4/ip_forward", "utf8")).toBe("1\n");
  expect(readFileSync(`/proc/sys/net/ipv6/conf/${bridge}/accept_ra`, "utf8")).toBe("0\n");
  expect(warnings).toEqual([]);
});

test("openNetworks: again gives the same bridge, record and rules, each once", async () => {
  const first = await open();
  const before = { rules: rules(), links: linkNames() };
  const second = await open();
  expect(second.record).toEqual(first.record);
  expect({ rules: rules(), links: linkNames() }).toEqual(before);
});

test("openNetworks: after a reboot it is where it was, unless the host has a route there by now", async () => {
  const { record } = await open();
  look("ip", "link", "del", record.bridge);
  look("ip", "link", "add", "early", "type", "bridge");
  look("ip", "link", "set", "early", "up");
  expect((await open()).record).toEqual(record);
  look("ip", "link", "del", record.bridge);
  look("ip", "route", "add", "172.17.8.0/24", "dev", "early", "table", "77");
  expect((await open()).record).toEqual({
    ...record,
    pools: [{ subnet: "172.18.0.0/16", gateway: "172.18.0.1" }],
  });
});

test("openNetworks: --bip decides, and moves a bridge that is elsewhere", async () => {
  const first = await open({ bridgeAddress: "10.77.0.1/24" });
  expect(first.record).toMatchObject({ pools: [{ subnet: "10.77.0.0/24", gateway: "10.77.0.1" }] });
  const second = await open({ bridgeAddress: "10.78.3.9/22" });
  expect(second.record).toMatchObject({
    id: first.record.id,
    pools: [{ subnet: "10.78.0.0/22", gateway: "10.78.3.9" }],
  });
  expect(addressesOf(second.record.bridge)).toEqual(["10.78.3.9/22"]);
  for (const bad of ["10.78.0.0/22", "10.78.0.1/31", "10.78.0.1", "fd00::1/64"])
    expect(await failureOf(open({ bridgeAddress: bad }))).toContain("invalid");
});

test("openNetworks: an existing bridge is used with its own address, and left where it is", async () => {
  expect(await failureOf(open({ bridge: "mine" }))).toContain("bridge mine does not exist");
  expect(await failureOf(open({ bridge: "lo" }))).toContain("lo is not a bridge");
  look("ip", "link", "add", "mine", "mtu", "1400", "type", "bridge");
  expect(await failureOf(open({ bridge: "mine" }))).toContain("bridge mine has no IPv4 address");
  look("ip", "address", "add", "10.66.0.254/24", "dev", "mine");
  const network = await open({ bridge: "mine" });
  expect(network.record).toMatchObject({
    bridge: "mine",
    pools: [{ subnet: "10.66.0.0/24", gateway: "10.66.0.254" }],
    mtu: 1400,
  });
  expect(network.connect("c1").address).toBe("10.66.0.1");
  await network.networks.removeAll();
  expect(linkNames()).toContain("mine");
});

test("openNetworks: the bridge carries no more than the way out does", async () => {
  look("ip", "link", "add", "uplink", "mtu", "1420", "type", "bridge");
  look("ip", "address", "add", "198.51.100.1/24", "dev", "uplink");
  look("ip", "link", "set", "uplink", "up");
  look("ip", "route", "add", "default", "via", "198.51.100.254");
  const { record } = await open();
  expect(record.mtu).toBe(1420);
  expect(linkNamed(record.bridge)?.mtu).toBe(1420);
});

test("connect: ip inside sees address, route, mac and loopback; outside a port of the bridge with its owner's name", async () => {
  const network = await open();
  const plan = network.connect("c1");
  expect(plan).toMatchObject({
    address: "172.17.0.2",
    prefixLength: 16,
    gateway: "172.17.0.1",
    mac: "02:42:ac:11:00:02",
  });
  const links = lookJson("nsenter", `--net=${plan.netnsPath}`, "ip", "-j", "address") as (IpLink &
    IpAddress)[];
  const eth0 = links.find(({ ifname }) => ifname === "eth0");
  expect(eth0).toMatchObject({ mtu: 1500, address: "02:42:ac:11:00:02" });
  expect(eth0?.flags).toContain("LOWER_UP");
  // One IPv4 address and, on an IPv4 network, none of IPv6.
  expect(eth0?.addr_info).toEqual([expect.objectContaining({ local: "172.17.0.2", prefixlen: 16 })]);
  const lo = links.find(({ ifname }) => ifname === "lo");
  expect(lo?.flags).toContain("UP");
  expect(lo?.addr_info.map(({ local }) => local)).toEqual(["127.0.0.1", "::1"]);
  expect(lookJson("nsenter", `--net=${plan.netnsPath}`, "ip", "-j", "route", "show", "default")).toEqual([
    expect.objectContaining({ gateway: "172.17.0.1", dev: "eth0" }),
  ]);
  expect(linkNamed(plan.hostInterface)).toMatchObject({
    master: network.record.bridge,
    ifalias: `${instanceOf(folder).tag}:c1`,
  });
  expect(addressesOf(plan.hostInterface)).toEqual([]);
});

test("connect: a wanted address and mac are given; one that is taken is refused and leaves nothing", async () => {
  const network = await open();
  const plan = network.connect("c1", { address: "172.17.9.9", mac: "02:00:00:00:00:07" });
  expect(inside(plan.netnsPath, "ip", "-br", "address", "show", "eth0")).toContain("172.17.9.9/16");
  expect(inside(plan.netnsPath, "ip", "-br", "link", "show", "eth0")).toContain("02:00:00:00:00:07");
  const before = linkNames();
  expect(() => network.connect("c2", { address: "172.17.9.9" })).toThrow("Address already in use");
  expect(() => network.connect("c2", { address: "10.0.0.1" })).toThrow(
    "no configured subnet contains IP address",
  );
  expect([existsSync(network.netnsPath("c2")), linkNames()]).toEqual([false, before]);
});

test("containers reach the gateway, each other and, by the host's address, the world; the world does not reach them", async () => {
  const world = `${folder}/world`;
  createNetns(world);
  try {
    look("ip", "link", "add", "uplink", "type", "veth", "peer", "name", "eth0", "netns", world);
    look("ip", "address", "add", "198.51.100.1/24", "dev", "uplink");
    look("ip", "link", "set", "uplink", "up");
    inside(world, "ip", "address", "add", "198.51.100.2/24", "dev", "eth0");
    inside(world, "ip", "link", "set", "eth0", "up");
    // The strictest host: nothing is forwarded but what a rule accepts.
    look("iptables", "-P", "FORWARD", "DROP");
    const network = await open();
    const [one, two] = [network.connect("c1"), network.connect("c2")];
    expect(reaches(one.netnsPath, one.gateway)).toBe(true);
    expect(reaches(one.netnsPath, two.address)).toBe(true);
    // The world has no route to the containers: an answer comes only to the host's own address.
    expect(reaches(one.netnsPath, "198.51.100.2")).toBe(true);
    inside(world, "ip", "route", "add", network.subnet, "via", "198.51.100.1");
    look("iptables", "-P", "FORWARD", "ACCEPT");
    expect(reaches(world, two.address)).toBe(false);
    // That it is our rule that keeps it out:
    look("iptables", "-F", `${instanceOf(folder).chainPrefix}-FORWARD`);
    expect(reaches(world, two.address)).toBe(true);
  } finally {
    removeNetns(world);
  }
});

test("lookUpThrough: 127.0.0.11 leads to the gateway, and no neighbour to loopback", async () => {
  // Where bridged frames pass the host's firewall, that keeps them out already.
  if (existsSync("/proc/sys/net/bridge")) look("sysctl", "-qw", "net.bridge.bridge-nf-call-iptables=0");
  const network = await open();
  const [one, two] = [network.connect("c1"), network.connect("c2")];
  for (const [id, { address, gateway }] of [
    ["c1", one],
    ["c1", one],
    ["c2", two],
  ] as const)
    network.networks.lookUpThrough(id, { containerInterface: "eth0", address, gateway });
  const way = inside(one.netnsPath, "ip", "route", "get", "127.0.0.11");
  expect(way).toContain(`127.0.0.11 via ${one.gateway} dev eth0`);
  expect(way).toContain(`src ${one.address}`);
  expect(inside(one.netnsPath, "ip", "route", "get", "127.0.0.1")).toContain("dev lo");

  const source = `require("net").createServer((s) => s.end()).listen(80, "127.0.0.77", () => console.log("ready"))`;
  const server = spawn("nsenter", [`--net=${one.netnsPath}`, process.execPath, "-e", source]);
  try {
    await new Promise((resolve) => server.stdout.once("data", resolve));
    const reach = ["127.0.0.77/32", "via", one.address, "dev", "eth0", "src", two.address, "table", "local"];
    inside(two.netnsPath, "ip", "route", "add", ...reach);
    const ask = () => failureOf((async () => inside(two.netnsPath, ...dial("127.0.0.77", 80)))());
    expect(await ask()).toContain("ended with 124");
    // It is the rule that keeps it out.
    inside(one.netnsPath, "ip", "rule", "delete", "pref", "1");
    expect(await ask()).toBe("none");
  } finally {
    server.kill("SIGKILL");
  }
});

test("isolate: a namespace with loopback only", async () => {
  const network = await open();
  network.networks.enter("c1");
  const links = lookJson("nsenter", `--net=${network.netnsPath("c1")}`, "ip", "-j", "link") as IpLink[];
  expect(links.filter(({ flags }) => flags.includes("UP")).map(({ ifname }) => ifname)).toEqual(["lo"]);
  network.disconnect("c1");
  expect(existsSync(network.netnsPath("c1"))).toBe(false);
});

/** The kernel takes links away a while after their namespace has ended. */
async function untilGone(name: string): Promise<boolean> {
  for (let i = 0; i < 200 && linkNames().includes(name); i++) await Bun.sleep(20);
  return !linkNames().includes(name);
}

test("disconnect: nobody answers at the address from then on, the interface follows; twice is fine", async () => {
  const network = await open();
  const [one, two] = [network.connect("c1"), network.connect("c2")];
  // A program that stays keeps its namespace alive, as one that shares another container's network does.
  const sharer = spawn("nsenter", [`--net=${two.netnsPath}`, "sleep", "60"], { stdio: "ignore" });
  try {
    expect(reaches(one.netnsPath, two.address)).toBe(true);
    network.disconnect("c2");
    expect(existsSync(two.netnsPath)).toBe(false);
    inside(one.netnsPath, "ip", "neighbour", "flush", "all");
    expect(reaches(one.netnsPath, two.address)).toBe(false);
  } finally {
    sharer.kill("SIGKILL");
  }
  network.disconnect("c2");
  expect(await untilGone(two.hostInterface)).toBe(true);
});

test("connect: quickly again after disconnect, with the same address if that is wanted", async () => {
  const network = await open();
  for (let round = 0; round < 5; round++) {
    const plan = network.connect("c1", { address: "172.17.0.50" });
    expect(reaches(plan.netnsPath, plan.gateway)).toBe(true);
    network.disconnect("c1");
  }
  expect([network.connect("c1").address, network.connect("c2").address]).toEqual([
    "172.17.0.2",
    "172.17.0.3",
  ]);
});

test("connect: over one that was cut short makes it whole", async () => {
  const network = await open();
  const broken = network.connect("c1");
  inside(broken.netnsPath, "ip", "address", "flush", "dev", "eth0");
  const whole = network.connect("c1");
  expect(reaches(whole.netnsPath, whole.gateway)).toBe(true);
});

test("connectEndpoint: carried out twice, or over a part of itself, the plan is true; a failure leaves no pair", async () => {
  const network = await open();
  using rtnetlink = openRtnetlink();
  const { plan: first, gateway } = network.connect("c1");
  if (first.joint.kind !== "veth") throw new Error("not a pair");
  const joint = { ...first.joint, hostInterface: "second" };
  const plan = {
    ...first,
    joint,
    netnsPath: `${folder}/netns/c2`,
    addresses: [{ address: "172.17.0.99", prefixLength: 16 }],
  };
  const connect = (wanted: typeof plan) =>
    connectEndpoint(rtnetlink, wanted, { bridgedFramesFiltered: false });
  createSandbox(plan.netnsPath);
  connect(plan);
  connect(plan);
  inside(plan.netnsPath, "ip", "link", "set", "eth0", "down");
  look("ip", "link", "set", "second", "nomaster");
  connect(plan);
  expect(reaches(plan.netnsPath, gateway)).toBe(true);
  const before = linkNames();
  const elsewhere = {
    ...plan,
    joint: { ...joint, hostInterface: "third" },
    netnsPath: `${folder}/netns/c3`,
    addresses: [{ address: "172.17.0.98", prefixLength: 33 }],
  };
  createSandbox(elsewhere.netnsPath);
  expect(() => connect(elsewhere)).toThrow("add address 172.17.0.98/33");
  expect(linkNames()).toEqual(before);
  expect(() => connect({ ...plan, joint: { ...joint, bridge: "nosuch" } })).toThrow(
    "bridge nosuch does not exist",
  );
});

test("restart of the daemon: adopted addresses are not given again, and an adopted interface is cut off", async () => {
  const before = await open();
  const [one, two] = [before.connect("c1"), before.connect("c2")];
  before.close();
  opened.pop();
  const after = await open();
  for (const [id, { address, hostInterface }] of [
    ["c1", one],
    ["c2", two],
  ] as const)
    after.networks.adopt(id, {
      networkId: after.record.id,
      addresses: [address],
      containerInterface: "eth0",
      hostInterface,
    });
  expect(after.networks.sweep(new Set(["c1", "c2"]))).toEqual([]);
  expect(reaches(one.netnsPath, two.address)).toBe(true);
  expect(after.connect("c3").address).toBe("172.17.0.4");
  after.disconnect("c1");
  expect(await untilGone(one.hostInterface)).toBe(true);
  expect(after.connect("c4", { address: one.address }).address).toBe(one.address);
});

test("sweep: takes away namespaces and interfaces of containers that do not live, and of no other daemon", async () => {
  const network = await open();
  const [dead, live] = [network.connect("dead"), network.connect("live")];
  // Half a start: a pair that never got into a namespace with a name.
  look("ip", "link", "add", "half", "type", "veth", "peer", "name", "half-peer");
  look("ip", "link", "set", "half", "alias", `${instanceOf(folder).tag}:halfway`);
  look("ip", "link", "add", "foreign", "type", "veth", "peer", "name", "foreign-peer");
  look("ip", "link", "set", "foreign", "alias", "sampan-000000:dead");
  const removed = network.networks.sweep(new Set(["live"]));
  expect(removed.sort()).toEqual([dead.netnsPath, dead.hostInterface, "half"].sort());
  expect(await untilGone(dead.hostInterface)).toBe(true);
  const names = linkNames();
  expect([names.includes("half"), names.includes("foreign"), names.includes(live.hostInterface)]).toEqual([
    false,
    true,
    true,
  ]);
  expect([existsSync(dead.netnsPath), existsSync(live.netnsPath)]).toEqual([false, true]);
  expect(network.networks.sweep(new Set(["live"]))).toEqual([]);
});

test("rules: iptables-save shows ours before the others', and remove takes them and our bridge, nothing else", async () => {
  look("iptables", "-N", "DOCKER-USER");
  look("iptables", "-A", "FORWARD", "-j", "DOCKER-USER");
  look("iptables", "-t", "nat", "-A", "POSTROUTING", "-s", "10.0.0.0/8", "-j", "MASQUERADE");
  const before = rules();
  const network = await open();
  const { chainPrefix, bridge } = instanceOf(folder);
  const lines = rules();
  expect(lines.filter((line) => line.startsWith("-A FORWARD"))).toEqual([
    `-A FORWARD -j ${chainPrefix}-FORWARD`,
    "-A FORWARD -j DOCKER-USER",
  ]);
  expect(lines).toContain("-A POSTROUTING -s 10.0.0.0/8 -j MASQUERADE");
  expect(lines).toContain(`-A ${chainPrefix}-POSTROUTING -s 172.17.0.0/16 ! -o ${bridge} -j MASQUERADE`);
  // Of the USER chain only the jump is ours.
  expect(lines.filter((line) => line.includes(`${chainPrefix}-USER`))).toEqual([
    `-A ${chainPrefix}-FORWARD -j ${chainPrefix}-USER`,
  ]);
  await network.networks.removeAll();
  expect(rules()).toEqual(before);
  expect(linkNames()).not.toContain(bridge);
  await network.networks.removeAll();
});

test("rules: what a user put into the USER chain outlives the daemon and its rules", async () => {
  const user = `${instanceOf(folder).chainPrefix}-USER`;
  const first = await open();
  look("iptables", "-A", user, "-s", "203.0.113.0/24", "-j", "DROP");
  await open();
  await first.networks.removeAll();
  expect(rules()).toEqual([`-A ${user} -s 203.0.113.0/24 -j DROP`]);
});

test("two daemons: bridges, ranges and rules side by side; one's removal leaves the other's", async () => {
  const one = await open();
  const other = `${folder}/other`;
  const two = await openTestNetworks(host, other);
  opened.push(two);
  expect([one.subnet, two.subnet]).toEqual(["172.17.0.0/16", "172.18.0.0/16"]);
  const [first, second] = [one.connect("c1"), two.connect("c1")];
  expect(one.networks.sweep(new Set())).toEqual([first.netnsPath, first.hostInterface]);
  expect(reaches(second.netnsPath, second.gateway)).toBe(true);
  await one.networks.removeAll();
  two.disconnect("c1");
  expect(rules().join("\n")).toContain(instanceOf(other).chainPrefix);
  expect(rules().join("\n")).not.toContain(`${instanceOf(folder).chainPrefix}-`);
});

test("a hundred connects and disconnects leave no namespace, interface, descriptor or address", async () => {
  const network = await open();
  const openFiles = () => readdirSync("/proc/self/fd").length;
  const linksBefore = linkNames().length;
  await Bun.sleep(100); // the pipes of the iptables call that `open` made are closed a moment after its end
  const filesBefore = openFiles();
  for (let i = 0; i < 100; i++) {
    network.connect(`c${i % 7}`);
    network.disconnect(`c${i % 7}`);
  }
  expect(openFiles()).toBe(filesBefore);
  for (let i = 0; i < 200 && linkNames().length > linksBefore; i++) await Bun.sleep(20);
  expect(linkNames().length).toBe(linksBefore);
  expect(readdirSync(`${folder}/netns`)).toEqual([]);
  expect(network.connect("fresh").address).toBe("172.17.0.102");
});

/** The host's `uplink` leads to 198.51.100.1, out in the world. */
function connectUplink(world: string): void {
  look("ip", "link", "add", "uplink", "type", "veth", "peer", "name", "eth0", "netns", world);
  look("ip", "link", "set", "uplink", "up");
  inside(world, "ip", "address", "add", "198.51.100.1/24", "dev", "eth0");
  inside(world, "ip", "link", "set", "eth0", "up");
}

test("macvlan: containers have addresses of their own on the physical network, and see each other there", async () => {
  const world = `${folder}/world`;
  createNetns(world);
  try {
    connectUplink(world);
    const network = await open();
    const { store } = network.networks;
    const make = (driver: "macvlan" | "ipvlan", parent: string, ownParent: boolean) => ({
      ...store.identity(`lan-${parent}`),
      driver,
      parent,
      ownParent,
      mode: driver === "macvlan" ? "bridge" : "l2",
      pools: [{ subnet: "198.51.100.0/24", gateway: "198.51.100.1" }],
      mtu: 1500,
      internal: false,
    });
    const record = make("macvlan", "uplink", false);
    await network.networks.create(record);
    const [one, two] = [
      network.connect("c1", { address: "198.51.100.8" }, record),
      network.connect("c2", {}, record),
    ];
    expect(inside(one.netnsPath, "ip", "-d", "link", "show", "eth0")).toContain("macvlan mode bridge");
    expect(reaches(one.netnsPath, "198.51.100.1")).toBe(true);
    expect(reaches(one.netnsPath, two.address)).toBe(true);
    expect(reaches(world, one.address)).toBe(true);
    // Its address is free at once, whoever keeps the namespace in being.
    const heldNetns = openNetns(one.netnsPath);
    network.disconnect("c1");
    const third = network.connect("c3", { address: one.address }, record);
    expect(reaches(world, third.address)).toBe(true);
    closeFd(heldNetns);
    // An interface that comes with the network goes with it.
    for (const [parent, missing] of [
      ["dm-alone", "dummy interfaces"],
      ["uplink.50", "VLANs"],
    ] as const) {
      const own = make("macvlan", parent, true);
      const made = await network.networks.create(own).then(() => "made", errorText);
      if (made !== "made") expect(made).toContain(`kernel does not support ${missing}`);
      else expect(linkNames()).toContain(parent);
      if (made === "made") await network.networks.remove(own);
      expect(linkNames()).not.toContain(parent);
    }
    await network.networks.remove(record);
    expect(linkNames()).toContain("uplink");
    // A kernel without ipvlan says so when the network is made, and nothing is left. A parent has only one of both kinds.
    look("ip", "link", "add", "second", "type", "veth", "peer", "name", "eth1", "netns", world);
    const before = linkNames();
    const lan = make("ipvlan", "second", false);
    const made = await network.networks.create(lan).then(() => "made", errorText);
    expect(made).toMatch(/^made$|^kernel does not support ipvlan/);
    expect(linkNames()).toEqual(before);
  } finally {
    removeNetns(world);
  }
});

const hasIpvlan =
  Bun.spawnSync([
    "unshare",
    "--net",
    "sh",
    "-c",
    "ip link add one type veth peer name other && ip link add link one name sub type ipvlan mode l2",
  ]).exitCode === 0;

test.if(hasIpvlan)(
  "ipvlan: containers share their parent's hardware address, by link and by route",
  async () => {
    const world = `${folder}/ipvlan-world`;
    createNetns(world);
    try {
      look("ip", "link", "add", "uplink", "type", "veth", "peer", "name", "eth0", "netns", world);
      look("ip", "link", "set", "uplink", "up");
      inside(world, "ip", "address", "add", "198.51.100.1/24", "dev", "eth0");
      inside(world, "ip", "link", "set", "eth0", "up");
      const network = await open();
      const { store } = network.networks;
      const common = {
        driver: "ipvlan" as const,
        parent: "uplink",
        ownParent: false,
        mtu: 1500,
        internal: false,
      };
      const pools = [{ subnet: "198.51.100.0/24", gateway: "198.51.100.1" }];
      const addressOf = (link: string): string => /link\/ether (\S+)/.exec(link)?.[1] ?? "none";
      for (const mode of ["l2", "l3", "l3s"]) {
        const record = { ...store.identity(`lan-${mode}`), ...common, pools, mode };
        await network.networks.create(record);
        const [one, two] = [
          network.connect("c1", { address: "198.51.100.8" }, record),
          network.connect("c2", {}, record),
        ];
        const link = inside(one.netnsPath, "ip", "-d", "link", "show", "eth0");
        expect(link).toMatch(new RegExp(`ipvlan +mode ${mode}\\b`));
        expect(addressOf(link)).toBe(addressOf(look("ip", "link", "show", "uplink")));
        expect([mode, reaches(one.netnsPath, two.address)]).toEqual([mode, true]);
        // By route nobody on the wire is asked for: whoever is there needs a route, and has none.
        if (mode === "l2") expect(reaches(one.netnsPath, "198.51.100.1")).toBe(true);
        if (mode === "l2") expect(reaches(world, two.address)).toBe(true);
        network.disconnect("c1");
        const third = network.connect("c3", { address: one.address }, record);
        expect([mode, reaches(two.netnsPath, third.address)]).toEqual([mode, true]);
        network.disconnect("c2");
        network.disconnect("c3");
        await network.networks.remove(record);
      }
      expect(linkNames()).toContain("uplink");
    } finally {
      removeNetns(world);
    }
  },
);
