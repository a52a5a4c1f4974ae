// What a container may not do by default, and what lifts it.
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { engineForTests } from "../harness/for-tests.ts";
import { testImage as image } from "../harness/images.ts";

const engine = await engineForTests();
const shell = (script: string, ...flags: string[]) =>
  engine.ok("run", "--rm", ...flags, image, "sh", "-c", script);

/** The set that /proc/self/status shows, as hexadecimal. */
const capabilities = async (set: "CapEff" | "CapBnd", ...flags: string[]): Promise<bigint> =>
  BigInt(`0x${(await shell(`grep ${set} /proc/self/status`, ...flags)).split("\t")[1] ?? ""}`);

const bit = (number: number): bigint => 1n << BigInt(number);
const [CAP_CHOWN, CAP_NET_RAW, CAP_SYS_ADMIN, CAP_NET_ADMIN] = [bit(0), bit(13), bit(21), bit(12)];
/** On a machine that lacks some capability itself, dockerd asks for all of them and fails. */
const cannot =
  engine.kind === "dockerd" && !/CapBnd:\t0*1ffffffffff/.test(readFileSync("/proc/self/status", "utf8"));
const dockerDefault = 0xa80425fbn;

describe("capabilities", () => {
  test("are Docker's fourteen by default", async () => {
    expect(await capabilities("CapEff")).toBe(dockerDefault);
    expect(await capabilities("CapBnd")).toBe(dockerDefault);
  });

  test("--cap-drop takes one away, --cap-add gives one", async () => {
    expect(await capabilities("CapEff", "--cap-drop", "CHOWN", "--cap-add", "NET_ADMIN")).toBe(
      (dockerDefault & ~CAP_CHOWN) | CAP_NET_ADMIN,
    );
  });

  test("--cap-drop ALL leaves what is added", async () => {
    expect(await capabilities("CapEff", "--cap-drop", "ALL", "--cap-add", "cap_net_raw")).toBe(CAP_NET_RAW);
  });

  test.skipIf(cannot)("--cap-add ALL and --privileged give sys_admin", async () => {
    expect((await capabilities("CapEff", "--cap-add", "ALL")) & CAP_SYS_ADMIN).toBe(CAP_SYS_ADMIN);
    expect((await capabilities("CapEff", "--privileged")) & CAP_SYS_ADMIN).toBe(CAP_SYS_ADMIN);
  });

  test("a user who is not root has none in effect", async () => {
    expect(await capabilities("CapEff", "-u", "alice")).toBe(0n);
  });

  test("an unknown capability is refused", async () => {
    const { exitCode, stderr } = await engine.docker("run", "--rm", "--cap-add", "FLY", image, "true");
    expect(exitCode).toBe(125);
    expect(stderr).toContain('unknown capability: "CAP_FLY"');
  });
});

describe("seccomp", () => {
  test.skipIf(cannot)("filters by default, not with --privileged, not when unconfined", async () => {
    expect(await shell("grep Seccomp: /proc/self/status")).toBe("Seccomp:\t2");
    expect(await shell("grep Seccomp: /proc/self/status", "--privileged")).toBe("Seccomp:\t0");
    expect(await shell("grep Seccomp: /proc/self/status", "--security-opt", "seccomp=unconfined")).toBe(
      "Seccomp:\t0",
    );
  });

  test("unshare of a user namespace is refused", async () => {
    expect(await shell("unshare -U true 2>&1; true")).toContain("Operation not permitted");
  });

  test("mount is refused even with sys_admin's file system calls at hand", async () => {
    expect(await shell("mount -t tmpfs none /tmp 2>&1; true")).toMatch(/permission denied|not permitted/i);
    expect(
      await shell(
        "mount -t tmpfs none /tmp && echo done",
        "--cap-add",
        "SYS_ADMIN",
        "--security-opt",
        "apparmor=unconfined",
      ),
    ).toBe("done");
  });
});

describe("privileges", () => {
  test("no-new-privileges is off by default and on when asked for", async () => {
    expect(await shell("grep NoNewPrivs /proc/self/status")).toBe("NoNewPrivs:\t0");
    expect(await shell("grep NoNewPrivs /proc/self/status", "--security-opt", "no-new-privileges")).toBe(
      "NoNewPrivs:\t1",
    );
  });

  test.skipIf(cannot)("--privileged sees the host's devices and may write sysfs", async () => {
    expect(Number(await shell("ls /dev | wc -l", "--privileged"))).toBeGreaterThan(
      Number(await shell("ls /dev | wc -l")),
    );
    expect(await shell("grep ' /sys sysfs' /proc/mounts | cut -d' ' -f4 | cut -c1-2", "--privileged")).toBe(
      "rw",
    );
    expect(await shell("grep ' /sys sysfs' /proc/mounts | cut -d' ' -f4 | cut -c1-2")).toBe("ro");
  });

  test("secrets of the kernel are masked", async () => {
    expect(
      await shell("cat /proc/kcore /proc/keys /proc/timer_list /proc/sched_debug 2>/dev/null | wc -c"),
    ).toBe("0");
    expect(await shell("ls /proc/acpi /sys/firmware 2>/dev/null | grep -v : | grep -c .; true")).toBe("0");
  });

  test("/proc/sys cannot be written", async () => {
    expect(
      await shell("(echo 1 > /proc/sys/kernel/panic; echo b > /proc/sysrq-trigger) 2>&1; true"),
    ).toContain("Read-only file system");
  });

  test("an unknown --security-opt is refused", async () => {
    const { exitCode, stderr } = await engine.docker(
      "run",
      "--rm",
      "--security-opt",
      "armour=thick",
      image,
      "true",
    );
    expect(exitCode).toBe(125);
    expect(stderr).toContain("invalid --security-opt");
  });
});
