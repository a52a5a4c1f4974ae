// Short containers by client and by API, exec, and the start of the client itself.
import { crunExecMs, crunRunMs } from "./floor.ts";
import type { Row, Scenario, Target } from "./scenario.ts";
import { api, clientMs, clientOutput, create, cycle, image, sideBySide, timedMs } from "./work.ts";

const listed = 300;
const tags = 50;

const row = (id: string, title: string, targets: readonly Target[], more: Partial<Row> = {}): Row => ({
  id,
  title,
  unit: "ms",
  statistic: "median",
  targets,
  ...more,
});
const times = (against: Target["against"], factor: number): Target => ({ against, factor });

export const runScenarios: readonly Scenario[] = [
  {
    id: "run-bridge",
    rows: [row("run-bridge", "`run --rm … true`, bridge", [times("dockerd", 1 / 7), times("podman", 1 / 5)])],
    rounds: 15,
    warmUps: 2,
    sample: async (engine) => ({
      "run-bridge": [await clientMs(engine, ["run", "--rm", ...engine.runFlags, image, "true"])],
    }),
  },
  {
    id: "run-none",
    rows: [
      row("run-none", "`run --rm … true`, no network (floor: bare `crun run`)", [
        times("dockerd", 1 / 7),
        times("podman", 1 / 3),
        times("floor", 4),
      ]),
    ],
    rounds: 15,
    warmUps: 2,
    sample: async (engine) => ({
      "run-none": [
        await clientMs(engine, ["run", "--rm", "--network", "none", ...engine.runFlags, image, "true"]),
      ],
    }),
    floor: async () => ({ "run-none": await crunRunMs(15) }),
  },
  {
    id: "api-cycle",
    rows: [
      row("api-cycle-p50", "create+start+wait+remove by API, bridge, p50", [
        times("dockerd", 1 / 8),
        times("podman", 1 / 5),
      ]),
      row("api-cycle-p99", "the same, p99", [times("dockerd", 1 / 8), times("podman", 1 / 5)], {
        statistic: "p99",
      }),
    ],
    rounds: 200, // of 60 the worst would be the p99
    warmUps: 3,
    sample: async (engine) => {
      const took = [await timedMs(() => cycle(engine, "bridge"))];
      return { "api-cycle-p50": took, "api-cycle-p99": took };
    },
  },
  {
    id: "api-parallel",
    rows: [
      row("api-parallel", "60 such cycles, 8 at a time", [times("dockerd", 7), times("podman", 4)], {
        unit: "/s",
        more: true,
      }),
    ],
    rounds: 3,
    sample: async (engine) => ({
      "api-parallel": [60_000 / (await timedMs(() => sideBySide(60, 8, () => cycle(engine, "bridge"))))],
    }),
  },
  {
    id: "exec",
    rows: [
      row("exec", "`exec … true` by client (floor: `crun exec`)", [
        times("dockerd", 1 / 5),
        times("floor", 4),
      ]),
    ],
    rounds: 15,
    warmUps: 2,
    setUp: async (engine) => {
      const id = await create(engine, "bridge", "sleep", "10000");
      await api(engine, "POST", `/containers/${id}/rename?name=busy`);
      await api(engine, "POST", `/containers/busy/start`);
    },
    sample: async (engine) => ({ exec: [await clientMs(engine, ["exec", "busy", "true"])] }),
    tearDown: async (engine) => void (await clientOutput(engine, "rm", "-f", "busy")),
    floor: async () => ({ exec: await crunExecMs(15) }),
  },
  {
    id: "client",
    rows: [
      row("client-version", "client `--version`", [times("dockerd", 1)]),
      row("client-help", "client `--help`", [times("dockerd", 1 / 2)]),
      row("client-server-version", "client `version`", [times("dockerd", 1)]),
    ],
    rounds: 30,
    warmUps: 3,
    sample: async (engine) => ({
      "client-version": [await clientMs(engine, ["--version"])],
      "client-help": [await clientMs(engine, ["--help"])],
      "client-server-version": [await clientMs(engine, ["version"])],
    }),
  },
  {
    id: "client-lists",
    rows: [
      row("client-ps", `client \`ps -a\` of ${listed}`, [times("dockerd", 1)]),
      row("client-inspect", "client `inspect`", [times("dockerd", 1)]),
      row("client-images", `client \`images\` of ${tags} names`, [times("dockerd", 1)]),
    ],
    rounds: 20,
    warmUps: 3,
    setUp: async (engine) => {
      await sideBySide(listed, 4, async (index) => {
        const id = await create(engine, "none", "true");
        await api(engine, "POST", `/containers/${id}/rename?name=listed-${index}`);
      });
      for (let index = 0; index < tags; index += 1)
        await api(engine, "POST", `/images/${image}/tag?repo=bench/listed&tag=${index}`);
    },
    sample: async (engine) => ({
      "client-ps": [await clientMs(engine, ["ps", "-a"])],
      "client-inspect": [await clientMs(engine, ["inspect", "listed-7"])],
      "client-images": [await clientMs(engine, ["images"])],
    }),
    tearDown: async (engine) => {
      await sideBySide(listed, 4, (index) => api(engine, "DELETE", `/containers/listed-${index}`));
      for (let index = 0; index < tags; index += 1)
        await clientOutput(engine, "rmi", `bench/listed:${index}`);
    },
  },
];
