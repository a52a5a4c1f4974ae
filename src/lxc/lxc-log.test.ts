import { expect, test } from "bun:test";
import { firstError } from "./lxc-log.ts";

test("firstError: the cause, not what followed from it", () => {
  const log = `lxc-start web 20261125024859.343 INFO     conf - ../src/lxc/conf.c:mount_autodev:1227 - Preparing "/dev"
lxc-start web 20261125024859.343 ERROR    conf - ../src/lxc/conf.c:mount_autodev:1278 - Failed to create directory "dev/pts"
lxc-start web 20261125024859.358 ERROR    lxc_start - ../src/lxc/tools/lxc_start.c:main:306 - The container failed to start
`;
  expect(firstError(log)).toBe('Failed to create directory "dev/pts"');
  expect(firstError("")).toBe("");
});
