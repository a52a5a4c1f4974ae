// A daemon.json as people have it for dockerd: what containers get by it that ask for nothing else.
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startDaemon, type Daemon } from "../harness/daemon.ts";
import { loadTestImage, testImage as image } from "../harness/images.ts";

const folder = mkdtempSync(join(tmpdir(), "sampan-defaults-"));
const file = join(folder, "daemon.json");
let daemon: Daemon;

beforeAll(async () => {
  const settings = {
    "log-driver": "local",
    "log-opts": { "max-size": "5m" },
    "default-ulimits": {
      nofile: { Name: "nofile", Soft: 500, Hard: 600 },
      core: { Name: "core", Soft: 0, Hard: 0 },
    },
    "default-shm-size": "16M",
    init: true,
    "no-new-privileges": true,
    "storage-driver": "overlay2",
    "live-restore": true,
    "exec-opts": ["native.cgroupdriver=systemd"],
    "userland-proxy": false,
    "max-concurrent-downloads": 3,
    labels: ["place=harbour"],
  };
  writeFileSync(file, JSON.stringify(settings));
  daemon = await startDaemon({ flags: ["--config-file", file] });
  await loadTestImage(daemon);
}, 60_000);
afterAll(async () => {
  await daemon.stop();
  rmSync(folder, { recursive: true });
}, 60_000);

const limits =
  'grep -E "open files|core file" /proc/self/limits | tr -s " "; grep NoNewPrivs /proc/self/status';
const shm = 'df -k /dev/shm | tail -1 | tr -s " " | cut -d" " -f2';
const first = "tr '\\0' ' ' < /proc/1/cmdline | cut -d' ' -f1";

test("limits, /dev/shm, an init and no new privileges, for a container's programs and for execs", async () => {
  const { ok } = daemon;
  const expected = ["Max core file size 0 0 bytes", "Max open files 500 600 files", "NoNewPrivs:\t1"];
  const id = await ok("run", "-d", image, "sleep", "1000");
  for (const command of [
    ["run", "--rm", image],
    ["exec", id],
  ]) {
    const seen = await ok(...command, "sh", "-c", `${limits}; ${shm}; ${first}`);
    const lines = seen.split("\n").map((line) => line.trim());
    expect(lines.slice(0, 4)).toEqual([...expected, "16384"]);
    expect(lines[4]).toMatch(/init$/);
  }
  const inspected = JSON.parse(await ok("inspect", "--format", "{{json .HostConfig}}", id)) as object;
  expect(inspected).toMatchObject({
    ShmSize: 16 << 20,
    LogConfig: { Type: "local", Config: { "max-size": "5m" } },
    // As with dockerd: what was asked for, which was nothing.
    Ulimits: [],
    SecurityOpt: null,
  });
  expect(inspected).not.toHaveProperty("Init", true);
});

test("what a container asks for counts more", async () => {
  const { ok } = daemon;
  const asked = [
    ["--ulimit", "nofile=50:60", "--shm-size", "4m", "--init=false"],
    ["--security-opt", "no-new-privileges=false", "--log-driver", "json-file"],
  ].flat();
  const seen = await ok("run", "--rm", ...asked, image, "sh", "-c", `${limits}; ${shm}; ${first}`);
  const lines = seen.split("\n").map((line) => line.trim());
  expect(lines).toEqual([
    "Max core file size 0 0 bytes",
    "Max open files 50 60 files",
    "NoNewPrivs:\t0",
    "4096",
    "sh",
  ]);
  const id = await ok("create", ...asked, image, "true");
  expect(await ok("inspect", "--format", "{{json .HostConfig.LogConfig}}", id)).toBe(
    '{"Type":"json-file","Config":{}}',
  );
  await ok("rm", id);
});

test("logs of the driver local are read, info tells the driver, the log what is not followed", async () => {
  const { ok, docker } = daemon;
  const id = await ok("run", "-d", image, "echo", "ahoy");
  await ok("wait", id);
  expect(await ok("logs", id)).toBe("ahoy");
  const silent = await ok("run", "-d", "--log-driver", "none", image, "echo", "ahoy");
  expect((await docker("logs", silent)).stderr).toContain("does not support reading");
  expect(await ok("info", "--format", "{{.LoggingDriver}} {{.Plugins.Log}} {{.Labels}}")).toBe(
    "local [json-file local none] [place=harbour]",
  );
  expect(daemon.log()).toContain("exec-opts [");
  expect(daemon.log()).toContain("is not followed: cgroups are made without systemd");
  expect(daemon.log()).not.toContain("live-restore");
});
