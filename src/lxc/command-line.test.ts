import { expect, test } from "bun:test";
import { needed, runtimeCall } from "./command-line.ts";

test("runtimeCall: as the driver writes it", () => {
  const text = "--root /r --log /l run --detach --bundle /b --pid-file /p web";
  const call = runtimeCall(text.split(" "));
  expect(call).toEqual({
    verb: "run",
    root: "/r",
    logFile: "/l",
    options: { bundle: "/b", "pid-file": "/p" },
    flags: new Set(["detach"]),
    words: ["web"],
  });
  expect(needed(call, "bundle")).toBe("/b");
  expect(() => needed(call, "process")).toThrow("run needs --process");
});

test("runtimeCall: what the verb takes comes behind the id", () => {
  const call = runtimeCall("--root /r kill --all web 9".split(" "));
  expect(call.words).toEqual(["web", "9"]);
  expect(call.flags).toEqual(new Set(["all"]));
});

test("runtimeCall: neither without a root nor without an id", () => {
  expect(() => runtimeCall(["--root", "/r", "delete"])).toThrow("usage");
  expect(() => runtimeCall(["delete", "web"])).toThrow("usage");
});
