import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "bun:test";
import { daemonCommand } from "./daemon-config.ts";

const folder = mkdtempSync(join(tmpdir(), "sampan-config-"));
const emptyFile = join(folder, "empty.json");
writeFileSync(emptyFile, "");
afterAll(() => rmSync(folder, { recursive: true }));

function configOf(...args: string[]) {
  const command = daemonCommand(["--config-file", emptyFile, ...args]);
  if (command.action === "help") throw new Error("not a run");
  return command.config;
}

function withFile(content: unknown, ...args: string[]) {
  const path = join(folder, "daemon.json");
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return () => daemonCommand(["--config-file", path, ...args]);
}

test("daemonCommand: the defaults stand apart from Docker's", () => {
  expect(configOf()).toMatchObject({
    root: "/var/lib/sampan",
    execRoot: "/run/sampan",
    pidFile: "/run/sampan/sampan.pid",
    hosts: ["unix:///run/sampan/sampan.sock"],
    tls: undefined,
    unauthenticatedTcp: false,
  });
});

test.each([["--data-root"], ["--root"], ["-g"]])("daemonCommand: %s names the root", (flag) => {
  expect(configOf(flag, "/x").root).toBe("/x");
});

test("daemonCommand: socket and pid file follow the run directory, several hosts are kept in order", () => {
  expect(configOf("--exec-root=/run/other")).toMatchObject({
    pidFile: "/run/other/sampan.pid",
    hosts: ["unix:///run/other/sampan.sock"],
  });
  expect(configOf("-H", "unix:///a", "-H", "tcp://127.0.0.1:1").hosts).toEqual([
    "unix:///a",
    "tcp://127.0.0.1:1",
  ]);
});

test("daemonCommand: reads daemon.json, and flags of lists replace its lists", () => {
  const command = withFile(
    {
      "data-root": "/y",
      labels: ["a=b"],
      runtimes: { mine: { path: "/bin/mine" } },
      "log-opts": { "max-size": "1m" },
    },
    "--label",
    "c=d",
  )();
  expect(command).toMatchObject({
    config: {
      root: "/y",
      labels: ["c=d"],
      runtimes: { mine: "/bin/mine" },
      logOptions: { "max-size": "1m" },
    },
  });
});

test.each([
  ["an unknown key", { colour: "red" }, [], "don't match any configuration option: colour"],
  [
    "a value given twice",
    { bridge: "br0" },
    ["-b", "br1"],
    "both as a flag and in the configuration file: bridge",
  ],
  ["no JSON", "{", [], "not JSON"],
  ["a list", [], [], "not a JSON object"],
  ["a wrong type", { labels: "a" }, [], "labels must be a list of strings"],
])("daemonCommand: refuses a file with %s", (_, content, args, message) => {
  expect(withFile(content, ...args)).toThrow(message);
});

test.each([
  [["--colour"], "Unknown option '--colour'"],
  [["-H", "ftp://x"], "unable to parse address ftp://x"],
  [["--tlsverify"], "needs --tlscacert"],
  [["--log-opt", "x"], "must be name=value"],
  [["--config-file", "/nonexistent/daemon.json"], "cannot be read"],
])("daemonCommand: refuses %p", (args, message) => {
  expect(() => daemonCommand(args)).toThrow(message);
});

test("daemonCommand: --dns takes addresses only, and what goes with it", () => {
  const command = daemonCommand([
    "--dns",
    "10.0.0.1",
    "--dns",
    "fd00::1",
    "--dns-opt",
    "ndots:2",
    "--dns-search",
    "a.example",
  ]);
  expect(command).toMatchObject({
    config: { dns: { servers: ["10.0.0.1", "fd00::1"], search: ["a.example"], options: ["ndots:2"] } },
  });
  expect(() => daemonCommand(["--dns", "ns.example"])).toThrow(
    "IP address is not correctly formatted: ns.example",
  );
});

test("daemonCommand: the command protocol is on, on loopback, unless it is told otherwise", () => {
  expect(configOf().rcli).toEqual({ host: "127.0.0.1", port: 4242, isAskedFor: false });
  expect(configOf("--rcli=off").rcli).toBeUndefined();
  expect(configOf("--rcli", "127.0.0.1:5").rcli).toEqual({ host: "127.0.0.1", port: 5, isAskedFor: true });
  expect(() => configOf("--rcli=0.0.0.0:4242")).toThrow("loopback");
});

test("daemonCommand: flags as they were written in 2013", () => {
  expect(configOf("-g=/data", "-p=/x.pid", "-D", "-b=lxcbr0")).toMatchObject({
    root: "/data",
    pidFile: "/x.pid",
    debug: true,
    network: { bridge: "lxcbr0" },
  });
});

test("daemonCommand: the exec driver of before 2015 is a default runtime", () => {
  const runtimeOf = (...args: string[]) => {
    const command = daemonCommand([...args, "--config-file", "/dev/null"]);
    return command.action === "help" ? undefined : command.config.defaultRuntime;
  };
  expect(runtimeOf("--exec-driver", "lxc")).toBe("lxc");
  expect(runtimeOf("-e", "native")).toBeUndefined();
  expect(() => runtimeOf("-e", "vserver")).toThrow("unknown exec driver vserver");
});
