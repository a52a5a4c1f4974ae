import { afterAll, afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { addAddress, removeAddress } from "../../src/netlink/address.ts";
import { changeLink, createBridge, createVeth, deleteLink } from "../../src/netlink/link.ts";
import { setDefaultRoute } from "../../src/netlink/route.ts";
import {
  findLink,
  listAddresses,
  listLinks,
  listRoutes,
  NetlinkError,
  openRtnetlinkIn,
  type Rtnetlink,
} from "../../src/netlink/rtnetlink.ts";
import { closeFd } from "../../src/sys/file.ts";
import { createNetns, openNetns, removeNetns } from "../../src/sys/namespace.ts";
import { look } from "./other-eyes.ts";

type IpLink = {
  ifname: string;
  ifindex: number;
  mtu: number;
  address: string;
  flags: string[];
  ifalias?: string;
  master?: string;
  linkinfo?: { info_kind: string };
};
type IpAddress = { addr_info: { family: string; local: string; prefixlen: number; broadcast?: string }[] };
type IpRoute = { dst: string; gateway?: string; dev?: string };

const folder = mkdtempSync("/tmp/sampan-netlink-");
const [host, inner] = [`${folder}/host`, `${folder}/inner`];
let rtnetlink: Rtnetlink;

beforeEach(() => {
  createNetns(host);
  createNetns(inner);
  rtnetlink = openRtnetlinkIn(host);
});
afterEach(() => {
  rtnetlink.close();
  removeNetns(host);
  removeNetns(inner);
});
afterAll(() => rmSync(folder, { recursive: true }));

function ip(netns: string, ...args: string[]): unknown {
  return JSON.parse(look("nsenter", `--net=${netns}`, "ip", "-j", "-d", ...args) || "[]");
}
const ipLink = (netns: string, name: string) => (ip(netns, "link", "show", name) as IpLink[])[0];

/** A veth pair: `sv1` at the host's side on `bridge`, `eth0` inside. */
function connect(bridge: string): void {
  const fd = openNetns(inner);
  try {
    rtnetlink.perform(
      createVeth({ name: "sv1" }, { name: "eth0", mac: "02:42:0a:00:00:02", netnsFd: fd }, 1400),
      changeLink("sv1", {
        alias: "sampan:abc",
        master: findLink(rtnetlink, bridge)?.index ?? 0,
        ipv6LinkLocal: false,
        up: true,
      }),
    );
  } finally {
    closeFd(fd);
  }
}

test("createBridge: ip sees a bridge with this name, mtu and mac; twice is EEXIST", () => {
  const request = createBridge("sp0", { mtu: 1450, mac: "02:42:00:00:00:01" });
  rtnetlink.perform(request);
  expect(ipLink(host, "sp0")).toMatchObject({
    ifname: "sp0",
    mtu: 1450,
    address: "02:42:00:00:00:01",
    linkinfo: { info_kind: "bridge" },
  });
  expect(() => rtnetlink.perform(request)).toThrow("create bridge sp0: file already exists (EEXIST)");
});

test("createVeth: one end here as a port of the bridge, the other in its own namespace under its final name", () => {
  rtnetlink.perform(createBridge("sp0"), changeLink("sp0", { up: true }));
  connect("sp0");
  const port = ipLink(host, "sv1");
  expect(port).toMatchObject({
    mtu: 1400,
    master: "sp0",
    ifalias: "sampan:abc",
    linkinfo: { info_kind: "veth" },
  });
  expect(port?.flags).toContain("UP");
  expect(ipLink(inner, "eth0")).toMatchObject({ mtu: 1400, address: "02:42:0a:00:00:02" });
  expect((ip(host, "address", "show", "sv1") as IpAddress[])[0]?.addr_info).toEqual([]);
});

test("addAddress and setDefaultRoute: ip sees both, in one conversation inside", () => {
  rtnetlink.perform(createBridge("sp0"), changeLink("sp0", { up: true }));
  connect("sp0");
  using inside = openRtnetlinkIn(inner);
  const linkIndex = findLink(inside, "eth0")?.index ?? 0;
  inside.perform(
    changeLink("lo", { up: true }),
    changeLink(linkIndex, { up: true }),
    addAddress({ linkIndex, address: "10.99.0.2", prefixLength: 24 }),
    addAddress({ linkIndex, address: "fd00:99::2", prefixLength: 64 }),
    setDefaultRoute("10.99.0.1"),
  );
  expect((ip(inner, "address", "show", "eth0") as IpAddress[])[0]?.addr_info).toEqual(
    expect.arrayContaining([
      expect.objectContaining({
        family: "inet",
        local: "10.99.0.2",
        prefixlen: 24,
        broadcast: "10.99.0.255",
      }),
      expect.objectContaining({ family: "inet6", local: "fd00:99::2", prefixlen: 64 }),
    ]),
  );
  expect(ip(inner, "route") as IpRoute[]).toEqual(
    expect.arrayContaining([expect.objectContaining({ dst: "default", gateway: "10.99.0.1", dev: "eth0" })]),
  );
  expect(ipLink(inner, "lo")?.flags).toContain("UP");
  expect(ipLink(inner, "eth0")?.flags).toContain("LOWER_UP");
});

test("perform: the error is the first failure's, with the kernel's own words where it has them", () => {
  const refused = () =>
    rtnetlink.perform(
      changeLink("lo", { up: true }),
      setDefaultRoute("10.1.2.3"),
      changeLink("nosuch", { up: true }),
      createBridge("after"),
    );
  expect(refused).toThrow(NetlinkError);
  expect(refused).toThrow(
    /set default route via 10\.1\.2\.3: network is unreachable \(ENETUNREACH\): Nexthop has invalid gateway/,
  );
  // What stood behind it was tried all the same.
  expect(ipLink(host, "after")?.ifname).toBe("after");
});

test("changeLink: takes a port out of its bridge and a link down", () => {
  rtnetlink.perform(createBridge("sp0"));
  connect("sp0");
  rtnetlink.perform(changeLink("sv1", { master: 0, up: false }));
  expect(ipLink(host, "sv1")?.master).toBeUndefined();
  expect(ipLink(host, "sv1")?.flags).not.toContain("UP");
});

test("deleteLink: both ends go; once more is ENODEV", () => {
  rtnetlink.perform(createBridge("sp0"));
  connect("sp0");
  rtnetlink.perform(deleteLink("sv1"));
  expect(() => ipLink(host, "sv1")).toThrow("does not exist");
  expect(() => ipLink(inner, "eth0")).toThrow("does not exist");
  expect(() => rtnetlink.perform(deleteLink("sv1"))).toThrow("delete link sv1: no such device (ENODEV)");
});

test("findLink and listLinks: agree with ip, over several datagrams of a dump", () => {
  const names = Array.from({ length: 120 }, (_, i) => `many${i}`);
  rtnetlink.perform(...names.map((name) => createBridge(name)));
  rtnetlink.perform(changeLink("many7", { alias: "sampan:é", up: true }));
  const own = listLinks(rtnetlink).map(({ index, name, mtu, mac, kind, alias }) => [
    index,
    name,
    mtu,
    mac,
    kind,
    alias,
  ]);
  const seen = (ip(host, "link") as IpLink[]).map((link) => [
    link.ifindex,
    link.ifname,
    link.mtu,
    link.address,
    link.linkinfo?.info_kind,
    link.ifalias,
  ]);
  expect(own).toEqual(seen);
  expect(own.length).toBeGreaterThan(120);
  expect(findLink(rtnetlink, "many7")).toMatchObject({ alias: "sampan:é", up: true, loopback: false });
  expect(findLink(rtnetlink, "lo")).toMatchObject({ loopback: true, kind: undefined });
  expect(findLink(rtnetlink, findLink(rtnetlink, "many8")?.index ?? 0)?.name).toBe("many8");
  expect(findLink(rtnetlink, "nosuch")).toBeUndefined();
});

test("listAddresses and listRoutes: IPv4 and IPv6, every table", () => {
  rtnetlink.perform(createBridge("sp0"), changeLink("sp0", { up: true }));
  const linkIndex = findLink(rtnetlink, "sp0")?.index ?? 0;
  rtnetlink.perform(
    addAddress({ linkIndex, address: "10.98.0.1", prefixLength: 16 }),
    addAddress({ linkIndex, address: "fd00:98::1", prefixLength: 64 }),
  );
  look("nsenter", `--net=${host}`, "ip", "route", "add", "10.97.0.0/16", "via", "10.98.0.9", "table", "4000");
  look("nsenter", `--net=${host}`, "ip", "route", "add", "unreachable", "10.96.0.0/16");
  look(
    "nsenter",
    `--net=${host}`,
    "ip",
    "route",
    "add",
    "default",
    "nexthop",
    "via",
    "10.98.0.7",
    "nexthop",
    "via",
    "10.98.0.8",
  );
  expect(listAddresses(rtnetlink)).toEqual(
    expect.arrayContaining([
      { linkIndex, address: "10.98.0.1", prefixLength: 16 },
      { linkIndex, address: "fd00:98::1", prefixLength: 64 },
    ]),
  );
  const routes = listRoutes(rtnetlink);
  const common = { gateway: undefined, linkIndex, table: 254 };
  expect(routes).toEqual(
    expect.arrayContaining([
      { ...common, family: 4, destination: "10.98.0.0", prefixLength: 16 },
      { ...common, family: 4, destination: "10.97.0.0", prefixLength: 16, gateway: "10.98.0.9", table: 4000 },
      { ...common, family: 4, destination: "10.96.0.0", prefixLength: 16, linkIndex: undefined },
      { ...common, family: 4, destination: "0.0.0.0", prefixLength: 0, linkIndex: undefined },
      { ...common, family: 6, destination: "fd00:98::", prefixLength: 64 },
    ]),
  );
  // Its own address, in the table of local ones.
  expect(routes).toContainEqual({
    ...common,
    family: 4,
    destination: "10.98.0.1",
    prefixLength: 32,
    table: 255,
  });
  rtnetlink.perform(removeAddress({ linkIndex, address: "10.98.0.1", prefixLength: 16 }));
  expect(listRoutes(rtnetlink).filter(({ family }) => family === 4)).toEqual([
    { ...common, family: 4, destination: "10.96.0.0", prefixLength: 16, linkIndex: undefined },
  ]);
});

test("openRtnetlinkIn: a conversation that was closed leaves no descriptor", () => {
  const open = () => readdirSync("/proc/self/fd").length;
  const before = open();
  for (let i = 0; i < 20; i++) openRtnetlinkIn(inner).close();
  expect(() => openRtnetlinkIn("/dev/null")).toThrow("EINVAL");
  expect(open()).toBe(before);
});
