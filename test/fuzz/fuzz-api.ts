// Mutated requests against a live daemon, and what must be true of it afterwards.
import { eventually } from "../harness/command.ts";
import { startDaemon } from "../harness/daemon.ts";
import type { Daemon } from "../harness/daemon.ts";
import { descriptorsAtRest, descriptorsSettled, rssMiB } from "../harness/descriptors.ts";
import type { Descriptors } from "../harness/descriptors.ts";
import { removeAllContainers } from "../harness/engine.ts";
import { loadTestImage, testImage as testImageName } from "../harness/images.ts";
import { dockerArchive, testImage } from "../kernel/image-archives.ts";
import { encodeArchive } from "../../src/storage/tar-writer.ts";
import { validRequest } from "./corpus.ts";
import { isHarmless } from "./harmless.ts";
import { mutate } from "./mutate.ts";
import { seededRandom } from "../harness/random.ts";
import { exchange } from "./send.ts";
import { wireOf } from "./wire.ts";
import { makeWorld } from "./world.ts";
import type { World } from "./world.ts";

export type FuzzOptions = {
  readonly seed: number;
  readonly requests: number;
  readonly onProgress?: (done: number, report: string) => void;
};

export type FuzzReport = {
  readonly sent: number;
  readonly dropped: number;
  /** How often each status came. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Answers 500 that the daemon's log says nothing of. */
  readonly unexplained: readonly string[];
  /** What the log says of the others: message by message, how often. */
  readonly explained: Readonly<Record<string, number>>;
  /** Requests that got no answer although the client waited. */
  readonly silent: readonly string[];
  readonly descriptorsBefore: Descriptors;
  readonly descriptorsAfter: Descriptors;
  readonly rssBeforeMiB: number;
  readonly rssAfterMiB: number;
};

const maxRssMiB = 250;

/** What in a report must not be; empty when all is well. */
export function problemsOf(report: FuzzReport): string[] {
  const { descriptorsBefore: before, descriptorsAfter: after } = report;
  const grown = (["daemon", "monitor"] as const).filter((name) => after[name].length > before[name].length);
  return [
    ...report.unexplained.map((text) => `a failure that the log does not explain: ${text.slice(0, 500)}`),
    ...report.silent.map((text) => `no answer to: ${text}`),
    ...grown.map(
      (name) =>
        `the ${name} has more descriptors than before: ${before[name].join(" ")} => ${after[name].join(" ")}`,
    ),
    ...(report.rssAfterMiB > maxRssMiB ? [`the daemon has grown to ${report.rssAfterMiB} MiB`] : []),
  ];
}

/** Containers run for so many requests at most: then the world is made anew. */
const requestsPerWorld = 400;
const clients = 16;

export async function fuzzApi(options: FuzzOptions): Promise<FuzzReport> {
  const daemon = await startDaemon();
  try {
    await loadTestImage(daemon);
    return await fuzz(daemon, options);
  } finally {
    await daemon.stop();
  }
}

async function fuzz(daemon: Daemon, { seed, requests, onProgress }: FuzzOptions): Promise<FuzzReport> {
  const random = seededRandom(seed);
  const layer = [{ path: "a.txt", body: "a" }];
  const archives = [encodeArchive(layer), dockerArchive([{ ...testImage([layer]), tags: ["fuzz:loaded"] }])];
  const [daemonPid, monitorPid] = [daemon.pid(), daemon.monitorPid()];
  const statuses: Record<string, number> = {};
  const failures: string[] = [];
  const silent: string[] = [];
  const count = { sent: 0, dropped: 0 };

  async function client(world: World, share: number): Promise<void> {
    for (let i = 0; i < share; i++) {
      const request = mutate(validRequest(random, world, archives), random);
      const wire = wireOf(request, random, validRequest(random, world, archives));
      if (!isHarmless(wire.bytes, world.hostFolder)) {
        count.dropped += 1;
        continue;
      }
      const got = await exchange(daemon.socket, wire);
      count.sent += 1;
      for (const status of got.statuses) statuses[status] = (statuses[status] ?? 0) + 1;
      const exec = /"Id":"([0-9a-f]{64})"\}\n/.exec(got.text)?.[1];
      if (exec !== undefined) world.execs.push(exec);
      if (got.statuses.includes(500)) failures.push(got.text);
      const sentText = wire.bytes.toString("latin1");
      if (got.silent && !(await mayTakeLong(daemon, sentText))) silent.push(sentText.slice(0, 300));
    }
  }

  // The first lets the daemon and the monitor grow to their working size. Bun opens two descriptors at the first pipe(),
  // and two at the first fetch(), for good.
  await daemon.ok("run", "--rm", testImageName, "true");
  await daemon.docker("pull", "127.0.0.1:1/nobody/listens");
  await client(await makeWorld(daemon), Math.min(200, requests));
  await settled(daemon);
  const [descriptorsBefore, rssBeforeMiB] = [await descriptorsAtRest(daemon), rssMiB(daemonPid)];
  for (let left = requests; left > 0; left = requests - count.sent - count.dropped) {
    const world = await makeWorld(daemon);
    const share = Math.ceil(Math.min(requestsPerWorld, left) / clients);
    await Promise.all(Array.from({ length: clients }, () => client(world, share)));
    onProgress?.(requests - left, `${JSON.stringify(statuses)} ${Math.round(rssMiB(daemonPid))} MiB`);
  }
  await settled(daemon);
  if (daemon.pid() !== daemonPid || daemon.monitorPid() !== monitorPid)
    throw new Error("a process was replaced");
  return {
    ...count,
    statuses,
    ...explain(failures, daemon.log()),
    silent,
    descriptorsBefore,
    descriptorsAfter: await descriptorsSettled(daemon, descriptorsBefore),
    rssBeforeMiB,
    rssAfterMiB: rssMiB(daemonPid),
  };
}

/** A wait is answered by an exit, before 1.30 with nothing until then; an exec that a pause has caught, when that is over. */
async function mayTakeLong({ api }: Daemon, sentText: string): Promise<boolean> {
  if (sentText.includes("/wait")) return true;
  const exec = /\/exec\/([0-9a-f]{64})\/start/.exec(sentText)?.[1];
  if (exec === undefined) return false;
  const { ContainerID } = (await api("GET", `/exec/${exec}/json`)).json() as { ContainerID?: string };
  const container = (await api("GET", `/containers/${ContainerID}/json`)).json();
  return (container as { State?: { Paused: boolean } }).State?.Paused === true;
}

/** All containers and networks removed, and nothing of what they needed left. */
async function settled(daemon: Daemon): Promise<void> {
  await removeAllContainers(daemon);
  await daemon.api("POST", "/networks/prune"); // each has a resolver with sockets
  const { tasks } = daemon;
  await eventually(
    () => tasks().length === 0,
    () => `no tasks: ${tasks().join(" ")}`,
  );
}

/** Each 500 has an entry in the log whose error is what the client was told. */
function explain(answers: readonly string[], log: string): Pick<FuzzReport, "unexplained" | "explained"> {
  const explained: Record<string, number> = {};
  // Several answers may have come over one connection.
  const failures = answers.flatMap((text) =>
    text.split(/(?=HTTP\/1\.1 \d{3} )/).filter((one) => one.startsWith("HTTP/1.1 500")),
  );
  const unexplained = failures.filter((text) => {
    const message = /\{"message":"((?:[^"\\]|\\.)*)"\}/.exec(text)?.[1];
    if (message === undefined) return true;
    const told = JSON.parse(`"${message}"`) as string;
    const inLog = JSON.stringify(Buffer.from(told, "latin1").toString("utf8")).slice(1, -1);
    const isLogged = log.includes(inLog.slice(0, 200));
    const kind = told.replaceAll(/[0-9a-f]{12,}/g, "<id>").slice(0, 160);
    if (isLogged) explained[kind] = (explained[kind] ?? 0) + 1;
    return !isLogged;
  });
  return { unexplained, explained };
}
