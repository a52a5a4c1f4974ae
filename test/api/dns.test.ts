// Names on users' networks, as containers see them and by the stock docker client; dig runs in a container's own network.
import { beforeAll, describe, expect, test } from "bun:test";
import { startDaemon, type Daemon } from "../harness/daemon.ts";
import { run } from "../harness/command.ts";
import { engineForTests } from "../harness/for-tests.ts";
import { loadTestImage, testImage } from "../harness/images.ts";

const engine = await engineForTests();
const { ok, docker } = engine;
const isSampan = engine.kind === "sampan";

async function start(name: string, ...flags: readonly string[]): Promise<void> {
  await ok("run", "-d", "--name", name, ...flags, testImage, "sleep", "1000");
}

/** The words that run a program of this machine's in the container's network. */
const netnsOf = async (container: string): Promise<string[]> => [
  "nsenter",
  "-n",
  "-t",
  await ok("inspect", "-f", "{{.State.Pid}}", container),
];

/** What dig says within the container's network, asking the first server of its resolv.conf. */
async function dig(
  container: string,
  ...words: readonly string[]
): Promise<{ status: string; answers: string[] }> {
  const [, first = ""] =
    /nameserver (\S+)/.exec(await ok("exec", container, "cat", "/etc/resolv.conf")) ?? [];
  const server = words.some((word) => word.startsWith("@")) ? [] : [`@${first}`];
  const inside = [...(await netnsOf(container)), "dig", ...server, "+tries=1", "+time=6", ...words];
  const { stdout } = await run(inside);
  const [, status = "no answer"] = /status: (\w+)/.exec(stdout) ?? [];
  const answers = stdout.split("\n").filter((line) => /^[^;\s]/.test(line));
  return { status, answers: answers.map((line) => line.split(/\s+/).slice(3).join(" ")) };
}
const addressOf = (container: string, network: string): Promise<string> =>
  ok("inspect", "-f", `{{(index .NetworkSettings.Networks "${network}").IPAddress}}`, container);

describe("a user's network", () => {
  beforeAll(async () => {
    await ok("network", "create", "front");
    await ok("network", "create", "back");
    await start("web", "--network", "front", "--network-alias", "app", "--hostname", "wwwhost");
    await start("db", "--network", "front", "--network-alias", "app");
  });

  test("containers find each other by name, alias, host name and short id, and by their addresses", async () => {
    const web = await addressOf("web", "front");
    const id = (await ok("inspect", "-f", "{{.Id}}", "web")).slice(0, 12);
    for (const name of ["web", "WEB", "wwwhost", id, "web.front"])
      expect({ name, ...(await dig("db", name)) }).toEqual({
        name,
        status: "NOERROR",
        answers: [`A ${web}`],
      });
    const app = await dig("db", "app");
    expect(new Set(app.answers)).toEqual(new Set([`A ${web}`, `A ${await addressOf("db", "front")}`]));
    expect(await dig("db", "web", "AAAA")).toEqual({ status: "NOERROR", answers: [] });
    expect((await dig("db", "-x", web)).answers).toEqual(["PTR web.front."]);
  });

  test("a program finds names from its first moment on", async () => {
    const web = await addressOf("web", "front");
    for (let i = 0; i < 3; i++) {
      const said = await ok("run", "--rm", "--network", "front", testImage, "nslookup", "web");
      expect(said).toContain(web);
    }
  });

  test("resolv.conf: one server, names as they are first; --dns-search and --dns-option are the container's", async () => {
    const text = await ok(
      "run",
      "--rm",
      "--network",
      "front",
      "--dns-search",
      "corp.example",
      "--dns-option",
      "ndots:2",
      testImage,
      "cat",
      "/etc/resolv.conf",
    );
    expect(text).toContain("search corp.example");
    expect(text).toContain("options ndots:2");
    expect(await ok("exec", "web", "cat", "/etc/resolv.conf")).toMatch(/^options (.* )?ndots:0$/m);
  });

  test("connect, disconnect and rename of running containers", async () => {
    await start("cache", "--network", "back");
    expect((await dig("cache", "+time=3", "db")).answers).toEqual([]);
    await ok("network", "connect", "--alias", "store", "back", "db");
    const behind = await addressOf("db", "back");
    expect((await dig("cache", "db")).answers).toEqual([`A ${behind}`]);
    expect((await dig("cache", "store")).answers).toEqual([`A ${behind}`]);
    // Whichever resolver db asks, it hears of both its networks.
    expect((await dig("db", "web")).answers).toHaveLength(1);
    expect((await dig("db", "cache")).answers).toHaveLength(1);
    await ok("rename", "cache", "memory");
    expect((await dig("db", "memory")).answers).toHaveLength(1);
    await ok("network", "disconnect", "front", "db");
    expect((await dig("db", "memory")).answers).toHaveLength(1);
    expect((await dig("db", "@127.0.0.11", "memory")).answers).toHaveLength(1);
    expect((await dig("web", "+time=3", "db")).answers).toEqual([]);
    await ok("network", "connect", "--alias", "app", "front", "db");
  });

  test("127.0.0.11, which other programs' settings name, answers as well", async () => {
    const web = await addressOf("web", "front");
    for (const how of ["+notcp", "+tcp"])
      expect(await dig("db", "@127.0.0.11", how, "web")).toEqual({
        status: "NOERROR",
        answers: [`A ${web}`],
      });
    expect((await dig("db", "@127.0.0.11", "-x", web)).answers).toEqual(["PTR web.front."]);
    expect(await ok("exec", "db", "nslookup", "web", "127.0.0.11")).toContain(web);
  });

  test("127.0.0.11 answers on a network that has IPv6 only, too", async () => {
    await ok("network", "create", "--ipv6", "--ipv4=false", "six");
    await start("six1", "--network", "six");
    await start("six2", "--network", "six");
    const six2 = await ok(
      "inspect",
      "-f",
      '{{(index .NetworkSettings.Networks "six").GlobalIPv6Address}}',
      "six2",
    );
    for (const server of [[], ["@127.0.0.11"]])
      expect((await dig("six1", ...server, "six2", "AAAA")).answers).toEqual([`AAAA ${six2}`]);
  });

  test("a link is a name of one container's own", async () => {
    await start("linking", "--network", "front", "--link", "web:theweb");
    expect((await dig("linking", "theweb")).answers).toEqual([`A ${await addressOf("web", "front")}`]);
    expect((await dig("db", "+time=3", "theweb")).answers).toEqual([]);
  });

  test("a name is gone with its container", async () => {
    await start("fleeting", "--network", "front");
    expect((await dig("db", "fleeting")).answers).toHaveLength(1);
    await ok("rm", "-f", "fleeting");
    expect((await dig("db", "+time=3", "fleeting")).answers).toEqual([]);
  });

  test("an internal network has names, and no way out by them", async () => {
    await ok("network", "create", "--internal", "inner");
    await start("in1", "--network", "inner");
    await start("in2", "--network", "inner");
    expect((await dig("in1", "in2")).answers).toHaveLength(1);
    if (isSampan) expect(await dig("in1", "www.example.org")).toEqual({ status: "SERVFAIL", answers: [] });
  });

  test.if(isSampan)("a container that publishes port 53 does not stand in the way", async () => {
    await start("server", "--network", "front", "-p", "53:53/udp", "-p", "53:53/tcp");
    for (const how of ["+notcp", "+tcp"]) {
      expect((await dig("web", how, "server")).answers).toHaveLength(1);
      expect((await dig("server", how, "web")).answers).toHaveLength(1);
    }
    await ok("rm", "-f", "server");
  });

  test.if(isSampan)(
    "kill -9 of the daemon: the next one answers at once, with nothing done to the containers",
    async () => {
      const { kill9, start: startAgain } = engine as Daemon;
      const before = await ok("exec", "db", "cat", "/etc/resolv.conf");
      const web = await addressOf("web", "front");
      await kill9();
      await startAgain();
      expect((await dig("db", "web")).answers).toEqual([`A ${web}`]);
      expect((await dig("db", "+tcp", "app")).answers).toHaveLength(2);
      expect(await ok("exec", "db", "cat", "/etc/resolv.conf")).toBe(before);
    },
  );
});

test.if(isSampan)(
  "host.docker.internal and host.sampan.internal are the host, on every network",
  async () => {
    const gateway = await ok("network", "inspect", "-f", "{{(index .IPAM.Config 0).Gateway}}", "bridge");
    const hosts = await ok("run", "--rm", "--add-host", "me:host-gateway", testImage, "cat", "/etc/hosts");
    expect(hosts).toContain(`${gateway}\thost.docker.internal host.sampan.internal\n`);
    expect(hosts).toContain(`${gateway}\tme\n`);
    const given = await ok(
      "run",
      "--rm",
      "--add-host",
      "host.docker.internal:10.9.8.7",
      testImage,
      "cat",
      "/etc/hosts",
    );
    expect(given.match(/host\.docker\.internal/g)).toHaveLength(1);
    expect((await dig("web", "host.docker.internal")).answers).toHaveLength(1);
  },
);

test.if(isSampan)(
  "--dns, --dns-search and --dns-opt of the daemon are for containers that ask for nothing else",
  async () => {
    const flags = ["--dns", "192.0.2.1", "--dns-search", "corp.example", "--dns-opt", "timeout:1"];
    const other = await startDaemon({ flags });
    try {
      await loadTestImage(other);
      const conf = (...words: readonly string[]): Promise<string> =>
        other.ok("run", "--rm", ...words, testImage, "cat", "/etc/resolv.conf");
      expect(await conf()).toBe("nameserver 192.0.2.1\nsearch corp.example\noptions timeout:1");
      expect(await conf("--dns", "192.0.2.2")).toStartWith("nameserver 192.0.2.2\n");
    } finally {
      await other.stop();
    }
  },
);

test("the default network has no resolver: its containers have the host's servers, or those asked for", async () => {
  const asked = await ok("run", "--rm", "--dns", "192.0.2.53", testImage, "cat", "/etc/resolv.conf");
  expect(asked).toContain("nameserver 192.0.2.53");
  expect((await docker("run", "--rm", testImage, "cat", "/etc/resolv.conf")).stdout).not.toContain("ndots:0");
});
