// Limits, seen in the cgroup files of the host and by the program itself.
import { describe, expect, test } from "bun:test";
import { cgroupValue, isV2 } from "../harness/cgroup-eyes.ts";
import { engineForTests } from "../harness/for-tests.ts";
import { testImage as image } from "../harness/images.ts";

const engine = await engineForTests();

/** Starts a container that sleeps, gives its first process to `look`, and removes it. */
async function inspected<T>(
  flags: readonly string[],
  look: (pid: number, id: string) => T | Promise<T>,
): Promise<T> {
  const id = await engine.ok("run", "-d", ...flags, image, "sleep", "1000");
  try {
    return await look(Number(await engine.ok("inspect", "--format", "{{.State.Pid}}", id)), id);
  } finally {
    await engine.ok("rm", "-f", id);
  }
}

const memoryLimit = (pid: number): string =>
  cgroupValue(pid, ["memory", "memory.limit_in_bytes"], "memory.max");
const shell = (script: string, ...flags: string[]) =>
  engine.ok("run", "--rm", ...flags, image, "sh", "-c", script);

describe("memory", () => {
  test("-m is the limit", async () => {
    expect(await inspected(["-m", "64m"], memoryLimit)).toBe(String(64 * 1024 * 1024));
  });

  test("--memory-reservation is the soft limit", async () => {
    const read = (pid: number): string =>
      cgroupValue(pid, ["memory", "memory.soft_limit_in_bytes"], "memory.low");
    expect(await inspected(["-m", "64m", "--memory-reservation", "32m"], read)).toBe(
      String(32 * 1024 * 1024),
    );
  });

  test("a program that takes too much is killed: 137 and OOMKilled", async () => {
    const id = await engine.ok(
      "run",
      "-d",
      "-m",
      "16m",
      image,
      "sh",
      "-c",
      "x=0123456789abcdef; while :; do x=$x$x; done",
    );
    expect(await engine.ok("wait", id)).toBe("137");
    expect(await engine.ok("inspect", "--format", "{{.State.OOMKilled}}", id)).toBe("true");
    await engine.ok("rm", id);
  }, 60_000);

  test("a program that ends by itself was not OOM killed", async () => {
    const id = await engine.ok("run", "-d", "-m", "16m", image, "true");
    await engine.ok("wait", id);
    expect(await engine.ok("inspect", "--format", "{{.State.OOMKilled}}", id)).toBe("false");
    await engine.ok("rm", id);
  });

  test("update changes the limit of a running container", async () => {
    const after = await inspected(["-m", "64m"], async (pid, id) => {
      await engine.ok("update", "-m", "96m", "--memory-swap", "96m", id);
      return memoryLimit(pid);
    });
    expect(after).toBe(String(96 * 1024 * 1024));
  });
});

describe("cpu", () => {
  test("--cpus is a quota of 100 ms periods", async () => {
    const quota = (pid: number): string =>
      isV2
        ? cgroupValue(pid, ["cpu", ""], "cpu.max")
        : `${cgroupValue(pid, ["cpu", "cpu.cfs_quota_us"], "")} ${cgroupValue(pid, ["cpu", "cpu.cfs_period_us"], "")}`;
    expect(await inspected(["--cpus", "0.5"], quota)).toBe("50000 100000");
  });

  test("--cpu-shares is the weight", async () => {
    const weight = await inspected(["--cpu-shares", "512"], (pid) =>
      cgroupValue(pid, ["cpu", "cpu.shares"], "cpu.weight"),
    );
    // cgroup v2 weighs 1..10000 for shares of 2..262144; the runtimes have used two curves for it.
    expect(isV2 ? ["20", "59"] : ["512"]).toContain(weight);
  });

  test("--cpuset-cpus binds to a cpu", async () => {
    expect(await shell("grep Cpus_allowed_list /proc/self/status", "--cpuset-cpus", "0")).toBe(
      "Cpus_allowed_list:\t0",
    );
  });
});

describe("processes and files", () => {
  test("--pids-limit is the most processes", async () => {
    expect(
      await inspected(["--pids-limit", "17"], (pid) => cgroupValue(pid, ["pids", "pids.max"], "pids.max")),
    ).toBe("17");
  });

  test("--ulimit sets soft and hard", async () => {
    expect(await shell("ulimit -Sn; ulimit -Hn", "--ulimit", "nofile=123:456")).toBe("123\n456");
  });

  test("--sysctl sets the container's own", async () => {
    expect(
      await shell(
        "cat /proc/sys/net/ipv4/ip_local_port_range",
        "--sysctl",
        "net.ipv4.ip_local_port_range=20000 21000",
      ),
    ).toBe("20000\t21000");
  });

  test("--shm-size is the size of /dev/shm, 64 MB by default", async () => {
    expect(await shell("df -k /dev/shm | awk 'NR==2{print $2}'", "--shm-size", "32m")).toBe("32768");
    expect(await shell("df -k /dev/shm | awk 'NR==2{print $2}'")).toBe("65536");
  });

  test("--oom-score-adj reaches the program", async () => {
    expect(await shell("cat /proc/self/oom_score_adj", "--oom-score-adj", "321")).toBe("321");
  });

  test("--device gives the device with its number", async () => {
    expect(
      await shell(
        "ls -l /dev/myzero | awk '{print $1,$5,$6}'; head -c 3 /dev/myzero | wc -c",
        "--device",
        "/dev/zero:/dev/myzero",
      ),
    ).toMatch(/^crw.* 1, 5\n3$/);
  });

  test("a device that was not given cannot be read", async () => {
    expect(await shell("mknod /x b 8 0 && cat /x 2>&1; true")).toContain("Operation not permitted");
  });

  test("the default devices are there", async () => {
    for (const device of ["null", "zero", "full", "random", "urandom", "tty"])
      expect(await shell(`test -c /dev/${device} && echo yes`)).toBe("yes");
  });
});
