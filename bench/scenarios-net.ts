// Published ports and bridges: how long a start takes with them, and what goes through them.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { output } from "../test/harness/command.ts";
import { processesOf, type BenchEngine } from "./engine.ts";
import type { Row, Scenario, Target } from "./scenario.ts";
import { congestionControl } from "./world.ts";
import { api, clientOutput, image, sideBySide, timedMs } from "./work.ts";

const row = (id: string, title: string, targets: readonly Target[], more: Partial<Row> = {}): Row => ({
  id,
  title,
  unit: "ms",
  statistic: "median",
  targets,
  ...more,
});
const times = (against: Target["against"], factor: number): Target => ({ against, factor });

type Binding = { readonly HostIp: string; readonly HostPort: string };

async function createWith(
  engine: BenchEngine,
  network: string,
  PortBindings: Readonly<Record<string, readonly Binding[]>>,
  ...Cmd: readonly string[]
): Promise<string> {
  const ExposedPorts = Object.fromEntries(Object.keys(PortBindings).map((port) => [port, {}]));
  const HostConfig = { ...engine.hostConfig, NetworkMode: network, PortBindings };
  const answer = await api(engine, "POST", "/containers/create", {
    Image: image,
    Cmd,
    ExposedPorts,
    HostConfig,
  });
  return (answer as { Id: string }).Id;
}

const start = (engine: BenchEngine, id: string) => api(engine, "POST", `/containers/${id}/start`);
const remove = (engine: BenchEngine, id: string) => api(engine, "DELETE", `/containers/${id}?force=1`);

/** Milliseconds of the start alone. */
async function startMs(
  engine: BenchEngine,
  network: string,
  PortBindings: Readonly<Record<string, readonly Binding[]>> = {},
): Promise<number> {
  const id = await createWith(engine, network, PortBindings, "sleep", "10000");
  const took = await timedMs(() => start(engine, id));
  await remove(engine, id);
  return took;
}

/** Ports of the host from `first` on, each published as itself. */
const ports = (first: number, count: number) =>
  Object.fromEntries(
    Array.from({ length: count }, (_, at) => [
      `${first + at}/tcp`,
      [{ HostIp: "", HostPort: String(first + at) }],
    ]),
  );

/** A program of this machine's in the network namespace that is the engine's host. */
const onHost = ({ insidePid }: BenchEngine, ...words: readonly string[]) =>
  output(["nsenter", `--net=/proc/${insidePid}/ns/net`, ...words], { timeoutMs: 60_000 });

const inContainer = (pid: number, ...words: readonly string[]) => [
  "nsenter",
  `--net=/proc/${pid}/ns/net`,
  ...words,
];

async function pidOf(engine: BenchEngine, id: string): Promise<number> {
  const { State } = (await api(engine, "GET", `/containers/${id}/json`)) as { State: { Pid: number } };
  return State.Pid;
}

/** From `start` until the first byte of an answer has come to the host by the published port. */
const firstByteSource = `
const port = Number(process.argv[1]);
const ask = () => new Promise((resolve) => {
  const socket = require("net").connect(port, "127.0.0.1");
  socket.on("connect", () => socket.write("GET /name HTTP/1.0\\r\\n\\r\\n"));
  socket.on("data", () => { socket.destroy(); resolve(true); });
  socket.on("error", () => resolve(false));
  socket.on("close", () => resolve(false));
});
console.log("ready");
process.stdin.once("data", async () => { while (!(await ask())); console.log("answered"); process.exit(); });
`;

async function firstByteMs(engine: BenchEngine): Promise<number> {
  const port = 45_000;
  const bindings = { "80/tcp": [{ HostIp: "", HostPort: String(port) }] };
  const id = await createWith(engine, "bridge", bindings, "httpd", "-f", "-p", "80", "-h", "/etc");
  const asker = Bun.spawn(
    [
      "nsenter",
      `--net=/proc/${engine.insidePid}/ns/net`,
      process.execPath,
      "-e",
      firstByteSource,
      String(port),
    ],
    { stdin: "pipe", stdout: "pipe" },
  );
  const lines = asker.stdout.getReader();
  await lines.read();
  const took = await timedMs(async () => {
    await asker.stdin.write("go\n");
    await asker.stdin.flush();
    await start(engine, id);
    await lines.read();
  });
  asker.kill();
  await remove(engine, id);
  return took;
}

/**
 * Both ends on one processor: waking another one of a virtual machine takes 20 µs, most of what would be measured.
 * A proxy in between runs where it likes, as the engine started it.
 */
const oneProcessor = ["taskset", "-c", "0"];
const pingPong = [...oneProcessor, process.execPath, join(import.meta.dir, "ping-pong.ts")];

type Place = { readonly gbits: number; readonly microseconds: number };

/**
 * No end is thrown off its processor when the other one has something to do. Else a run goes either in large steps (40 Gbit/s)
 * or in small ones (15), by chance and for all engines alike, and a median of runs says which chance was taken more often.
 */
const iperf3 = ["chrt", "--batch", "0", "iperf3"];

/**
 * iperf3 for a second, and one byte back and forth, to a server that is entered by `inside`.
 * @param iperf with both ends on one processor where nothing is in between.
 */
async function through(
  to: string,
  from: (...words: readonly string[]) => Promise<string>,
  inside: (...words: readonly string[]) => string[],
  iperf: readonly string[] = iperf3,
): Promise<Place> {
  const echo = Bun.spawn(inside(...pingPong, "answer", "7000"), { stdout: "pipe" });
  const server = Bun.spawn(inside(...iperf, "-s", "-p", "7001"), { stdout: "ignore" });
  try {
    await echo.stdout.getReader().read();
    await Bun.sleep(200);
    const microseconds = Number(await from(...pingPong, "ask", to, "7000"));
    const report = JSON.parse(
      await from(...iperf, "-J", "-C", congestionControl, "-t", "1", "-c", to, "-p", "7001"),
    ) as {
      end: { sum_received: { bits_per_second: number } };
    };
    return { gbits: report.end.sum_received.bits_per_second / 1e9, microseconds };
  } finally {
    echo.kill();
    server.kill();
  }
}

/** What an engine still does behind a start, or in wait for the next one, takes processor time that is not the network's. */
const settleMs = 2000;

async function published(engine: BenchEngine, address: string): Promise<Place> {
  const id = await createWith(engine, "bridge", ports(7000, 2), "sleep", "10000");
  await start(engine, id);
  await Bun.sleep(settleMs);
  try {
    const pid = await pidOf(engine, id);
    const inside = (...words: readonly string[]): string[] => inContainer(pid, ...words);
    return await through(address, (...words) => onHost(engine, ...words), inside);
  } finally {
    await remove(engine, id);
  }
}

async function betweenContainers(engine: BenchEngine): Promise<Place> {
  const ids = await Promise.all([0, 1].map(() => createWith(engine, "bridge", {}, "sleep", "10000")));
  try {
    for (const id of ids) await start(engine, id);
    await Bun.sleep(settleMs);
    const [server = 0, client = 0] = await Promise.all(ids.map((id) => pidOf(engine, id)));
    const from = (...words: readonly string[]) =>
      output(inContainer(client, ...words), { timeoutMs: 60_000 });
    const shown = await output(inContainer(server, "ip", "-4", "-o", "addr", "show", "eth0"));
    const inside = (...words: readonly string[]): string[] => inContainer(server, ...words);
    const address = /inet ([\d.]+)/.exec(shown)?.[1] ?? "";
    return await through(address, from, inside, [...oneProcessor, ...iperf3]);
  } finally {
    for (const id of ids) await remove(engine, id);
  }
}

/** Of no network (RFC 5737). */
const hostAddress = "198.51.100.1";

const hasIperf = ["/usr/bin/iperf3", "/usr/local/bin/iperf3"].some(existsSync);

const speedScenarios: readonly Scenario[] = [
  {
    id: "net-loopback",
    rows: [
      row(
        "net-loopback",
        "host -> published port on 127.0.0.1",
        [times("dockerd", 1.5), times("podman", 1)],
        {
          unit: "Gbit/s",
          more: true,
          sameWay: true,
        },
      ),
      row(
        "net-loopback-rtt",
        "the same, one byte there and back",
        [times("dockerd", 1 / 5), times("podman", 1)],
        {
          unit: "µs",
          sameWay: true,
        },
      ),
    ],
    rounds: 15,
    sample: async (engine) => {
      const { gbits, microseconds } = await published(engine, "127.0.0.1");
      return { "net-loopback": [gbits], "net-loopback-rtt": [microseconds] };
    },
    // Two programs of the host's, with no container and no translation between them.
    floor: async () => {
      const { gbits, microseconds } = await through(
        "127.0.0.1",
        (...words) => output(words, { timeoutMs: 60_000 }),
        (...words) => [...words],
      );
      return { "net-loopback": [gbits], "net-loopback-rtt": [microseconds] };
    },
  },
  {
    id: "net-host",
    rows: [
      row("net-host", "host -> published port on another address of the host's", [times("podman", 1)], {
        unit: "Gbit/s",
        more: true,
        sameWay: true,
      }),
      row("net-host-rtt", "the same, one byte there and back", [times("podman", 1)], {
        unit: "µs",
        sameWay: true,
      }),
    ],
    rounds: 15,
    sample: async (engine) => {
      await onHost(engine, "ip", "addr", "replace", `${hostAddress}/32`, "dev", "lo");
      const { gbits, microseconds } = await published(engine, hostAddress);
      return { "net-host": [gbits], "net-host-rtt": [microseconds] };
    },
  },
  {
    id: "net-containers",
    rows: [
      row("net-containers", "container <-> container", [times("podman", 1)], {
        unit: "Gbit/s",
        more: true,
        sameWay: true,
      }),
      row("net-containers-rtt", "the same, one byte there and back", [times("podman", 1)], {
        unit: "µs",
        sameWay: true,
      }),
    ],
    rounds: 15,
    sample: async (engine) => {
      const { gbits, microseconds } = await betweenContainers(engine);
      return { "net-containers": [gbits], "net-containers-rtt": [microseconds] };
    },
  },
];

export const netScenarios: readonly Scenario[] = [
  {
    id: "net-start",
    rows: [
      row("net-start-none", "API start, no network", []),
      row("net-start-bridge", "API start, bridge", []),
      row("net-connect", "the network's part of it", [times("absolute", 5)]),
      row("net-start-5", "API start, 5 published ports", [times("dockerd", 1 / 6)]),
    ],
    rounds: 15,
    warmUps: 2,
    sample: async (engine) => {
      const [none, bridge] = [await startMs(engine, "none"), await startMs(engine, "bridge")];
      return {
        "net-start-none": [none],
        "net-start-bridge": [bridge],
        "net-connect": [bridge - none],
        "net-start-5": [await startMs(engine, "bridge", ports(46_000, 5))],
      };
    },
  },
  {
    id: "net-range",
    rows: [row("net-range", "API start, a range of 1,000 published ports", [times("absolute", 150)])],
    rounds: 5,
    // dockerd starts a process for each port and address, podman runs out of descriptors.
    engines: ["sampan"],
    sample: async (engine) => ({ "net-range": [await startMs(engine, "bridge", ports(20_000, 1000))] }),
  },
  {
    id: "net-first-byte",
    rows: [
      row("net-first-byte", "API start with a port until the first byte answers", [
        times("dockerd", 1 / 5),
        times("podman", 1 / 2.5),
      ]),
    ],
    rounds: 15,
    warmUps: 2,
    sample: async (engine) => ({ "net-first-byte": [await firstByteMs(engine)] }),
  },
  {
    id: "net-parallel",
    rows: [row("net-parallel", "50 starts with 5 ports each, 8 at a time", [], { unit: "s" })],
    rounds: 2,
    sample: async (engine) => {
      const ids: string[] = [];
      const took = await timedMs(() =>
        sideBySide(50, 8, async (at) => {
          const id = await createWith(engine, "bridge", ports(30_000 + at * 5, 5), "sleep", "10000");
          ids.push(id);
          await start(engine, id);
        }),
      );
      await clientOutput(engine, ...engine.remove, ...ids);
      return { "net-parallel": [took / 1000] };
    },
  },
  {
    id: "net-left",
    rows: [
      row(
        "net-left",
        "veths, namespaces, rules, descriptors and leases left by 200 starts and stops with 5 ports each",
        [{ against: "absolute", factor: 0 }],
        { unit: "", statistic: "max" },
      ),
    ],
    rounds: 1,
    warmUps: 0,
    engines: ["sampan"],
    sample: async (engine) => {
      // Where a lease that is left is missed: of these there are 13, and the ports are the same each time.
      const network = "few-addresses";
      await clientOutput(engine, "network", "create", "--subnet", "10.99.0.0/28", network);
      const startAndStop = async (): Promise<void> => {
        const id = await createWith(engine, network, ports(31_000, 5), "sleep", "10000");
        await start(engine, id);
        await api(engine, "POST", `/containers/${id}/stop?t=0`);
        await remove(engine, id);
      };
      await sideBySide(20, 1, startAndStop);
      await Bun.sleep(1000);
      const before = await left(engine);
      await sideBySide(200, 1, startAndStop);
      await Bun.sleep(1000);
      const after = await left(engine);
      await clientOutput(engine, "network", "rm", network);
      const more = Object.keys(after).map((key) => Math.max(0, (after[key] ?? 0) - (before[key] ?? 0)));
      if (more.some((count) => count > 0)) console.error("left behind", { before, after });
      return { "net-left": [more.reduce((sum, count) => sum + count, 0)] };
    },
  },
  ...(hasIperf ? speedScenarios : []),
];

/** What a container's network must not leave behind, counted. */
async function left(engine: BenchEngine): Promise<Record<string, number>> {
  const lines = (text: string): number => text.split("\n").length;
  const rules = [await onHost(engine, "iptables-save"), await onHost(engine, "ip6tables-save")];
  return {
    interfaces: lines(await onHost(engine, "ip", "-o", "link")),
    addresses: lines(await onHost(engine, "ip", "-o", "address")),
    routes: lines(await onHost(engine, "ip", "route", "show", "table", "all")),
    namespaces: readdirSync(join(engine.folder, "run", "netns")).length,
    rules: lines(rules.join("\n")),
    descriptors: processesOf(engine).reduce((sum, pid) => sum + readdirSync(`/proc/${pid}/fd`).length, 0),
  };
}
