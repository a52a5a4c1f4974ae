// Names on macvlan networks, where the host has no address that containers reach: as they see them, by the stock docker client.
import { afterAll, beforeAll, expect, test } from "bun:test";
import { run } from "../harness/command.ts";
import { startDaemon, type Daemon } from "../harness/daemon.ts";
import { descriptorsAtRest, descriptorsSettled } from "../harness/descriptors.ts";
import { engineForTests } from "../harness/for-tests.ts";
import { loadTestImage, testImage } from "../harness/images.ts";

/** What the networks stand on: one end of a pair, up as long as the other end is. */
const parent = `mvp${process.pid}`;

const engine = await engineForTests();
const { ok, onHost } = engine;
const isSampan = engine.kind === "sampan";

beforeAll(async () => {
  await makeParent(onHost, parent);
  await ok("network", "create", ...lan(parent, "10.201.7"), "lan");
  await ok("network", "create", "back");
  await start("web", "--network", "lan", "--network-alias", "app", "--hostname", "wwwhost");
  await start("db", "--network", "lan", "--network-alias", "app");
});
afterAll(async () => {
  await onHost("ip", "link", "del", parent);
});

async function makeParent(on: typeof onHost, name: string): Promise<void> {
  const { stderr } = await on("ip", "link", "add", name, "type", "veth", "peer", "name", `${name}p`);
  if (stderr !== "") throw new Error(stderr);
  for (const link of [name, `${name}p`]) await on("ip", "link", "set", link, "up");
}

function lan(below: string, prefix: string): string[] {
  return ["-d", "macvlan", "-o", `parent=${below}`, "--subnet", `${prefix}.0/24`, "--gateway", `${prefix}.1`];
}

async function start(name: string, ...flags: readonly string[]): Promise<void> {
  await ok("run", "-d", "--name", name, ...flags, testImage, "sleep", "1000");
}

const resolvConf = (container: string): Promise<string> => ok("exec", container, "cat", "/etc/resolv.conf");
const addressOf = (container: string, network = "lan"): Promise<string> =>
  ok("inspect", "-f", `{{(index .NetworkSettings.Networks "${network}").IPAddress}}`, container);
/** The words that run a program of this machine's in the container's network. */
const inside = async (container: string, from: Pick<typeof engine, "ok"> = engine): Promise<string[]> => [
  "nsenter",
  "-n",
  "-t",
  await from.ok("inspect", "-f", "{{.State.Pid}}", container),
];

/** What dig gets, asking the first server of the container's resolv.conf, or the server that is given. */
async function dig(container: string, ...words: readonly string[]): Promise<string> {
  const [, first = ""] = /nameserver (\S+)/.exec(await resolvConf(container)) ?? [];
  const server = words.some((word) => word.startsWith("@")) ? [] : [`@${first}`];
  const ask = ["dig", "+short", "+tries=1", "+time=3", ...server, ...words];
  const { stdout } = await run([...(await inside(container)), ...ask]);
  return stdout.trim();
}

/**
 * A name server in the container, as pi-hole is one: port 53 of all addresses, UDP and TCP, with none of the socket options that
 * would help. It answers every question with 192.0.2.9.
 */
async function nameServerIn(container: string): Promise<Disposable> {
  const script = `
import socket
udp, tcp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM), socket.socket()
for one in udp, tcp: one.bind(("0.0.0.0", 53))
tcp.listen()
print("ready", flush=True)
while True:
    ask, who = udp.recvfrom(512)
    end = ask.index(b"\\0", 12) + 5
    answer = b"\\xc0\\x0c\\0\\x01\\0\\x01\\0\\0\\0\\0\\0\\x04" + bytes([192, 0, 2, 9])
    udp.sendto(ask[:2] + b"\\x81\\x80\\0\\x01\\0\\x01\\0\\0\\0\\0" + ask[12:end] + answer, who)`;
  const child = Bun.spawn([...(await inside(container)), "python3", "-c", script], {
    stdout: "pipe",
    stderr: "pipe",
  });
  const { value } = await child.stdout.getReader().read();
  if (value === undefined) throw new Error(await child.stderr.text());
  return { [Symbol.dispose]: () => child.kill("SIGKILL") };
}

test("containers find each other by name, alias, host name and short id, by UDP and TCP, and by their addresses", async () => {
  const web = await addressOf("web");
  const id = (await ok("inspect", "-f", "{{.Id}}", "web")).slice(0, 12);
  expect(await resolvConf("db")).toMatch(/^nameserver 127\.0\.0\.11$/m);
  for (const name of ["web", "WEB", "wwwhost", id, "web.lan"])
    for (const how of ["+notcp", "+tcp"])
      expect({ name, answer: await dig("db", how, name) }).toEqual({ name, answer: web });
  expect(new Set((await dig("db", "app")).split("\n"))).toEqual(new Set([web, await addressOf("db")]));
  expect(await dig("db", "web", "AAAA")).toBe("");
  expect(await dig("db", "-x", web)).toBe("web.lan.");
  expect(await ok("exec", "db", "nslookup", "web")).toContain(web);
});

test("a program finds names from its first moment on", async () => {
  const web = await addressOf("web");
  for (let i = 0; i < 3; i++)
    expect(await ok("run", "--rm", "--network", "lan", testImage, "nslookup", "web")).toContain(web);
});

test.if(isSampan)(
  "--dns is asked from inside the container, a name server on its own port 53 too; --dns-search is its own",
  async () => {
    await start("asking", "--network", "lan", "--dns", "127.0.0.1", "--dns-search", "corp.example");
    using _server = await nameServerIn("asking");
    for (const how of ["+notcp", "+tcp"]) {
      expect(await dig("asking", how, "some.example")).toBe("192.0.2.9");
      expect(await dig("asking", how, "web")).toBe(await addressOf("web"));
    }
    expect(await dig("asking", "@127.0.0.1", "web")).toBe("192.0.2.9");
    expect(await resolvConf("asking")).toMatch(/^nameserver 127\.0\.0\.11\nsearch corp\.example$/m);
    await ok("rm", "-f", "asking");
  },
);

test("an internal one has names, and no way out by them", async () => {
  await ok("network", "create", "--internal", ...lan(`${parent}p`, "10.201.8"), "inner");
  await start("in1", "--network", "inner");
  await start("in2", "--network", "inner");
  expect(await dig("in1", "in2")).toBe(await addressOf("in2", "inner"));
  const { stdout } = await run([
    ...(await inside("in1")),
    "dig",
    "+tries=1",
    "@127.0.0.11",
    "www.example.org",
  ]);
  if (isSampan) expect(stdout).toContain("status: SERVFAIL");
});

test("connect and disconnect between a bridge and a macvlan: resolv.conf and 127.0.0.11 stay right at every step", async () => {
  await start("peer", "--network", "back");
  await start("roamer", "--network", "lan");
  const [web, peer] = [await addressOf("web"), await addressOf("peer", "back")];
  const gateway = await ok("network", "inspect", "-f", "{{(index .IPAM.Config 0).Gateway}}", "back");
  const answers = async (container: string, ...names: readonly string[]) => ({
    server: /^nameserver (.*)$/m.exec(await resolvConf(container))?.[1],
    answers: await Promise.all(names.map((name) => dig(container, name))),
    // A program that read resolv.conf before goes on asking there.
    by11: await Promise.all(names.map((name) => dig(container, "@127.0.0.11", "+tcp", name))),
  });
  const inLan = { server: "127.0.0.11", answers: [web], by11: [web] };
  const both = { server: isSampan ? gateway : "127.0.0.11", answers: [web, peer], by11: [web, peer] };
  expect(await answers("roamer", "web")).toEqual(inLan);
  await ok("network", "connect", "back", "roamer");
  expect(await answers("roamer", "web", "peer")).toEqual(both);
  await ok("network", "disconnect", "lan", "roamer");
  expect(await answers("roamer", "peer")).toEqual({ ...both, answers: [peer], by11: [peer] });
  await ok("network", "connect", "lan", "roamer");
  expect(await answers("roamer", "web", "peer")).toEqual(both);
  await ok("network", "disconnect", "back", "roamer");
  expect(await answers("roamer", "web")).toEqual(inLan);
  expect(await dig("roamer", "+time=1", "peer")).not.toBe(peer);
  await ok("rm", "-f", "roamer", "peer");
});

test.if(isSampan)("the default network has no names, and a macvlan beside it brings them", async () => {
  await start("plain");
  const before = await resolvConf("plain");
  expect(before).not.toContain("127.0.0.11");
  await ok("network", "connect", "lan", "plain");
  expect(await dig("plain", "web")).toBe(await addressOf("web"));
  expect(await resolvConf("plain")).toMatch(/^nameserver 127\.0\.0\.11$/m);
  await ok("network", "disconnect", "lan", "plain");
  expect(await resolvConf("plain")).toBe(before);
  await ok("rm", "-f", "plain");
});

test.if(isSampan)(
  "a chosen address is free for the next run while a question of the last one is under way",
  async () => {
    const silent = ["--dns", "10.201.7.250"];
    await start("fixed", "--network", "lan", "--ip", "10.201.7.77", ...silent);
    for (let i = 0; i < 3; i++) {
      await ok("exec", "-d", "fixed", "nslookup", "far.example");
      await Bun.sleep(200);
      await ok("restart", "-t", "0", "fixed");
    }
    expect(await dig("web", "fixed")).toBe("10.201.7.77");
    await ok("rm", "-f", "fixed");
  },
);

test.if(isSampan)(
  "kill -9 of the daemon: names are back at once, with port 53 the container's before and after",
  async () => {
    const { kill9, start: startAgain } = engine as Daemon;
    const web = await addressOf("web");
    {
      using _server = await nameServerIn("db");
      expect([await dig("db", "web"), await dig("db", "@127.0.0.1", "web")]).toEqual([web, "192.0.2.9"]);
      await kill9();
      await startAgain();
      for (const how of ["+notcp", "+tcp"]) expect(await dig("db", how, "web")).toBe(web);
      expect(await dig("db", "@127.0.0.1", "web")).toBe("192.0.2.9");
    }
    using _after = await nameServerIn("db");
    expect([await dig("db", "web"), await dig("db", "@127.0.0.1", "web")]).toEqual([web, "192.0.2.9"]);
  },
);

test.if(isSampan)(
  "a container's end and a disconnect close the daemon's sockets, with connections open too",
  async () => {
    const daemon = engine as Daemon;
    const cycle = async (...end: readonly string[]): Promise<void> => {
      await start("ending", "--network", "lan");
      const hold = "exec 3<>/dev/tcp/127.0.0.11/53 && echo connected && read line <&3";
      const connected = Bun.spawn([...(await inside("ending")), "bash", "-c", hold], { stdout: "pipe" });
      const { value } = await connected.stdout.getReader().read();
      expect(new TextDecoder().decode(value)).toBe("connected\n");
      await ok(...end);
      // It ends because the daemon's side is closed.
      await connected.exited;
      await ok("rm", "-f", "ending");
    };
    const disconnect = ["network", "disconnect", "lan", "ending"];
    await cycle(...disconnect);
    await Bun.sleep(500);
    const before = await descriptorsAtRest(daemon);
    for (let i = 0; i < 5; i++) {
      await cycle(...disconnect);
      await cycle("rm", "-f", "ending");
    }
    // A leak would be 20 and more; what the daemon keeps for a moment by itself comes and goes.
    expect((await descriptorsSettled(daemon, before)).daemon.length).toBeLessThan(before.daemon.length + 10);
  },
);

test.if(isSampan)("with nftables for the host's firewall it is the same", async () => {
  const other = await startDaemon({ flags: ["--firewall-backend", "nftables"] });
  const below = `${parent}n`;
  try {
    await makeParent(other.onHost, below);
    await loadTestImage(other);
    await other.ok("network", "create", ...lan(below, "10.201.9"), "lan");
    for (const name of ["one", "two"])
      await other.ok("run", "-d", "--name", name, "--network", "lan", testImage, "sleep", "1000");
    expect(await other.ok("exec", "one", "nslookup", "two")).toContain("10.201.9.3");
    await other.restart();
    expect(await other.ok("exec", "two", "nslookup", "one")).toContain("10.201.9.2");
  } finally {
    await other.stop();
    await other.onHost("ip", "link", "del", below);
  }
});
