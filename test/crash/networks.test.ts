// Published ports and networks when the daemon or the monitor is killed, and after two hundred starts and stops.
import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { instanceOf } from "../../src/base/instance.ts";
import { eventually, run } from "../harness/command.ts";
import { daemonForTests } from "../harness/for-tests.ts";

const image = "host/busybox";
const daemon = await daemonForTests();

const serve = (port: number, ...flags: string[]) =>
  daemon.ok("run", "-d", "-p", `${port}:80`, ...flags, image, "httpd", "-f", "-p", "80", "-h", "/etc");
const page = async (address: string) =>
  (await run(["busybox", "wget", "-q", "-O", "-", `http://${address}/hostname`])).stdout.trim();
const answers = (address: string, id: string) =>
  eventually(
    async () => (await page(address)) === id.slice(0, 12),
    () => `${address} to answer\n${daemon.log()}`,
  );

function freePort(): number {
  const server = Bun.listen({ hostname: "0.0.0.0", port: 0, socket: { data: () => {} } });
  server.stop();
  return server.port;
}

const isHeld = (port: number): boolean => {
  try {
    Bun.listen({ hostname: "0.0.0.0", port, socket: { data: () => {} } }).stop();
    return false;
  } catch {
    return true;
  }
};

/** Names of the interfaces that bear this daemon's mark. */
async function ownLinks(): Promise<string[]> {
  const links = JSON.parse((await run(["ip", "-j", "link"])).stdout) as {
    ifname: string;
    ifalias?: string;
  }[];
  const { tag } = instanceOf(daemon.execRoot);
  return links.flatMap(({ ifname, ifalias }) => (ifalias?.startsWith(`${tag}:`) ? [ifname] : [])).toSorted();
}

/** What there is of ours in the kernel: interfaces, namespaces, rules, held sockets. */
async function inventory(): Promise<Record<string, number>> {
  const rules = (await run(["iptables-save"])).stdout.split("\n");
  return {
    links: (await ownLinks()).length,
    rules: rules.filter((rule) => rule.includes(instanceOf(daemon.execRoot).chainPrefix)).length,
    netns: readdirSync(join(daemon.execRoot, "netns")).length,
    monitorFiles: readdirSync(`/proc/${daemon.monitorPid()}/fd`).length,
    daemonFiles: readdirSync(`/proc/${daemon.pid()}/fd`).length,
  };
}

test("while no daemon runs a published port works and is held; the next daemon knows it, and gives it back", async () => {
  const port = freePort();
  await daemon.ok("network", "create", "quay");
  const id = await serve(port, "--network", "quay");
  await answers(`127.0.0.1:${port}`, id);
  await daemon.kill9();
  expect(await page(`127.0.0.1:${port}`)).toBe(id.slice(0, 12));
  expect(isHeld(port)).toBe(true);
  await daemon.start();
  await answers(`[::1]:${port}`, id);
  expect(await daemon.ok("port", id, "80")).toContain(`0.0.0.0:${port}`);
  const second = await daemon.docker("run", "-d", "-p", `${port}:80`, image, "true");
  expect(second.stderr).toContain("port is already allocated");
  const other = await daemon.ok("run", "-d", "--network", "quay", image, "sleep", "100");
  const address = (container: string) =>
    daemon.ok("inspect", "-f", "{{.NetworkSettings.Networks.quay.IPAddress}}", container);
  expect(await address(other)).not.toBe(await address(id));
  await daemon.ok("stop", "-t", "0", id);
  await eventually(
    () => !isHeld(port),
    () => "the port to be free",
  );
  await daemon.ok("rm", "-f", id, other, (await daemon.ok("ps", "-aqn", "1")) || id);
  await daemon.ok("network", "rm", "quay");
});

test("the short way from 127.0.0.1 goes with the daemon, the port does not; the next daemon makes it again", async () => {
  const port = freePort();
  const id = await serve(port);
  await answers(`127.0.0.1:${port}`, id);
  const container = await daemon.ok("inspect", "-f", "{{.NetworkSettings.Networks.bridge.IPAddress}}", id);
  const program = `import os, socket
s = socket.create_connection(("127.0.0.1", ${port}))
print(*s.getpeername(), flush=True)
os.system("ss -Htnp state established")`;
  /** What the program is told, and where the kernel has its packets go. */
  const connected = async () => {
    const { stdout, stderr } = await run(["python3", "-c", program]);
    const [peer, ...sockets] = stdout.split("\n");
    const own = sockets.find((line) => line.includes("python3"));
    return { peer, to: own?.trim().split(/\s+/)[3] ?? stdout + stderr };
  };
  const peer = `127.0.0.1 ${port}`;
  expect(await connected()).toEqual({ peer, to: `${container}:80` });
  await daemon.kill9();
  expect(await connected()).toEqual({ peer, to: `127.0.0.1:${port}` });
  await daemon.start();
  expect(await connected()).toEqual({ peer, to: `${container}:80` });
  await daemon.ok("rm", "-f", id);
  expect((await connected()).to).toContain("Connection refused");
});

test("a port whose container ended while no daemon ran is given back by the next", async () => {
  const port = freePort();
  const id = await daemon.ok("run", "-d", "-p", `${port}:80`, image, "sleep", "1");
  await daemon.kill9();
  await Bun.sleep(1300);
  expect(isHeld(port)).toBe(true);
  await daemon.start();
  await eventually(
    () => !isHeld(port),
    () => "the port to be free",
  );
  expect(await daemon.ok("inspect", "-f", "{{json .NetworkSettings.Ports}}", id)).toBe("{}");
  await daemon.ok("rm", id);
});

test("after kill -9 of the monitor the ports are held by the next one", async () => {
  const port = freePort();
  const id = await serve(port);
  process.kill(daemon.monitorPid(), "SIGKILL");
  await eventually(
    () => isHeld(port),
    () => "the port to be held",
  );
  await answers(`127.0.0.1:${port}`, id);
  await daemon.ok("rm", "-f", id);
  await eventually(
    () => !isHeld(port),
    () => "the port to be free",
  );
});

test("a daemon that dies between a start and its record: the next knows address and port, and gives them back", async () => {
  const port = freePort();
  await daemon.ok("network", "create", "pier");
  const flags = ["--network", "pier", "-p", `${port}:80`, "--name", "cut"];
  await daemon.ok("create", ...flags, image, "httpd", "-f", "-p", "80", "-h", "/etc");
  await daemon.kill9();
  await daemon.start({ SAMPAN_CRASH_POINT: "program started" });
  expect((await daemon.docker("start", "cut")).exitCode).not.toBe(0);
  await daemon.start();
  const shown = async (what: string): Promise<string> => daemon.ok("inspect", "-f", what, "cut");
  expect(await shown("{{.State.Status}}")).toBe("running");
  const address = await shown("{{.NetworkSettings.Networks.pier.IPAddress}}");
  const id = await shown("{{.Id}}");
  expect(address).not.toBe("");
  expect(await daemon.ok("port", "cut")).toContain(`80/tcp -> 0.0.0.0:${port}`);
  await answers(`127.0.0.1:${port}`, id);
  const other = await daemon.ok("run", "-d", "--network", "pier", image, "sleep", "1000");
  const otherAddress = "{{.NetworkSettings.Networks.pier.IPAddress}}";
  expect(await daemon.ok("inspect", "-f", otherAddress, other)).not.toBe(address);
  expect(await daemon.ok("exec", other, "nslookup", "cut")).toContain(address);
  const refused = await daemon.docker("run", "--rm", "-p", `${port}:80`, image, "true");
  expect(refused.stderr).toContain("port is already allocated");
  await daemon.ok("rm", "-f", "cut", other);
  expect(isHeld(port)).toBe(false);
  await daemon.ok("network", "rm", "pier");
});

test("two hundred starts and stops with ports leave no interface, namespace, rule, socket or lease", async () => {
  const body = {
    Image: image,
    Cmd: ["sleep", "1000"],
    HostConfig: {
      PortBindings: Object.fromEntries(
        [1, 2, 3, 4, 5].map((port) => [`${port}/tcp`, [{ HostIp: "", HostPort: "" }]]),
      ),
    },
  };
  const ids = await Promise.all(
    Array.from({ length: 8 }, async () => {
      const { Id } = (await daemon.api("POST", "/containers/create", body)).json() as { Id: string };
      return Id;
    }),
  );
  const cycle = async (id: string): Promise<void> => {
    expect((await daemon.api("POST", `/containers/${id}/start`)).status).toBe(204);
    expect((await daemon.api("POST", `/containers/${id}/stop?t=0`)).status).toBe(204);
  };
  await Promise.all(ids.map(cycle)); // what is made once is there after this
  const settled = async (): Promise<Record<string, number>> => {
    let last = await inventory();
    for (let i = 0; i < 20; i++) {
      await Bun.sleep(250);
      const now = await inventory();
      if (JSON.stringify(now) === JSON.stringify(last)) return now;
      last = now;
    }
    return last;
  };
  const before = await settled();
  for (let round = 0; round < 25; round++) await Promise.all(ids.map(cycle));
  await eventually(
    async () => JSON.stringify(await inventory()) === JSON.stringify(before),
    () => `${JSON.stringify(before)} to be as it was`,
    20_000,
  );
  await Promise.all(ids.map((id) => daemon.api("DELETE", `/containers/${id}`)));
}, 120_000);

test("a daemon that dies while a network comes or goes leaves an interface that the next one takes away", async () => {
  const before = await ownLinks();
  await daemon.kill9();
  await daemon.start({ SAMPAN_CRASH_POINT: "network interface made" });
  expect((await daemon.docker("network", "create", "half")).exitCode).not.toBe(0);
  expect(await ownLinks()).not.toEqual(before);
  await daemon.start();
  expect(await daemon.ok("network", "ls", "-q", "--filter", "name=half")).toBe("");
  expect(await ownLinks()).toEqual(before);

  await daemon.kill9();
  await daemon.start({ SAMPAN_CRASH_POINT: "network forgotten" });
  await daemon.ok("network", "create", "half");
  expect((await daemon.docker("network", "rm", "half")).exitCode).not.toBe(0);
  expect(await ownLinks()).not.toEqual(before);
  await daemon.start();
  expect(await daemon.ok("network", "ls", "-q", "--filter", "name=half")).toBe("");
  expect(await ownLinks()).toEqual(before);
});
