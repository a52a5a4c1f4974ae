import { afterAll, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync, statSync } from "node:fs";
import { createNetns, insideNetns, removeNetns } from "../../src/sys/namespace.ts";
import { look, lookJson } from "./other-eyes.ts";

const folder = mkdtempSync("/tmp/sampan-sys-netns-");
afterAll(() => {
  for (const name of readdirSync(folder)) removeNetns(`${folder}/${name}`);
  rmSync(folder, { recursive: true });
});

const home = () => readlinkSync("/proc/thread-self/ns/net");
const openFiles = () => readdirSync("/proc/self/fd").length;

test("createNetns: nsenter finds a fresh namespace with loopback only; this thread stays at home", () => {
  const [before, filesBefore] = [home(), openFiles()];
  const path = `${folder}/one`;
  createNetns(path);
  expect([home(), openFiles()]).toEqual([before, filesBefore]);
  const links = lookJson("nsenter", `--net=${path}`, "ip", "-j", "link") as { ifname: string }[];
  expect(links.map(({ ifname }) => ifname)).not.toContain("eth0");
  expect(links.map(({ ifname }) => ifname)).toContain("lo");
  expect(look("findmnt", "-rno", "FSTYPE", "-M", path).trim()).toBe("nsfs");
  expect(look("nsenter", `--net=${path}`, "readlink", "/proc/self/ns/net").trim()).not.toBe(before);
  removeNetns(path);
  expect(existsSync(path)).toBe(false);
  removeNetns(path);
});

test("createNetns: a name that is taken is refused and left as it is", () => {
  const path = `${folder}/taken`;
  createNetns(path);
  const inode = statSync(path).ino;
  expect(() => createNetns(path)).toThrow(`open ${path}: file already exists (EEXIST)`);
  expect(statSync(path).ino).toBe(inode);
});

test("createNetns: a folder that is not there leaves nothing", () => {
  expect(() => createNetns(`${folder}/none/x`)).toThrow("ENOENT");
});

test("insideNetns: the work sees the other namespace, and an error in it brings this thread home too", () => {
  const path = `${folder}/inside`;
  createNetns(path);
  const [before, filesBefore] = [home(), openFiles()];
  const inside = insideNetns(path, home);
  expect(inside).toBe(`net:[${statSync(path).ino}]`);
  expect(inside).not.toBe(before);
  expect(() =>
    insideNetns(path, () => {
      throw new Error("work failed");
    }),
  ).toThrow("work failed");
  expect([home(), openFiles()]).toEqual([before, filesBefore]);
});

test("insideNetns: a file that is no namespace is an error with its path", () => {
  expect(() => insideNetns("/dev/null", home)).toThrow("setns /dev/null: invalid argument (EINVAL)");
  expect(() => insideNetns(`${folder}/none`, home)).toThrow("ENOENT");
});

test("removeNetns: a process inside keeps the namespace, not the name", () => {
  const path = `${folder}/held`;
  createNetns(path);
  const child = Bun.spawn(["nsenter", `--net=${path}`, "sleep", "60"]);
  try {
    const own = home();
    for (let i = 0; i < 200 && readlinkSync(`/proc/${child.pid}/ns/net`) === own; i++) Bun.sleepSync(5);
    removeNetns(path);
    expect(existsSync(path)).toBe(false);
    expect(child.exitCode).toBeNull();
  } finally {
    child.kill(9);
  }
});

test("netns files: a hundred made and removed leave no file, mount or descriptor", () => {
  const filesBefore = openFiles();
  for (let i = 0; i < 100; i++) createNetns(`${folder}/many-${i}`);
  for (let i = 0; i < 100; i++) removeNetns(`${folder}/many-${i}`);
  expect(openFiles()).toBe(filesBefore);
  expect(look("findmnt", "-rno", "TARGET")).not.toContain(`${folder}/many-`);
});
