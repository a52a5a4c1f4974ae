import { expect, test } from "bun:test";
import { checkDriverOptions, mountArguments } from "./driver-options.ts";

test.each([
  [{ colour: "red" }, 'create v: invalid option: "colour"'],
  [{ type: "tmpfs" }, 'create v: missing required option: "device"'],
  [{ device: "/srv" }, 'create v: missing required option: "type"'],
  [{ o: "bind" }, 'create v: missing required option: "device"'],
  [{ size: "1g" }, "create v: quota size requested but no quota support"],
])("checkDriverOptions: %p is refused", (options, message) => {
  expect(() => checkDriverOptions("v", options)).toThrow(message);
});

test("checkDriverOptions: no options, and those of a mount, are fine", () => {
  checkDriverOptions("v", {});
  checkDriverOptions("v", { type: "none", device: "/srv", o: "bind" });
});

test("mountArguments: a device cannot be taken for a flag", () => {
  expect(mountArguments({}, "/t")).toBeUndefined();
  expect(mountArguments({ type: "tmpfs", device: "tmpfs" }, "/t")).toEqual([
    "-t",
    "tmpfs",
    "--",
    "tmpfs",
    "/t",
  ]);
  expect(mountArguments({ type: "none", device: "-x", o: "bind,ro" }, "/t")).toEqual([
    "-t",
    "none",
    "-o",
    "bind,ro",
    "--",
    "-x",
    "/t",
  ]);
});
