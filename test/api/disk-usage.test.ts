// `system df`: against what du counts of the same folders.
import { expect, test } from "bun:test";
import { output } from "../harness/command.ts";
import { engineForTests } from "../harness/for-tests.ts";
import { testImage as image } from "../harness/images.ts";

type Usage = {
  readonly LayersSize?: number;
  readonly Images?: readonly {
    readonly Id: string;
    readonly Size: number;
    readonly VirtualSize?: number;
    readonly SharedSize: number;
    readonly Containers: number;
  }[];
  readonly Containers?: readonly {
    readonly Id: string;
    readonly SizeRw?: number;
    readonly SizeRootFs: number;
  }[];
  readonly Volumes?: readonly {
    readonly Name: string;
    readonly Mountpoint: string;
    readonly UsageData: { readonly RefCount: number; readonly Size: number };
  }[];
  readonly BuildCache?: readonly unknown[] | null;
};

const engine = await engineForTests();
const { ok } = engine;
const df = async (path: string): Promise<Usage> => {
  const { status, body } = await engine.api("GET", path);
  if (status !== 200) throw new Error(`${status}: ${body}`);
  return JSON.parse(body) as Usage;
};
/** Bytes on disk, folders left out. */
const duOfFiles = async (folder: string): Promise<number> =>
  Number(
    await output([
      "sh",
      "-c",
      `find '${folder}' ! -type d -print0 | du -c -B1 --files0-from=- | tail -n1 | cut -f1`,
    ]),
  );

const blockBytes = 4096;

test("containers, images and volumes with their sizes", async () => {
  const script = `
    for i in 1 2 3 4 5; do head -c $((i * 12345)) /dev/zero > /hold/$i; done
    mkdir /hold/below; ln /hold/5 /hold/below/again; head -c 70000 /dev/zero > /own
  `;
  const id = await ok("run", "-d", "-v", "hold:/hold", image, "sh", "-c", script);
  await ok("wait", id);
  await ok("volume", "create", "idle");
  const { Images, Containers, Volumes, LayersSize } = await df("/v1.41/system/df");

  const volume = Volumes?.find(({ Name }) => Name === "hold");
  expect(volume?.UsageData.RefCount).toBe(1);
  const bytes = [1, 2, 3, 4, 5].reduce((sum, i) => sum + i * 12345, 0);
  expect(volume?.UsageData.Size).toBe(bytes);
  expect((await duOfFiles(volume?.Mountpoint ?? "")) - bytes).toBeWithin(0, 5 * blockBytes + 1);
  expect(Volumes?.find(({ Name }) => Name === "idle")?.UsageData).toEqual({ RefCount: 0, Size: 0 });

  const container = Containers?.find(({ Id }) => Id === id);
  expect(container?.SizeRw).toBe(70_000);
  const [shown] = Images ?? [];
  expect(container?.SizeRootFs).toBe(70_000 + (shown?.Size ?? 0));
  expect(shown).toMatchObject({ Containers: 1, SharedSize: 0, VirtualSize: shown?.Size });
  expect(LayersSize).toBe(shown?.Size);

  const [header, images, containers, volumes] = (await ok("system", "df")).split("\n");
  expect(header).toMatch(/^TYPE +TOTAL +ACTIVE +SIZE +RECLAIMABLE/);
  expect(images).toMatch(/^Images +1 +1 +1\.98\dMB +0B \(0%\)/);
  expect(containers).toMatch(/^Containers +1 +0 +70kB +70kB \(100%\)/);
  expect(volumes).toMatch(/^Local Volumes +2 +1 +185\.2kB +0B \(0%\)/);
  expect(await ok("system", "df", "-v")).toMatch(/hold +1 +185\.2kB/);
  await ok("rm", id);
  await ok("volume", "rm", "hold", "idle");
});

test("answers all who ask at once alike", async () => {
  const answers = await Promise.all(Array.from({ length: 20 }, () => df("/v1.42/system/df").catch(String)));
  // Docker up to 20.10 refused the second one.
  if (engine.kind === "sampan") expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
});

test.if(engine.kind === "sampan")("type chooses, from 1.42 on", async () => {
  const keys = async (path: string): Promise<string[]> => Object.keys(await df(path)).toSorted();
  const all = ["BuildCache", "Containers", "Images", "LayersSize", "Volumes"];
  expect(await keys("/v1.41/system/df?type=image")).toEqual(["BuildCache", "BuilderSize", ...all.slice(1)]);
  expect(await keys("/v1.42/system/df")).toEqual(all);
  expect(await keys("/v1.42/system/df?type=image")).toEqual(["Images", "LayersSize"]);
  expect(await keys("/v1.42/system/df?type=volume&type=build-cache&type=volume")).toEqual([
    "BuildCache",
    "Volumes",
  ]);
  const { status, body } = await engine.api("GET", "/v1.42/system/df?type=colour");
  expect([status, JSON.parse(body)]).toEqual([400, { message: "unknown object type: colour" }]);
});

test("system prune of the stock client prunes everything there is", async () => {
  const id = await ok("run", "-d", "-v", "/data", image, "true");
  await ok("wait", id);
  const text = await ok("system", "prune", "-f", "--volumes", "--filter", "label!=kept");
  expect(text).toContain(`Deleted Containers:\n${id}\n`);
  expect(text).toContain("Deleted Volumes:\n");
  expect(text).toContain("Total reclaimed space: ");
  expect(await ok("builder", "prune", "-af")).toContain("0B");
});

test.if(engine.kind === "sampan")("sums, from 1.52 on", async () => {
  const id = await ok("run", "-d", image, "sh", "-c", "head -c 3000 /dev/zero > /own");
  await ok("wait", id);
  const [shown] = (await df("/v1.51/system/df")).Images ?? [];
  const sums = (await df("/v1.52/system/df?verbose=1")) as Record<string, unknown>;
  expect(sums).toMatchObject({
    ImageUsage: { ActiveCount: 1, TotalCount: 1, TotalSize: shown?.Size, Items: [{ Id: shown?.Id }] },
    ContainerUsage: { TotalCount: 1, TotalSize: 3000, Reclaimable: 3000, Items: [{ Id: id }] },
    VolumeUsage: {},
    BuildCacheUsage: {},
  });
  expect(sums["ContainerUsage"]).not.toHaveProperty("ActiveCount");
  expect(sums).not.toHaveProperty("Images");
  const both = (await df("/v1.55/system/df")) as Record<string, unknown>;
  expect(both).toHaveProperty("Images");
  expect(both["ImageUsage"]).not.toHaveProperty("Items");
  expect(shown).not.toHaveProperty("VirtualSize");
  await ok("rm", id);
});
