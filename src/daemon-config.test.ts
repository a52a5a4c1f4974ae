import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "bun:test";
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
      defaults: { logOptions: { "max-size": "1m" } },
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

describe("daemonCommand: what containers get that ask for nothing else", () => {
  test("by the file, by flags, and by both", () => {
    const file = {
      "log-driver": "local",
      "log-opts": { "max-size": "1m" },
      "default-shm-size": "128M",
      "default-ulimits": { nofile: { Name: "nofile", Soft: 100, Hard: 200 }, core: { Soft: 0, Hard: 0 } },
      init: true,
      "no-new-privileges": true,
    };
    const defaults = {
      logDriver: "local",
      logOptions: { "max-size": "1m" },
      shmSizeBytes: 128 << 20,
      ulimits: [
        { Name: "nofile", Soft: 100, Hard: 200 },
        { Name: "core", Soft: 0, Hard: 0 },
      ],
      init: true,
      noNewPrivileges: true,
    };
    expect(withFile(file)()).toMatchObject({ config: { defaults } });
    const flags = [
      "--log-opt",
      "max-file=2",
      "--default-ulimit",
      "nofile=7",
      "--default-ulimit",
      "nproc=1:-1",
    ];
    expect(withFile(file, ...flags)()).toMatchObject({
      config: {
        defaults: {
          ...defaults,
          logOptions: { "max-size": "1m", "max-file": "2" },
          ulimits: [
            { Name: "nofile", Soft: 7, Hard: 7 },
            { Name: "core", Soft: 0, Hard: 0 },
            { Name: "nproc", Soft: 1, Hard: -1 },
          ],
        },
      },
    });
    expect(configOf("--init=false", "--no-new-privileges", "--default-shm-size=1g").defaults).toMatchObject({
      init: false,
      noNewPrivileges: true,
      shmSizeBytes: 1 << 30,
    });
  });

  test.each([
    [{ "log-driver": "journald" }, "no log driver named 'journald' is registered"],
    [{ "log-opts": { colour: "red" } }, "unknown log opt 'colour' for json-file log driver"],
    [{ "log-opts": { "max-size": "many" } }, "invalid size: 'many'"],
    [{ "log-opts": { "max-size": 5 } }, "log-opts must be an object of strings"],
    [{ "default-shm-size": "0" }, 'invalid default-shm-size: "0"'],
    [{ "default-ulimits": { files: { Soft: 1, Hard: 1 } } }, "invalid ulimit type: files"],
    [{ "default-ulimits": { nofile: { Soft: 2, Hard: 1 } } }, "less than or equal to hard limit: 2 > 1"],
    [{ "default-ulimits": { nofile: 5 } }, "default-ulimits.nofile must be an object"],
    [{ "default-ulimits": { nofile: { Name: "core", Soft: 2, Hard: 2 } } }, "must have Name, Soft and Hard"],
    [{ init: "yes" }, "init must be true or false"],
  ])("refuses %j", (file, words) => {
    expect(withFile(file)).toThrow(words);
  });
});

describe("daemonCommand: keys that dockerd has and that are no choice here", () => {
  test("what is so anyway is taken, other wishes are told", () => {
    const soAnyway = {
      "storage-driver": "overlay2",
      "live-restore": true,
      "exec-opts": ["native.cgroupdriver=cgroupfs"],
      "userland-proxy": false,
      iptables: true,
      experimental: false,
      features: {},
    };
    expect(withFile(soAnyway)()).toMatchObject({ config: { notes: [] } });
    const others = {
      "live-restore": false,
      "exec-opts": ["native.cgroupdriver=systemd"],
      features: { buildkit: true },
    };
    expect(withFile(others)()).toMatchObject({
      config: {
        notes: [
          "live-restore false is not followed: containers go on when the daemon stops",
          'exec-opts ["native.cgroupdriver=systemd"] is not followed: cgroups are made without systemd',
          'features {"buildkit":true} is not followed: none of them is known',
        ],
      },
    });
  });

  test.each([
    [{ "storage-driver": "btrfs" }, 'storage-driver "btrfs" is not followed: layers are overlayfs\'s'],
    [{ iptables: false }, "iptables false is not followed"],
    [{ "selinux-enabled": true }, "there are no SELinux labels"],
    [{ "userns-remap": "default" }, "don't match any configuration option: userns-remap"],
  ])("refuses %j: somebody would rely on it", (file, words) => {
    expect(withFile(file)).toThrow(words);
  });
});
