import { expect, test } from "bun:test";
import { cgroupFacts, cgroupFolders, cgroupsPathOf, controllerFolder } from "./cgroup.ts";
import { hardLimits } from "./hard-limits.ts";

const hybrid = `31 23 0:28 / /nowhere/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
32 31 0:29 / /nowhere/cgroup/cpu,cpuacct rw,relatime shared:7 - cgroup cgroup rw,cpu,cpuacct
35 31 0:32 / /nowhere/cgroup/memory rw,relatime - cgroup cgroup rw,memory
40 31 0:37 / /nowhere/cgroup/systemd rw,relatime - cgroup cgroup rw,xattr,name=systemd
41 31 0:38 / /nowhere/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
50 31 0:32 / /other/memory rw,relatime - cgroup cgroup rw,memory
`;

test("cgroupFacts: v1 beside a cgroup2 is hybrid, and the first mount of a controller counts", () => {
  const facts = cgroupFacts(hybrid);
  expect(facts).toMatchObject({ layout: "hybrid", version: 1, unified: "/nowhere/cgroup/unified" });
  expect(facts.mounts).toEqual({
    cpu: "/nowhere/cgroup/cpu,cpuacct",
    cpuacct: "/nowhere/cgroup/cpu,cpuacct",
    memory: "/nowhere/cgroup/memory",
    "name=systemd": "/nowhere/cgroup/systemd",
  });
  expect(cgroupFolders(facts, "/sampan/x")).toEqual([
    "/nowhere/cgroup/cpu,cpuacct/sampan/x",
    "/nowhere/cgroup/memory/sampan/x",
    "/nowhere/cgroup/systemd/sampan/x",
    "/nowhere/cgroup/unified/sampan/x",
  ]);
  expect(controllerFolder(facts, "memory", "/sampan/x")).toBe("/nowhere/cgroup/memory/sampan/x");
  expect(controllerFolder(facts, "pids", "/sampan/x")).toBeUndefined();
});

test("cgroupFacts: without the cgroup2 it is plain v1", () => {
  const v1 = hybrid.split("\n").filter((line) => !line.includes("cgroup2"));
  expect(cgroupFacts(v1.join("\n")).layout).toBe("v1");
});

test("cgroupFacts: what is not there limits nothing", () => {
  expect(cgroupFacts(hybrid).limits).toMatchObject({ memory: false, pids: false, cpuset: false, cpus: "" });
  expect(cgroupFacts("").layout).toBe("v2");
});

test.each([
  ["/sampan", "", "/sampan/x"],
  ["/sampan", "/mine", "/mine/x"],
  ["/sampan", "mine/deep/", "/mine/deep/x"],
])("cgroupsPathOf: below %s, asked for %p: %s", (parent, asked, path) => {
  expect(cgroupsPathOf(parent, asked, "x")).toBe(path);
});

test("hardLimits: numbers by ulimit name, none for what is unlimited", () => {
  const text = `Limit                     Soft Limit           Hard Limit           Units
Max cpu time              unlimited            unlimited            seconds
Max open files            1024                 20000                files
Max processes             96365                96365                processes
`;
  expect(hardLimits(text)).toEqual({ nofile: 20000, nproc: 96365 });
});
