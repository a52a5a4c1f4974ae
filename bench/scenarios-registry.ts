// A large image from and to a registry: Debian's docker-registry on the loopback of each engine's own network namespace.
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { eventually, output } from "../test/harness/command.ts";
import { startRegistry, type Registry } from "../test/harness/registry.ts";
import { bigImage, otherBigImage } from "./big-image.ts";
import { daemonPeakMiB, peakMiB, type BenchEngine } from "./engine.ts";
import type { Row, Scenario, Target } from "./scenario.ts";
import { clientMs, clientOutput } from "./work.ts";

const row = (id: string, title: string, targets: readonly Target[], more: Partial<Row> = {}): Row => ({
  id,
  title,
  unit: "s",
  statistic: "median",
  targets,
  ...more,
});
const of = (against: Target["against"], factor: number): Target => ({ against, factor });

/**
 * Registries of one engine. The images have no layer in common, so that both can be pulled with nothing deleted in between:
 * where ext4 has no journal it passes over inodes that were freed, one by one, for some minutes (`recently_deleted` in a
 * profile of the kernel), and whoever makes files then pays for the removal.
 */
type Side = {
  readonly gzip: Registry;
  readonly zstd: Registry;
  readonly empty: Registry;
  readonly emptyData: string;
};
const sides = new Map<string, Side>();

async function side(engine: BenchEngine): Promise<Side> {
  const known = sides.get(engine.name);
  if (known !== undefined) return known;
  const enter = ["nsenter", `--net=/proc/${engine.insidePid}/ns/net`];
  const emptyData = join(engine.folder, "empty-registry");
  mkdirSync(emptyData);
  const made = {
    gzip: await startRegistry({ enter }),
    zstd: await startRegistry({ enter }),
    empty: await startRegistry({ enter, data: emptyData }),
    emptyData,
  };
  sides.set(engine.name, made);
  const images = { gzip: await bigImage(), zstd: await otherBigImage() };
  for (const format of ["gzip", "zstd"] as const) {
    const { archive } = images[format];
    const flags = ["--dest-tls-verify=false", "--format", "oci", "--dest-compress-format", format];
    const to = `docker://${made[format].host}/big:1`;
    await output([...enter, "skopeo", "copy", ...flags, `docker-archive:${archive}`, to], {
      timeoutMs: 300_000,
    });
  }
  return made;
}

const insecure = (engine: BenchEngine): string[] => (engine.name === "podman" ? ["--tls-verify=false"] : []);
const pull = (engine: BenchEngine, name: string): Promise<number> =>
  clientMs(engine, ["pull", ...insecure(engine), name]);
/** What others have written is on disk before the clock starts: nobody pays for it. */
async function seconds(work: () => Promise<number>): Promise<readonly [number]> {
  await output(["sync"], { timeoutMs: 300_000 });
  return [(await work()) / 1000];
}

async function stopSides(engine: BenchEngine): Promise<void> {
  const made = sides.get(engine.name);
  sides.delete(engine.name);
  await made?.gzip.stop();
  await made?.zstd.stop();
  await made?.empty.stop();
}

const pushedName = ({ empty }: Side, compression: "gzip" | "zstd"): string =>
  `${empty.host}/pushed-${compression}:1`;

/** Pushes to a registry that has nothing; how the layers are compressed is said in each engine's own way. */
async function push(
  engine: BenchEngine,
  made: Side,
  compression: "gzip" | "zstd",
): Promise<readonly [number]> {
  rmSync(join(made.emptyData, "docker"), { recursive: true, force: true });
  const image = pushedName(made, compression);
  await clientOutput(engine, "tag", `${made.gzip.host}/big:1`, image);
  const words = { podman: "--compression-format", sampan: "--compression", dockerd: undefined }[engine.name];
  const flags = words === undefined ? [] : [words, compression];
  return await seconds(() => clientMs(engine, ["push", ...insecure(engine), ...flags, image]));
}

/** Of our own engine, when nothing is being deleted in the background any more. */
async function diskBytes(folder: string): Promise<number> {
  const leaving = join(folder, "graph", ":tmp:");
  await eventually(
    () => !existsSync(leaving) || readdirSync(leaving).length === 0,
    () => "the end of deletions",
  );
  return Number((await output(["du", "-s", "--block-size=1", folder])).split("\t", 1)[0]);
}

export const registryScenarios: readonly Scenario[] = [
  {
    id: "registry",
    rows: [
      row("pull-gzip", "`pull` of 300 MB, 11,000 files, 6 layers by gzip", [
        of("dockerd", 0.4),
        of("podman", 0.55),
      ]),
      row("pull-zstd", "the same by zstd", [of("podman", 0.7)]),
      row("pull-again", "`pull` again, nothing new", [of("dockerd", 1)], { unit: "ms" }),
      row("push-gzip", "`push` to an empty registry by gzip", [of("dockerd", 0.35), of("podman", 0.9)]),
      row("push-zstd", "the same by zstd", []),
      row("push-zstd-part", "push by zstd, as a part of push by gzip", [of("absolute", 0.7)], { unit: "" }),
      row(
        "pull-disk",
        "bytes on disk after a pull, as a part of the unpacked files' own",
        [of("absolute", 1.02)],
        {
          unit: "",
          statistic: "max",
        },
      ),
      row(
        "registry-peak",
        "most memory of daemon and monitor by then (sum of VmHWM, what they share counted once)",
        [], // the target is the daemon's, below
        {
          unit: "MiB",
          statistic: "max",
        },
      ),
      row(
        "registry-peak-daemon",
        "most memory of the daemon alone by then (VmHWM)",
        [of("absolute", 190)], // 200 MB
        {
          unit: "MiB",
          statistic: "max",
        },
      ),
    ],
    rounds: 3,
    sample: async (engine) => {
      const made = await side(engine);
      const [gzip, zstd] = [`${made.gzip.host}/big:1`, `${made.zstd.host}/big:1`];
      const before = engine.name === "sampan" ? await diskBytes(join(engine.folder, "root")) : 0;
      const pullGzip = await seconds(() => pull(engine, gzip));
      const again = [await pull(engine, gzip)];
      const own = engine.name === "sampan" ? { "pull-disk": [await diskPart(engine, before)] } : {};
      const hasZstd = engine.name !== "dockerd"; // before 23 it does not know it
      const pullZstd = hasZstd ? await seconds(() => pull(engine, zstd)) : [];
      const pushGzip = await push(engine, made, "gzip");
      const pushZstd = hasZstd ? await push(engine, made, "zstd") : [];
      const names = [gzip, pushedName(made, "gzip"), ...(hasZstd ? [zstd, pushedName(made, "zstd")] : [])];
      for (const name of names) await clientOutput(engine, "rmi", "-f", name);
      return {
        "pull-gzip": pullGzip,
        "pull-again": again,
        "push-gzip": pushGzip,
        ...(hasZstd ? { "push-zstd": pushZstd, "pull-zstd": pullZstd } : {}),
        ...own,
        ...(engine.name === "sampan"
          ? {
              "push-zstd-part": [(pushZstd[0] ?? 0) / pushGzip[0]],
              "registry-peak": [peakMiB(engine)],
              "registry-peak-daemon": [daemonPeakMiB(engine)],
            }
          : {}),
      };
    },
    tearDown: stopSides,
  },
];

/** What the pull added, against what its files take when they are unpacked by themselves. */
async function diskPart(engine: BenchEngine, before: number): Promise<number> {
  const added = (await diskBytes(join(engine.folder, "root"))) - before;
  unpackedBytes ??= await unpackedSize(join(engine.folder, "unpacked"));
  return added / unpackedBytes;
}

let unpackedBytes: number | undefined;

async function unpackedSize(folder: string): Promise<number> {
  const { rootfs } = await bigImage();
  mkdirSync(folder);
  await output(["tar", "-xf", rootfs, "-C", folder]);
  const bytes = await diskBytes(folder);
  await output(["rm", "-r", folder]);
  return bytes;
}
