// Many containers, many log lines, much input: time and memory.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { instanceOf } from "../src/base/instance.ts";
import { cgroups } from "../test/harness/leftovers.ts";
import { memoryMiB, peakMiB, processesOf, type BenchEngine } from "./engine.ts";
import type { Scenario } from "./scenario.ts";
import { scratch } from "./scratch.ts";
import { api, clientMs, clientOutput, create, cycle, image, sideBySide, timedMs } from "./work.ts";

const containers = 50;
const stopped = 300;
const logBytes = 200e6;
const inputBytes = 500e6;

/** A file of lines of 100 bytes, made once. */
function linesFile(bytes: number): string {
  const path = join(scratch, `lines-${bytes}`);
  if (!existsSync(path)) writeFileSync(path, Buffer.alloc(bytes, `${"0123456789".repeat(9)}abcdefghi\n`));
  return path;
}

/** What a cycle of a container's life must not leave behind, counted. */
function leftBehind({ folder, insidePid }: BenchEngine): Record<string, number> {
  const parent = basename(instanceOf(join(folder, "run")).cgroupParent);
  const lines = (path: string): number => readFileSync(path, "utf8").trimEnd().split("\n").length;
  const entries = (path: string): number => readdirSync(path, { recursive: true }).length;
  const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);
  return {
    mounts: lines("/proc/self/mountinfo") + lines(`/proc/${insidePid}/mountinfo`),
    interfaces: lines(`/proc/${insidePid}/net/dev`),
    descriptors: sum(processesOf({ folder }).map((pid) => entries(`/proc/${pid}/fd`))),
    cgroups: sum(
      cgroups()
        .filter((path) => basename(path) === parent)
        .map(entries),
    ),
    files: entries(folder),
  };
}

/** Resident memory two seconds after the last work, when what is only garbage is gone. */
async function settledMiB(engine: BenchEngine): Promise<number> {
  await Bun.sleep(2000);
  return memoryMiB(engine, "status", "VmRSS");
}

/** What an engine keeps for the next request it may give back when none comes (ours after 10 s). */
const untilIdleMs = 12_000;

export const loadScenarios: readonly Scenario[] = [
  {
    id: "idle",
    rows: [
      {
        id: "idle-start",
        title: `${containers} idle containers: start, one by one`,
        unit: "s",
        statistic: "median",
        targets: [],
      },
      {
        id: "idle-pss",
        title: "PSS of the engine per idle container, 12 s after the last start",
        unit: "MiB",
        statistic: "median",
        targets: [{ against: "absolute", factor: 0.1 }],
      },
      {
        id: "idle-total",
        title: "PSS of the engine in total, with them",
        unit: "MiB",
        statistic: "median",
        targets: [{ against: "absolute", factor: 100 }],
      },
      { id: "idle-remove", title: "`rm -f` of them", unit: "s", statistic: "median", targets: [] },
    ],
    rounds: 1,
    warmUps: 0,
    sample: async (engine) => {
      // As many as there will be: what any start leaves in a heap is no container's.
      await sideBySide(containers, 1, () => cycle(engine, "bridge"));
      await Bun.sleep(untilIdleMs);
      const before = memoryMiB(engine, "smaps_rollup", "Pss");
      const ids: string[] = [];
      const startMs = await timedMs(async () => {
        for (let count = 0; count < containers; count += 1)
          ids.push(await clientOutput(engine, "run", "-d", ...engine.runFlags, image, "sleep", "10000"));
      });
      await Bun.sleep(untilIdleMs);
      const after = memoryMiB(engine, "smaps_rollup", "Pss");
      const removeMs = await timedMs(() => clientOutput(engine, ...engine.remove, ...ids));
      return {
        "idle-start": [startMs / 1000],
        "idle-pss": [Math.max(0, (after - before) / containers)],
        "idle-total": [after],
        "idle-remove": [removeMs / 1000],
      };
    },
  },
  {
    id: "ready",
    rows: [
      {
        id: "ready-0",
        title: "daemon ready, no containers",
        unit: "ms",
        statistic: "median",
        targets: [{ against: "absolute", factor: 100 }],
      },
    ],
    rounds: 5,
    sample: async (engine) => ({ "ready-0": [await engine.restart()] }),
  },
  {
    id: "stopped",
    rows: [
      {
        id: "ready-300",
        title: `daemon ready, ${stopped} stopped containers`,
        unit: "ms",
        statistic: "median",
        targets: [{ against: "absolute", factor: 250 }],
      },
      {
        id: "ps-300",
        title: `\`ps -a\` of ${stopped} by API`,
        unit: "ms",
        statistic: "median",
        targets: [{ against: "dockerd", factor: 1 }],
      },
      {
        id: "inspect",
        title: "inspect by API",
        unit: "ms",
        statistic: "median",
        targets: [{ against: "dockerd", factor: 1 }],
      },
    ],
    rounds: 5,
    setUp: (engine) =>
      sideBySide(stopped, 4, async (index) => {
        const id = await create(engine, "none", "true");
        await api(engine, "POST", `/containers/${id}/rename?name=stopped-${index}`);
        await api(engine, "POST", `/containers/${id}/start`);
        await api(engine, "POST", `/containers/${id}/wait`);
      }),
    sample: async (engine) => {
      const ready = await engine.restart();
      // The daemon has just been started: untimed calls first, as everywhere.
      const many = async (path: string): Promise<number[]> => {
        const took: number[] = [];
        for (let count = -100; count < 20; count += 1) {
          const callMs = await timedMs(() => api(engine, "GET", path));
          if (count >= 0) took.push(callMs);
        }
        return took;
      };
      return {
        "ready-300": [ready],
        "ps-300": await many("/containers/json?all=1"),
        inspect: await many("/containers/stopped-7/json"),
      };
    },
    tearDown: (engine) =>
      sideBySide(stopped, 4, (index) => api(engine, "DELETE", `/containers/stopped-${index}?force=1`)),
  },
  {
    id: "logs",
    rows: [
      {
        id: "logs-write",
        title: "200 MB of 100-byte lines through the default log driver",
        unit: "s",
        statistic: "median",
        targets: [
          { against: "dockerd", factor: 1 / 3 },
          { against: "podman", factor: 1 },
        ],
      },
      {
        id: "logs-read",
        title: "the same read back by `logs`",
        unit: "s",
        statistic: "median",
        targets: [{ against: "dockerd", factor: 1 / 6 }],
      },
    ],
    rounds: 2,
    warmUps: 0,
    sample: async (engine) => {
      let id = "";
      const mount = `${linesFile(logBytes)}:/lines:ro`;
      const writeMs = await timedMs(async () => {
        id = await clientOutput(engine, "run", "-d", ...engine.runFlags, "-v", mount, image, "cat", "/lines");
        await clientOutput(engine, "wait", id);
      });
      const readMs = await clientMs(engine, ["logs", id], { output: "/dev/null" });
      await clientOutput(engine, "rm", id);
      return { "logs-write": [writeMs / 1000], "logs-read": [readMs / 1000] };
    },
  },
  {
    id: "input",
    rows: [
      {
        id: "input",
        title: "500 MB through `run -i … cat`",
        unit: "s",
        statistic: "median",
        targets: [
          { against: "dockerd", factor: 1 / 4 },
          { against: "podman", factor: 1 },
        ],
      },
    ],
    rounds: 2,
    sample: async (engine) => {
      const streams = { input: linesFile(inputBytes), output: "/dev/null" };
      return {
        input: [
          (await clientMs(
            engine,
            [
              "run",
              "-i",
              "--rm",
              "--log-driver",
              engine.name === "podman" ? "k8s-file" : "json-file",
              ...engine.runFlags,
              image,
              "cat",
            ],
            streams,
          )) / 1000,
        ],
      };
    },
  },
  {
    id: "leaks",
    rows: [
      {
        id: "leaks",
        title: "mounts, interfaces, descriptors, cgroups and files left by 200 cycles",
        unit: "",
        statistic: "max",
        targets: [{ against: "absolute", factor: 0 }],
      },
      {
        id: "growth",
        title: "growth of daemon and monitor in 200 more cycles",
        unit: "MiB",
        statistic: "max",
        targets: [{ against: "absolute", factor: 5 }],
      },
    ],
    rounds: 1,
    warmUps: 0,
    engines: ["sampan"],
    sample: async (engine) => {
      await sideBySide(20, 1, () => cycle(engine, "bridge"));
      await Bun.sleep(1000);
      const before = leftBehind(engine);
      await sideBySide(200, 1, () => cycle(engine, "bridge"));
      await Bun.sleep(1000);
      const after = leftBehind(engine);
      const residentBefore = await settledMiB(engine);
      await sideBySide(200, 1, () => cycle(engine, "bridge"));
      const growth = (await settledMiB(engine)) - residentBefore;
      const left = Object.keys(after).map((key) => (after[key] ?? 0) - (before[key] ?? 0));
      if (left.some((count) => count > 0)) console.error("left behind", { before, after });
      return { leaks: [left.reduce((sum, count) => sum + Math.max(0, count), 0)], growth: [growth] };
    },
  },
  {
    id: "peak",
    rows: [
      {
        id: "peak",
        title:
          "most memory of daemon and monitor in all of the above (sum of VmHWM, what they share counted once)",
        unit: "MiB",
        statistic: "max",
        targets: [{ against: "absolute", factor: 150 }],
      },
    ],
    rounds: 1,
    warmUps: 0,
    engines: ["sampan"],
    sample: (engine) => Promise.resolve({ peak: [peakMiB(engine)] }),
  },
];
