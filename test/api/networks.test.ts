// Networks of users: create, inspect, ls, rm, prune, connect and disconnect.
import { afterEach, describe, expect, test } from "bun:test";
import { engineForTests } from "../harness/for-tests.ts";
import { testImage as image } from "../harness/images.ts";

const engine = await engineForTests();
const { ok, docker, api } = engine;
const sleeper = (...flags: string[]) => ok("run", "-d", ...flags, image, "sleep", "1000");
const refused = async (...args: string[]) => (await docker(...args)).stderr;
const format = (of: string, template: string) => ok("inspect", "--format", template, of);
const address = (id: string, network: string, field = "IPAddress") =>
  format(id, `{{(index .NetworkSettings.Networks "${network}").${field}}}`);
const pings = async (id: string, to: string) =>
  (await docker("exec", id, "ping", "-c", "1", "-W", "1", to)).exitCode === 0;

afterEach(async () => {
  const ids = (await ok("ps", "-aq")).split("\n").filter((id) => id !== "");
  if (ids.length > 0) await ok("rm", "-f", ...ids);
  await ok("network", "prune", "-f");
});

describe("create", () => {
  test("with ranges, a gateway, options and labels, as inspect shows it", async () => {
    const id = await ok(
      "network",
      "create",
      "--subnet",
      "10.231.0.0/24",
      "--gateway",
      "10.231.0.254",
      "--ip-range",
      "10.231.0.128/25",
      "--aux-address",
      "printer=10.231.0.129",
      "--label",
      "sea=north",
      "-o",
      "com.docker.network.driver.mtu=1400",
      "plan",
    );
    const [inspect] = JSON.parse(await ok("network", "inspect", "plan")) as Record<string, unknown>[];
    expect(inspect).toMatchObject({
      Name: "plan",
      Id: id,
      Scope: "local",
      Driver: "bridge",
      EnableIPv6: false,
      Internal: false,
      Labels: { sea: "north" },
      Options: { "com.docker.network.driver.mtu": "1400" },
      IPAM: {
        Config: [
          {
            Subnet: "10.231.0.0/24",
            IPRange: "10.231.0.128/25",
            Gateway: "10.231.0.254",
            AuxiliaryAddresses: { printer: "10.231.0.129" },
          },
        ],
      },
      Containers: {},
    });
    const container = await sleeper("--network", "plan");
    expect(await address(container, "plan")).toMatch(/^10\.231\.0\.1(2[89]|3\d)$/);
    expect(await address(container, "plan")).not.toBe("10.231.0.129");
    expect(await ok("exec", container, "ip", "route", "show", "default")).toContain("via 10.231.0.254");
    expect(await ok("exec", container, "cat", "/sys/class/net/eth0/mtu")).toBe("1400");
    const containers = await format("plan", "{{json .Containers}}");
    expect(JSON.parse(containers)).toMatchObject({
      [container]: { IPv4Address: expect.stringContaining("/24") as string },
    });
  });

  test("each without a range gets its own", async () => {
    for (const name of ["one", "two", "three"]) await ok("network", "create", name);
    const subnets = await Promise.all(
      ["one", "two", "three", "bridge"].map((name) => format(name, "{{(index .IPAM.Config 0).Subnet}}")),
    );
    expect(new Set(subnets).size).toBe(4);
  });

  test("what is wrong is refused in Docker's words, and leaves nothing", async () => {
    await ok("network", "create", "--subnet", "10.232.0.0/24", "taken");
    const create = (...args: string[]) => refused("network", "create", ...args);
    if (engine.kind === "sampan")
      expect(await create("taken")).toContain("network with name taken already exists");
    expect(await create("--subnet", "10.232.0.128/25", "new")).toContain(
      "Pool overlaps with other one on this address space",
    );
    expect(await create("bridge")).toMatch(
      /predefined bridge network|network with name bridge already exists/,
    );
    expect(await create("-d", "host", "new")).toContain('only one instance of "host" network is allowed');
    expect(await create("-d", "nosuch", "new")).toContain("nosuch");
    if (engine.kind === "sampan") {
      expect(await create("--subnet", "10.233.0.1/24", "new")).toContain(
        "invalid subnet 10.233.0.1/24: it should be 10.233.0.0/24",
      );
      expect(await create("-o", "com.docker.network.bridge.enable_icc=maybe", "new")).toContain(
        "failed to parse com.docker.network.bridge.enable_icc value: maybe",
      );
    }
    expect(await ok("network", "ls", "--filter", "type=custom", "--format", "{{.Name}}")).toBe("taken");
  });

  test("IPv6 with a range of its own", async () => {
    await ok(
      "network",
      "create",
      "--ipv6",
      ...(engine.kind === "sampan" ? [] : ["--subnet", "fd00:9::/64"]),
      "six",
    );
    const [one, two] = [await sleeper("--network", "six"), await sleeper("--network", "six")];
    const ipv6 = await address(one, "six", "GlobalIPv6Address");
    expect(ipv6).toStartWith("fd");
    expect(await ok("exec", one, "ip", "-6", "-o", "addr", "show", "eth0")).toContain(`${ipv6}/64`);
    expect(await pings(two, ipv6)).toBe(true);
  });
});

describe("ls, rm, prune", () => {
  test("filters", async () => {
    await ok("network", "create", "--label", "sea=north", "cod");
    await ok("network", "create", "--label", "sea=south", "tuna");
    const ls = (...filters: string[]) =>
      ok("network", "ls", "--format", "{{.Name}}", ...filters.flatMap((filter) => ["--filter", filter]));
    expect(await ls("label=sea=north")).toBe("cod");
    expect(await ls("name=un")).toBe("tuna");
    expect(await ls("type=builtin")).toBe("bridge\nhost\nnone");
    expect(await ls("driver=host")).toBe("host");
    await sleeper("--network", "cod");
    // Older dockerds forget in a list who is on a network.
    if (engine.kind === "sampan") expect(await ls("dangling=true")).toBe("tuna");
    expect(await refused("network", "ls", "--filter", "colour=red")).toContain("invalid filter");
  });

  test("rm: refused while containers are on it and for those that are always there", async () => {
    await ok("network", "create", "busy");
    const id = await sleeper("--name", "guest", "--network", "busy");
    expect(await refused("network", "rm", "busy")).toMatch(/network busy (id \w+ )?has active endpoints/);
    expect(await refused("network", "rm", "bridge")).toContain(
      "bridge is a pre-defined network and cannot be removed",
    );
    expect(await refused("network", "rm", "nosuch")).toMatch(
      /network nosuch not found|No such network: nosuch/,
    );
    await ok("stop", "-t", "0", id);
    expect(await ok("network", "rm", "busy")).toBe("busy");
    expect(await refused("start", "guest")).toContain("network");
  });

  test("prune: those that nobody is on", async () => {
    await ok("network", "create", "used");
    await ok("network", "create", "unused");
    await sleeper("--network", "used");
    const told = await ok("network", "prune", "-f");
    expect(told).toContain("unused");
    expect(await ok("network", "ls", "--filter", "type=custom", "--format", "{{.Name}}")).toBe("used");
  });
});

describe("containers on networks", () => {
  test("a fixed address and MAC; one that is taken is refused", async () => {
    await ok("network", "create", "--subnet", "10.234.0.0/24", "fixed");
    // By network the address is API 1.44's.
    const mac = engine.kind === "sampan" ? ["--mac-address", "02:11:22:33:44:55"] : [];
    const id = await sleeper("--network", "fixed", "--ip", "10.234.0.9", ...mac);
    expect(await ok("exec", id, "ip", "-4", "-o", "addr", "show", "eth0")).toContain("10.234.0.9/24");
    if (engine.kind === "sampan")
      expect(await ok("exec", id, "cat", "/sys/class/net/eth0/address")).toBe("02:11:22:33:44:55");
    expect(await refused("run", "--rm", "--network", "fixed", "--ip", "10.234.0.9", image, "true")).toContain(
      "Address already in use",
    );
    expect(await refused("run", "--rm", "--network", "fixed", "--ip", "10.99.0.1", image, "true")).toContain(
      "no configured subnet",
    );
  });

  test("connect and disconnect a running container: interface, route, hosts and inspect follow", async () => {
    await ok("network", "create", "aft");
    const id = await sleeper("-h", "ship");
    await ok("network", "connect", "--alias", "helm", "aft", id);
    const own = await address(id, "aft");
    expect(await ok("exec", id, "ip", "-4", "-o", "addr", "show", "eth1")).toContain(`inet ${own}/`);
    expect(await format(id, "{{json .NetworkSettings.Networks.aft.Aliases}}")).toContain('"helm"');
    expect(await ok("exec", id, "cat", "/etc/hosts")).toMatch(
      new RegExp(`${own.replaceAll(".", "\\.")}\\s+ship`),
    );
    expect(await refused("network", "connect", "aft", id)).toMatch(/already exists in network aft/);
    const other = await sleeper("--network", "aft");
    expect(await pings(other, own)).toBe(true);
    await ok("network", "disconnect", "bridge", id);
    expect(await ok("exec", id, "ip", "route", "show", "default")).toContain("dev eth1");
    expect(await ok("exec", id, "ls", "/sys/class/net")).not.toContain("eth0");
    await ok("network", "disconnect", "aft", id);
    expect(await format(id, "{{json .NetworkSettings.Networks}}")).toBe("{}");
    expect(await refused("network", "disconnect", "aft", id)).toContain("is not connected to");
    await ok("network", "connect", "bridge", id);
    expect(await pings(id, await address(id, "bridge", "Gateway"))).toBe(true);
  });

  test("a stopped container is connected for its next start", async () => {
    await ok("network", "create", "later");
    const id = await ok("create", image, "sleep", "1000");
    await ok("network", "connect", "later", id);
    await ok("start", id);
    expect((await ok("exec", id, "ls", "/sys/class/net")).split(/\s+/)).toContain("eth1");
    expect(await address(id, "later")).not.toBe("");
  });

  test("networks are apart, and a container on two is reached on both", async () => {
    for (const name of ["left", "right"]) await ok("network", "create", name);
    const [left, right] = [await sleeper("--network", "left"), await sleeper("--network", "right")];
    const between = await sleeper("--network", "left");
    await ok("network", "connect", "right", between);
    expect(await pings(left, await address(right, "right"))).toBe(false);
    expect(await pings(left, await address(between, "left"))).toBe(true);
    expect(await pings(right, await address(between, "right"))).toBe(true);
  });

  test("an internal network has no way out, one without ICC none across", async () => {
    await ok("network", "create", "--internal", "hold");
    const id = await sleeper("--network", "hold");
    // Older dockerds give a route that leads nowhere.
    if (engine.kind === "sampan") expect(await ok("exec", id, "ip", "route")).not.toContain("default");
    await ok("network", "create", "-o", "com.docker.network.bridge.enable_icc=false", "cells");
    const server = ["httpd", "-f", "-p", "80", "-h", "/etc"];
    const two = await ok("run", "-d", "--network", "cells", image, ...server);
    const one = await sleeper("--network", "cells");
    const fetched = [
      "timeout",
      "1",
      "wget",
      "-q",
      "-O",
      "-",
      `http://${await address(two, "cells")}/hostname`,
    ];
    expect((await docker("exec", one, ...fetched)).exitCode).not.toBe(0);
    expect(await ok("exec", two, ...fetched)).toBe(two.slice(0, 12));
    expect(await pings(one, await address(one, "cells", "Gateway"))).toBe(true);
  });

  test("several networks in one create, the gateway by priority", async () => {
    if (engine.kind === "dockerd") return; // API 1.44 and 1.48
    for (const name of ["alpha", "beta"]) await ok("network", "create", name);
    const id = await sleeper("--network", "name=alpha,alias=first", "--network", "name=beta,gw-priority=1");
    expect(await ok("exec", id, "ip", "route", "show", "default")).toContain(
      `via ${await address(id, "beta", "Gateway")}`,
    );
    expect(await format(id, "{{json .NetworkSettings.Networks.alpha.DNSNames}}")).toContain('"first"');
  });

  test("published ports of a container on a user's network", async () => {
    await ok("network", "create", "quay");
    const id = await ok(
      "run",
      "-d",
      "--network",
      "quay",
      "-p",
      "80",
      image,
      "httpd",
      "-f",
      "-p",
      "80",
      "-h",
      "/etc",
    );
    const port = (await ok("port", id, "80")).split("\n")[0]?.split(":").at(-1) ?? "";
    let text = "";
    for (let i = 0; i < 50 && text === ""; i++) {
      text = (
        await engine.onHost("busybox", "wget", "-q", "-O", "-", `http://127.0.0.1:${port}/hostname`)
      ).stdout.trim();
      if (text === "") await Bun.sleep(100);
    }
    expect(text).toBe(id.slice(0, 12));
  });

  test("--link on the default network: names in the hosts file, which follow a restart", async () => {
    const database = await sleeper("--name", "database");
    const id = await sleeper("--link", "database:db");
    const line = async () =>
      new RegExp(`^${(await address(database, "bridge")).replaceAll(".", "\\.")}\\s+db `, "m");
    expect(await ok("exec", id, "cat", "/etc/hosts")).toMatch(await line());
    await ok("stop", "-t", "0", "database");
    const between = await sleeper();
    await ok("start", "database");
    expect(await ok("exec", id, "cat", "/etc/hosts")).toMatch(await line());
    await ok("rm", "-f", between);
    expect(await refused("run", "--rm", "--link", "nosuch:x", image, "true")).toContain("nosuch");
  });

  test("network none and host take no other, and containers of a shared namespace none", async () => {
    await ok("network", "create", "deck");
    const none = await sleeper("--network", "none");
    expect(await refused("network", "connect", "deck", none)).toContain("private (none) mode");
    expect(await refused("network", "connect", "host", await sleeper())).toContain("host network");
  });
});

test("events of networks, and answers by API version", async () => {
  const since = Math.floor(Date.now() / 1000);
  await ok("network", "create", "log");
  const id = await sleeper("--network", "log");
  await ok("rm", "-f", id);
  await ok("network", "rm", "log");
  const events = await ok(
    "events",
    "--since",
    String(since),
    "--until",
    String(Math.ceil(Date.now() / 1000) + 1),
    "--filter",
    "type=network",
    "--filter",
    "network=log",
    "--format",
    "{{.Action}} {{.Actor.Attributes.name}}",
  );
  expect(events.split("\n")).toEqual(["create log", "connect log", "disconnect log", "destroy log"]);
  if (engine.kind === "dockerd") return;
  const get = async (version: string) => (await api("GET", `/v${version}/networks/bridge`)).json() as object;
  expect("EnableIPv4" in (await get("1.47"))).toBe(false);
  expect("EnableIPv4" in (await get("1.48"))).toBe(true);
});
