// Names on a user's network: how many questions a container has answered in a second, and how long the slow ones take.
import { readFileSync } from "node:fs";
import { output } from "../test/harness/command.ts";
import type { BenchEngine } from "./engine.ts";
import type { Row, Scenario } from "./scenario.ts";
import { clientOutput, image } from "./work.ts";

const network = "bench-names";
const server = "bench-server";
const asker = "bench-asker";

/** Keeps 20 questions for a neighbour's address under way for two seconds, each from a socket's own turn. */
const askSource = `
const [address, name] = process.argv.slice(1);
const outstanding = 20, forMs = 2000;
const labels = name.split(".").map((label) => String.fromCharCode(label.length) + label).join("");
const question = (id) => Buffer.concat([Buffer.from([id >> 8, id & 255, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]), Buffer.from(labels, "latin1"), Buffer.from([0, 0, 1, 0, 1])]);
const sent = new Map();
const took = [];
let id = 0, wrong = 0;
const socket = await Bun.udpSocket({ connect: { hostname: address, port: 53 }, socket: { data(_, answer) {
  const asked = answer.readUInt16BE(0);
  const at = sent.get(asked);
  if (at === undefined) return;
  sent.delete(asked);
  if ((answer[3] & 15) !== 0 || answer.readUInt16BE(6) === 0) wrong++;
  took.push(performance.now() - at);
  if (performance.now() < end) ask();
} } });
const ask = () => { id = (id + 1) & 65535; sent.set(id, performance.now()); socket.send(question(id)); };
const startedAt = performance.now(), end = startedAt + forMs;
for (let i = 0; i < outstanding; i++) ask();
while (performance.now() < end) {
  await Bun.sleep(50);
  // What was lost is asked again.
  for (const [asked, at] of sent) if (performance.now() - at > 1000) { sent.delete(asked); wrong++; ask(); }
}
const rate = took.length / ((performance.now() - startedAt) / 1000);
took.sort((a, b) => a - b);
console.log(JSON.stringify({ rate, p99: took[Math.floor(took.length * 0.99)], wrong }));
process.exit();
`;

const row = (id: string, title: string, unit: string, more?: true): Row => ({
  id,
  title,
  unit,
  statistic: "median",
  targets: [{ against: "dockerd", factor: 1 }],
  ...(more && { more }),
});

async function run(engine: BenchEngine, name: string): Promise<void> {
  const flags = ["-d", "--name", name, "--network", network, ...engine.runFlags];
  await clientOutput(engine, "run", ...flags, image, "sleep", "10000");
}

async function ask(engine: BenchEngine): Promise<{ readonly rate: number; readonly p99: number }> {
  const pid = await clientOutput(engine, "inspect", "--format", "{{.State.Pid}}", asker);
  const conf = readFileSync(`/proc/${pid}/root/etc/resolv.conf`, "utf8");
  const address = /^nameserver (\S+)/m.exec(conf)?.[1] ?? "";
  const enter = ["nsenter", `--net=/proc/${pid}/ns/net`, process.execPath, "-e", askSource];
  const answer = JSON.parse(await output([...enter, address, server], { timeoutMs: 30_000 })) as {
    readonly rate: number;
    readonly p99: number;
    readonly wrong: number;
  };
  if (answer.wrong > 0)
    throw new Error(`${engine.name}: ${answer.wrong} questions had no answer or a wrong one`);
  return answer;
}

export const dnsScenarios: readonly Scenario[] = [
  {
    id: "dns",
    rows: [
      row("dns-rate", "DNS answers to a container, 20 questions under way", "1/s", true),
      row("dns-p99", "the same, 99 of 100 within", "ms"),
    ],
    rounds: 5,
    // podman has no names without a package more (aardvark-dns).
    engines: ["sampan", "dockerd"],
    setUp: async (engine) => {
      await clientOutput(engine, "network", "create", network);
      await run(engine, server);
      await run(engine, asker);
    },
    sample: async (engine) => {
      const { rate, p99 } = await ask(engine);
      return { "dns-rate": [rate], "dns-p99": [p99] };
    },
    tearDown: async (engine) => {
      await clientOutput(engine, ...engine.remove, server, asker);
      await clientOutput(engine, "network", "rm", network);
    },
  },
];
