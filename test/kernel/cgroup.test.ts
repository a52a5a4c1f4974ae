// Reading and clearing away cgroups of real containers.
import { afterAll, describe, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cgroupFacts, cgroupFolders, controllerFolder } from "../../src/runtime/cgroup.ts";
import {
  joinOwnCgroups,
  oomKills,
  processesOf,
  removeLeftovers,
} from "../../src/runtime/cgroup-processes.ts";
import { statsOf } from "../../src/runtime/cgroup-stats.ts";
import { cgroupWarmer } from "../../src/runtime/cgroup-warm-up.ts";
import { isV2 } from "../harness/cgroup-eyes.ts";
import { eventually, slowness } from "../harness/command.ts";
import { cgroup, openBench, openDrivers } from "./bare-container.ts";

const found = openDrivers();
afterAll(() => found[Symbol.dispose]());
const [driver] = found.drivers;
if (!driver) throw new Error("no driver was found");
const bench = openBench(driver);
afterAll(() => bench[Symbol.dispose]());

test("cgroupFacts: names hierarchies that are there, with the limits that every kernel of ours has", () => {
  const { limits, mounts, layout } = cgroupFacts();
  for (const mount of Object.values(mounts)) expect(existsSync(`${mount}/cgroup.procs`)).toBe(true);
  expect(limits).toMatchObject({ memory: true, pids: true, cpuShares: true, cpuQuota: true, cpuset: true });
  expect(limits.cpus).toMatch(/^0/);
  expect(layout === "v2").toBe(existsSync("/sys/fs/cgroup/cgroup.controllers"));
});

test("oomKills: counts what the kernel killed for lack of memory, 0 for a good end and for a group that is gone", async () => {
  const hog = await bench.start({
    body: {
      Cmd: ["sh", "-c", "tail /dev/zero; exit 3"],
      HostConfig: { Memory: 16 * 2 ** 20, MemorySwap: 16 * 2 ** 20 },
    },
  });
  expect((await hog.ended()).exitCode).toBe(3);
  expect(oomKills(cgroup, hog.cgroupsPath)).toBeGreaterThan(0);
  await hog.tell(driver.delete(hog.id));
  expect(oomKills(cgroup, hog.cgroupsPath)).toBe(0);

  const good = await bench.start({ body: { Cmd: ["true"] } });
  await good.ended();
  expect(oomKills(cgroup, good.cgroupsPath)).toBe(0);
  await good.tell(driver.delete(good.id));
});

test("joinOwnCgroups: takes a process out of a group of its own into ours", () => {
  const path = `/sampan-test-${process.pid}`;
  const child = Bun.spawn(["sleep", "60"]);
  const groups = (pid: number | "self"): string => readFileSync(`/proc/${pid}/cgroup`, "utf8");
  for (const folder of cgroupFolders(cgroup, path)) {
    mkdirSync(folder);
    // A new cpuset has no processors (v1), and takes no process until it has.
    for (const name of ["cpuset.cpus", "cpuset.mems"])
      if (!isV2 && existsSync(`${folder}/${name}`))
        writeFileSync(`${folder}/${name}`, readFileSync(`${folder}/../${name}`));
    writeFileSync(`${folder}/cgroup.procs`, String(child.pid));
  }
  try {
    expect(groups(child.pid)).toContain(path);
    joinOwnCgroups(cgroup, child.pid);
    expect(groups(child.pid)).toBe(groups("self"));
  } finally {
    child.kill("SIGKILL");
    for (const folder of cgroupFolders(cgroup, path)) rmdirSync(folder);
  }
});

test("processesOf and statsOf: what runs, and what it used", async () => {
  const container = await bench.start({
    body: {
      Cmd: ["sh", "-c", "sleep 60 & while :; do :; done"],
      HostConfig: { Memory: 64 * 2 ** 20, PidsLimit: 20 },
    },
  });
  await Bun.sleep(150);
  const pids = processesOf(cgroup, container.cgroupsPath);
  expect(pids).toContain(container.pid);
  const programs = pids.map((pid) => readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0")[0]);
  expect(new Set(programs)).toEqual(new Set(["sh", "sleep"]));

  const before = statsOf(cgroup, container.cgroupsPath);
  const from = performance.now();
  const usedNs = () => statsOf(cgroup, container.cgroupsPath).cpu.totalNs - before.cpu.totalNs;
  await eventually(
    () => usedNs() > 20e6,
    () => "20 ms of a processor's time",
  );
  // One loop has one processor at most; the kernel counts in ticks.
  expect(usedNs()).toBeLessThan((performance.now() - from) * 1e6 + 20e6);
  expect(before.pids).toEqual({ current: 2, limit: 20 });
  expect(before.memory.usageBytes).toBeGreaterThan(0);
  expect(before.memory.limitBytes).toBe(64 * 2 ** 20);
  await container.tell(driver.delete(container.id));
  await container.ended();
  expect(statsOf(cgroup, container.cgroupsPath)).toMatchObject({
    pids: { current: 0 },
    memory: { usageBytes: 0 },
  });
});

describe("removeLeftovers", () => {
  const parent = `/sampan-test-leftovers-${process.pid}`;
  afterAll(() => {
    removeLeftovers(cgroup, parent, new Set());
    for (const folder of cgroupFolders(cgroup, parent)) if (existsSync(folder)) rmdirSync(folder);
  });

  test("kills and removes groups of nobody, with all below them, and leaves the others alone", async () => {
    const folders = cgroupFolders(cgroup, parent);
    for (const folder of folders) mkdirSync(`${folder}/dead/below`, { recursive: true });
    for (const folder of folders) mkdirSync(`${folder}/alive`, { recursive: true });
    const sleeper = Bun.spawn(["sleep", "60"]);
    const place = controllerFolder(cgroup, "pids", `${parent}/dead/below`);
    writeFileSync(`${place}/cgroup.procs`, String(sleeper.pid));
    expect([...removeLeftovers(cgroup, parent, new Set(["alive"]))].sort()).toEqual(
      folders.map((folder) => `${folder}/dead`).sort(),
    );
    expect(await sleeper.exited).toBe(137);
    for (const folder of folders)
      expect([existsSync(`${folder}/dead`), existsSync(`${folder}/alive`)]).toEqual([false, true]);
  });

  test("a frozen group goes too", async () => {
    for (const folder of cgroupFolders(cgroup, parent)) mkdirSync(`${folder}/frozen`, { recursive: true });
    const sleeper = Bun.spawn(["sleep", "60"]);
    const controller = cgroup.version === 1 ? "freezer" : "memory";
    const place = controllerFolder(cgroup, controller, `${parent}/frozen`);
    writeFileSync(`${place}/cgroup.procs`, String(sleeper.pid));
    if (cgroup.version === 1) writeFileSync(`${place}/freezer.state`, "FROZEN");
    else writeFileSync(`${place}/cgroup.freeze`, "1");
    removeLeftovers(cgroup, parent, new Set(["alive"]));
    expect(existsSync(place ?? "")).toBe(false);
    expect(await sleeper.exited).toBe(137);
  });

  test("a parent that was never made has no leftovers", () => {
    expect(removeLeftovers(cgroup, "/sampan-test-never-made", new Set())).toEqual([]);
  });
});

test("cgroupWarmer: leaves this process where it is", async () => {
  const where = (): string => readFileSync("/proc/self/cgroup", "utf8");
  const before = where();
  const { warmUp, keepWarm } = cgroupWarmer(cgroup);
  warmUp();
  keepWarm();
  warmUp();
  await Bun.sleep(100);
  expect(where()).toBe(before);
});

test("cgroupWarmer: goes along when this process is put elsewhere", async () => {
  const lineOf = (): string[] =>
    readFileSync("/proc/self/cgroup", "utf8")
      .split("\n")
      .map((line) => line.split(":"))
      .find(([, names = ""]) =>
        names === "" ? cgroup.version === 2 : cgroup.mounts[names.split(",")[0] ?? ""],
      ) ?? [];
  const [, names = "", path = ""] = lineOf();
  const mount =
    (names === "" ? Object.values(cgroup.mounts)[0] : cgroup.mounts[names.split(",")[0] ?? ""]) ?? "";
  const [home, other] = [join(mount, path), join(mount, path, "sampan-test-elsewhere")];
  mkdirSync(other);
  try {
    cgroupWarmer(cgroup).warmUp();
    await Bun.sleep(20);
    writeFileSync(join(other, "cgroup.procs"), "0");
    await Bun.sleep(50);
    expect(lineOf()[2]).toEndWith("/sampan-test-elsewhere");
  } finally {
    writeFileSync(join(home, "cgroup.procs"), "0");
    rmdirSync(other);
  }
});

test("cgroupWarmer: takes the lock again and again for a second, and then no more", async () => {
  const mount = mkdtempSync(join(tmpdir(), "sampan-cgroup-"));
  const own = /^0::(.*)$/m.exec(readFileSync("/proc/self/cgroup", "utf8"))?.[1] ?? "/";
  mkdirSync(join(mount, own), { recursive: true });
  const procs = join(mount, own, "cgroup.procs");
  const lastTaken = (): number => statSync(procs).mtimeMs;
  const { warmUp, keepWarm } = cgroupWarmer({ ...cgroup, version: 2, mounts: { cgroup: mount } });
  keepWarm();
  await Bun.sleep(50);
  expect(existsSync(procs)).toBe(false); // no start is coming
  warmUp();
  const from = Date.now();
  await eventually(
    () => existsSync(procs) && lastTaken() > from + 500,
    () => "the lock to be taken after half a second",
  );
  expect(readFileSync(procs, "utf8")).toBe("0");
  let seen = 0;
  await eventually(
    async () => {
      seen = lastTaken();
      await Bun.sleep(500);
      return lastTaken() === seen;
    },
    () => "an end of it",
  );
  keepWarm();
  await Bun.sleep(50);
  expect(lastTaken()).toBe(seen);
  expect(seen).toBeLessThan(from + 5000 * slowness);
  rmSync(mount, { recursive: true });
});
