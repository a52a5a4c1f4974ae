// On a machine with systemd, before its reboot: what `sampan install` gives, and what the unit's stops and starts do to
// containers. The tests go on from each other; the last leaves behind what rebooted.test.ts looks for.
import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { eventually, output, run } from "../../harness/command.ts";
import { sampanExecutable } from "../../harness/executable.ts";
import { docker, isActive, isAlive, mainPid, pidOf, socket } from "./installed-machine.ts";

const countForever = "i=0; while true; do echo $i; i=$((i+1)); sleep 0.2; done";

test("install takes the place of a daemon that was started by hand; its containers go on", async () => {
  const byHand = Bun.spawn([sampanExecutable(), "daemon", "--rcli=off"], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  await eventually(
    () => existsSync(socket),
    () => "the daemon's socket",
    20_000,
  );
  await docker("run", "-d", "--name", "elder", "host/busybox", "sleep", "100000");
  const pid = await pidOf("elder");

  const said = await output([sampanExecutable(), "install"]);
  expect(said).toContain("installed /usr/local/bin/sampan");
  expect(said).toContain("the engine runs");
  // No wait: the unit is up when the daemon serves.
  expect(await docker("ps", "--format", "{{.Names}}")).toBe("elder");
  await byHand.exited;
  expect(await mainPid()).not.toBe(byHand.pid);
  expect(readFileSync(`/proc/${await mainPid()}/cmdline`, "utf8")).toContain("/usr/local/bin/sampan");
  expect(await pidOf("elder")).toBe(pid);
  expect(isAlive(pid)).toBe(true);
  expect(await output(["systemctl", "is-enabled", "sampan"])).toBe("enabled");
  const monitor = readFileSync("/run/sampan/monitor.pid", "utf8").trim();
  expect(readFileSync(`/proc/${monitor}/cgroup`, "utf8")).toContain("/sampan.service");
});

test("the docker client runs a container of host/busybox, confined as anywhere", async () => {
  expect(await docker("run", "--rm", "host/busybox", "echo", "hello")).toBe("hello");
  // Nothing of the service's own environment or rank comes through.
  const seen = await docker(
    "run",
    "--rm",
    "host/busybox",
    "sh",
    "-c",
    "cat /proc/self/oom_score_adj; env; ls /run",
  );
  expect(seen.split("\n")[0]).toBe("0");
  expect(seen).not.toContain("NOTIFY_SOCKET");
  expect(seen).not.toContain("notify");
  const monitor = readFileSync("/run/sampan/monitor.pid", "utf8").trim();
  expect(readFileSync(`/proc/${monitor}/environ`, "utf8")).not.toContain("NOTIFY_SOCKET");
});

test("limits hold beside systemd's own cgroups, also after it has read its units again", async () => {
  await output(["systemctl", "daemon-reload"]);
  await output(["systemctl", "start", "systemd-tmpfiles-clean.service"]);
  const limits = ["--memory", "64m", "--cpus", "0.5", "--pids-limit", "50", "--cpuset-cpus", "0"];
  const files = ["memory.max", "cpu.max", "pids.max", "cpuset.cpus"].map((name) => `/sys/fs/cgroup/${name}`);
  expect(await docker("run", "--rm", ...limits, "host/busybox", "cat", ...files)).toBe(
    "67108864\n50000 100000\n50\n0",
  );
});

test("a restart, a kill and a stop of the unit leave containers and their output alone", async () => {
  await docker("run", "-d", "--name", "counting", "host/busybox", "sh", "-c", countForever);
  const pid = await pidOf("counting");
  const daemon = await mainPid();
  await output(["systemctl", "restart", "sampan"]);
  expect(await mainPid()).not.toBe(daemon);
  expect(await pidOf("counting")).toBe(pid);

  process.kill(await mainPid(), "SIGKILL");
  const killed = Date.now();
  await eventually(
    async () => (await run(["docker", "-H", `unix://${socket}`, "ps"])).exitCode === 0,
    () => `a new daemon, ${Date.now() - killed} ms after the kill`,
    20_000,
  );
  expect(await pidOf("counting")).toBe(pid);

  await output(["systemctl", "stop", "sampan"]);
  expect(await isActive()).toBe("inactive");
  expect(isAlive(pid)).toBe(true);
  await Bun.sleep(1000);
  await output(["systemctl", "start", "sampan"]);
  expect(await pidOf("counting")).toBe(pid);
  const numbers = (await docker("logs", "counting")).split("\n").map(Number);
  expect(numbers).toEqual(numbers.map((_, index) => index));
  expect(numbers.length).toBeGreaterThan(5);
  expect(await docker("exec", "counting", "echo", "in")).toBe("in");
  await docker("rm", "-f", "counting");
});

test("install over an installation puts the new executable in place, and containers go on", async () => {
  const [daemon, pid] = [await mainPid(), await pidOf("elder")];
  await output([sampanExecutable(), "install"]);
  expect(await mainPid()).not.toBe(daemon);
  expect(await pidOf("elder")).toBe(pid);
  await docker("rm", "-f", "elder");
});

test("before the reboot: containers with policies and without", async () => {
  const policies = {
    always: "always",
    "unless-stopped": "unless-stopped",
    failing: "on-failure",
    plain: "no",
  };
  const sleeper = 'trap "echo told; exit 7" TERM; echo up; while true; do sleep 0.1; done';
  for (const [name, policy] of Object.entries(policies))
    await docker("run", "-d", "--name", name, "--restart", policy, "host/busybox", "sh", "-c", sleeper);
  await docker(
    "run",
    "-d",
    "--name",
    "stopped",
    "--restart",
    "unless-stopped",
    "host/busybox",
    "sleep",
    "1000",
  );
  await docker("stop", "-t", "0", "stopped");
  // Deaf to its stop signal: the reboot goes on after its time.
  await docker("run", "-d", "--name", "deaf", "--stop-timeout", "1", "host/busybox", "sleep", "1000");
  const up = (await docker("ps", "--format", "{{.Names}}")).split("\n");
  expect(up.toSorted()).toEqual(["always", "deaf", "failing", "plain", "unless-stopped"]);
});
