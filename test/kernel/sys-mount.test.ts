import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import {
  MNT_DETACH,
  mount,
  MS_BIND,
  MS_NODEV,
  MS_NOSUID,
  MS_RDONLY,
  MS_REMOUNT,
  MS_SHARED,
  setPropagation,
  unmount,
  unmountIfMounted,
} from "../../src/sys/mount.ts";
import { lookJson } from "./other-eyes.ts";

type FindMnt = { filesystems: { target: string; fstype: string; options: string; propagation?: string }[] };

let folder = "";
beforeEach(() => {
  folder = mkdtempSync("/tmp/sampan-sys-mount-");
});
afterEach(() => {
  for (const name of readdirSync(folder)) unmountIfMounted(`${folder}/${name}`, MNT_DETACH);
  rmSync(folder, { recursive: true });
});

function mountAt(target: string) {
  return (lookJson("findmnt", "-J", "-o", "TARGET,FSTYPE,OPTIONS,PROPAGATION", "-M", target) as FindMnt)
    .filesystems[0];
}

test("mount: a tmpfs with flags and data is what findmnt sees; unmount takes it away", () => {
  const target = `${folder}/a folder`;
  mkdirSync(target);
  mount("tmpfs", target, "tmpfs", MS_NOSUID | MS_NODEV, "size=65536,mode=0711");
  const found = mountAt(target);
  expect(found?.fstype).toBe("tmpfs");
  expect(found?.options.split(",")).toEqual(
    expect.arrayContaining(["nosuid", "nodev", "size=64k", "mode=711"]),
  );
  unmount(target);
  expect(() => mountAt(target)).toThrow();
  expect(() => unmount(target)).toThrow(`umount ${target}: invalid argument (EINVAL)`);
  expect(unmountIfMounted(target)).toBe(false);
  expect(unmountIfMounted(`${target}/none`)).toBe(false);
});

test("mount: a bind mount is made read-only by a remount", () => {
  const [source, target] = [`${folder}/source`, `${folder}/target`];
  mkdirSync(source);
  mkdirSync(target);
  writeFileSync(`${source}/file`, "x");
  mount(source, target, "", MS_BIND);
  mount("", target, "", MS_BIND | MS_REMOUNT | MS_RDONLY);
  expect(readdirSync(target)).toEqual(["file"]);
  expect(mountAt(target)?.options).toStartWith("ro");
  expect(() => writeFileSync(`${target}/file`, "y")).toThrow("EROFS");
});

test("setPropagation: findmnt sees shared; a folder that is no mount point is refused", () => {
  const target = `${folder}/shared`;
  mkdirSync(target);
  expect(() => setPropagation(target, MS_SHARED)).toThrow("EINVAL");
  mount("tmpfs", target, "tmpfs", 0);
  setPropagation(target, MS_SHARED);
  expect(mountAt(target)?.propagation).toBe("shared");
});

test("mount: a file system that does not exist is ENODEV with the path", () => {
  expect(() => mount("none", folder, "nosuchfs", 0)).toThrow(`mount ${folder}: no such device (ENODEV)`);
});
