import { expect, test } from "bun:test";
import { logSpec } from "./log-options.ts";

const spec = (Config: Record<string, string>, Type = "json-file") => logSpec({ Type, Config }, "/x.log");

test("logSpec: without options one file that grows", () => {
  expect(spec({})).toEqual({ path: "/x.log", maxSizeBytes: 0, maxFiles: 1, compress: false });
});

test("logSpec: none keeps nothing", () => {
  expect(spec({}, "none")).toBeNull();
});

test.each([
  ["10m", 10 * 1024 ** 2],
  ["1.5k", 1536],
  ["2GiB", 2 * 1024 ** 3],
  ["100", 100],
  ["-1", 0],
])("logSpec: max-size %s is %d bytes", (text, bytes) => {
  expect(spec({ "max-size": text, "max-file": "1" })?.maxSizeBytes).toBe(bytes);
});

test.each([
  [{ "max-size": "ten" }, "invalid size"],
  [{ "max-size": "1m", "max-file": "0" }, "less than 1"],
  [{ "max-file": "3" }, "max-size must be set"],
])("logSpec: refuses %o", (options, message) => {
  expect(() => spec(options)).toThrow(message);
});
