// A large image in and out of an engine by archives, and its removal.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { output } from "../test/harness/command.ts";
import { bigImage, bigImageName } from "./big-image.ts";
import { peakMiB } from "./engine.ts";
import type { Row, Scenario, Target } from "./scenario.ts";
import { clientMs } from "./work.ts";

const row = (id: string, title: string, targets: readonly Target[]): Row => ({
  id,
  title,
  unit: "s",
  statistic: "median",
  targets,
});
const ofDockerd = (factor: number): Target => ({ against: "dockerd", factor });
const belowPodman: Target = { against: "podman", factor: 1 };

/** What others have written is on disk before the clock starts: nobody pays for it. */
async function seconds(work: () => Promise<number>): Promise<readonly [number]> {
  await output(["sync"], { timeoutMs: 300_000 });
  return [(await work()) / 1000];
}

export const imageScenarios: readonly Scenario[] = [
  {
    id: "images",
    rows: [
      row("load", "`load` of 300 MB, 11,000 files, 6 layers", [ofDockerd(0.4), belowPodman]),
      row("save", "`save` of it", [ofDockerd(0.5), belowPodman]),
      row("rmi", "`rmi` of it", [ofDockerd(1)]),
      row("import", "`import` of the same files as one layer", [ofDockerd(0.5), belowPodman]),
      {
        ...row(
          "images-peak",
          "most memory of daemon and monitor by then (sum of VmHWM, what they share counted once)",
          [{ against: "absolute", factor: 200 }],
        ),
        unit: "MiB",
        statistic: "max",
      },
    ],
    rounds: 3,
    sample: async (engine) => {
      const { archive, rootfs } = await bigImage();
      const saved = join(engine.folder, "saved.tar");
      const load = await seconds(() => clientMs(engine, ["load", "-i", archive]));
      const save = await seconds(() => clientMs(engine, ["save", "-o", saved, bigImageName]));
      const rmi = await seconds(() => clientMs(engine, ["rmi", bigImageName]));
      const imported = await seconds(() => clientMs(engine, ["import", rootfs, bigImageName]));
      await clientMs(engine, ["rmi", bigImageName]);
      rmSync(saved);
      const peak = engine.name === "sampan" ? { "images-peak": [peakMiB(engine)] } : {};
      return { load, save, rmi, import: imported, ...peak };
    },
  },
];
