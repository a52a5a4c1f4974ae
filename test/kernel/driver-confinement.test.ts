// What a container may see and do, looked at from inside, with every runtime of this machine.
import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, symlinkSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { FilterCache } from "../../src/runtime/drivers/filter-cache.ts";
import type { CreateContainerBody, HostConfig } from "../../src/spec/docker.ts";
import { createNetns, removeNetns } from "../../src/sys/namespace.ts";
import { machine, openBench, openDrivers } from "./bare-container.ts";
import type { Bench, ContainerOptions } from "./bare-container.ts";
import { errnoOfCalls } from "./system-call-probe.ts";
import type { Probe } from "./system-call-probe.ts";

const found = openDrivers();
afterAll(() => found[Symbol.dispose]());

const dockersFourteen = 0xa80425fbn;
const [EPERM, ENOSYS] = [1, 38];

for (const driver of found.drivers)
  describe(driver.name, () => {
    const bench = openBench(driver);
    afterAll(() => bench[Symbol.dispose]());

    /** What a shell inside writes. */
    const inside = async (
      script: string,
      host: Partial<HostConfig> = {},
      body: CreateContainerBody = {},
      more: Omit<ContainerOptions, "body"> = {},
    ): Promise<string> => {
      const { output } = await bench.run({ ...body, HostConfig: host, Cmd: ["sh", "-c", script] }, more);
      return output.trimEnd();
    };
    const capabilities = async (host: Partial<HostConfig>, body?: CreateContainerBody): Promise<bigint> => {
      const line = await inside("grep CapEff /proc/self/status", host, body);
      return BigInt(`0x${line.split("\t")[1]}`);
    };

    test("environment: PATH, HOSTNAME, what was asked for, HOME from passwd; a bare name unsets", async () => {
      const { output } = await bench.run({
        Hostname: "boat",
        Env: ["A=b c", "PATH=/bin", "HOSTNAME"],
        Cmd: ["env"],
      });
      expect(output).toBe("PATH=/bin\nA=b c\nHOME=/root\n");
    });

    test("environment: a user that passwd does not know is at home in /", async () => {
      expect(await inside("echo $HOME $(id -u):$(id -g)", {}, { User: "4711:4712" })).toBe("/ 4711:4712");
    });

    test("user: by name, with its groups and those added", async () => {
      expect(await inside("id -u; id -G", { GroupAdd: ["video", "99"] }, { User: "web" })).toBe(
        "1000\n1001 44 99",
      );
    });

    test("capabilities: Docker's fourteen, changed by --cap-add and --cap-drop", async () => {
      expect(await capabilities({})).toBe(dockersFourteen);
      expect(await capabilities({ CapAdd: ["net_admin"], CapDrop: ["CHOWN"] })).toBe(
        (dockersFourteen & ~1n) | (1n << 12n),
      );
      expect(await capabilities({ CapDrop: ["ALL"], CapAdd: ["KILL"] })).toBe(1n << 5n);
      expect(await capabilities({}, { User: "web" })).toBe(0n);
    });

    test("privileged: every capability that the daemon holds, /proc/sys and /sys to write to, devices", async () => {
      expect(await capabilities({ Privileged: true })).toBe(machine.capabilities);
      expect(
        await inside(
          "grep Seccomp: /proc/self/status; test -w /proc/sys/kernel/domainname && echo proc; mount -t tmpfs none /mnt && echo mounted; mknod /tmp/d b 7 99; dd if=/tmp/d of=/dev/null 2>&1",
          { Privileged: true },
        ),
      ).toMatch(/^Seccomp:\t0\nproc\nmounted\n(0\+0 records in|dd: .*No such device)/);
    });

    test("paths: what tells of the host is hidden, what changes it is read-only", async () => {
      expect(await inside("ls /sys/firmware; cat /proc/keys; cat /proc/timer_list")).toBe("");
      expect(await inside("echo 1 > /proc/sys/kernel/panic")).toContain("Read-only file system");
      expect(await inside("cd /sys/fs/cgroup; test -d memory && cd memory; mkdir x")).toContain(
        "Read-only file system",
      );
    });

    test("devices: those of every container, and no other", async () => {
      expect(await inside("ls -1 /dev | tr '\\n' ' '")).toMatch(
        /^(console )?(core )?fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero$/,
      );
      expect(await inside("mknod /tmp/e b 7 99; dd if=/tmp/e count=1 of=/dev/null")).toContain(
        "Operation not permitted",
      );
      expect(
        await inside("mknod /tmp/fuse c 10 229; cat </tmp/fuse", { DeviceCgroupRules: ["c 10:229 rwm"] }),
      ).not.toContain("can't open");
    });

    test("devices: one that was given is there with its owner, and can be used", async () => {
      const node = {
        path: "/dev/mine",
        type: "c",
        major: 1,
        minor: 5,
        fileMode: 0o640,
        uid: 7,
        gid: 8,
      } as const;
      const devices = { nodes: [{ ...node, access: "rwm" }], blockDevices: new Map() };
      expect(
        await inside("stat -c '%u %g %a %t %T' /dev/mine; head -c 3 /dev/mine | wc -c", {}, {}, { devices }),
      ).toBe("7 8 640 1 5\n3");
    });

    test("names: host name and domain; with the host's UTS namespace its name", async () => {
      expect(
        await inside(
          "hostname; cat /proc/sys/kernel/domainname",
          {},
          { Hostname: "boat", Domainname: "sea.org" },
        ),
      ).toBe("boat\nsea.org");
      expect(await inside("hostname", { UTSMode: "host" })).toBe(
        (await Bun.file("/proc/sys/kernel/hostname").text()).trim(),
      );
    });

    test("namespaces: own pids, or the host's", async () => {
      expect(await inside("echo $$")).toBe("1");
      expect(Number(await inside("echo $$", { PidMode: "host" }))).toBeGreaterThan(1);
    });

    test("network of its own: low ports and echo requests for every user; parameters as asked", async () => {
      const path = join(bench.folder, "netns");
      createNetns(path);
      try {
        const network = { kind: "private", path } as const;
        expect(
          await inside(
            "cd /proc/sys/net; cat ipv4/ip_unprivileged_port_start ipv4/ping_group_range core/somaxconn; ls /sys/class/net",
            { Sysctls: { "net.core.somaxconn": "77" }, NetworkMode: "none" },
            {},
            { namespaces: { network } },
          ),
        ).toBe("0\n0\t2147483647\n77\nlo");
      } finally {
        removeNetns(path);
      }
    });

    test("mounts: binds with their modes, tmpfs with its options, shared memory with its size", async () => {
      const source = join(bench.folder, "source");
      mkdirSync(join(source, "deep"), { recursive: true });
      writeFileSync(join(source, "file"), "from the host\n");
      expect(
        await inside(
          "cat /mnt/rw/file; echo changed >/mnt/rw/file; echo no >/mnt/ro/file; cat /mnt/ro/file; grep -e /mnt -e /dev/shm /proc/mounts | cut -d' ' -f2,3,4 | sort",
          {
            Binds: [`${source}:/mnt/rw`, `${source}:/mnt/ro:ro`],
            Tmpfs: { "/mnt/t": "size=1m,mode=700,exec" },
            ShmSize: 2 ** 21,
          },
        ),
      ).toMatch(
        /^from the host\nsh: can't create \/mnt\/ro\/file: Read-only file system\nchanged\n\/dev\/shm tmpfs rw,nosuid,nodev,noexec,.*size=2048k.*\n\/mnt\/ro \S+ ro.*\n\/mnt\/rw \S+ rw.*\n\/mnt\/t tmpfs rw,nosuid,nodev,relatime,size=1024k,mode=700.*$/,
      );
    });

    test("mounts: a read-only bind is read-only in all that is mounted below it", async () => {
      const source = join(bench.folder, "tree");
      mkdirSync(join(source, "below"), { recursive: true });
      const shown = await inside("echo x > /mnt/below/file", {
        Binds: [`${source}:/mnt:ro`, `${source}/below:/other`],
      });
      expect(shown).toContain("Read-only file system");
    });

    test("read-only root: only what is mounted can be written to", async () => {
      expect(
        await inside("touch /file; touch /tmp/file && echo ok", {
          ReadonlyRootfs: true,
          Tmpfs: { "/tmp": "" },
        }),
      ).toBe("touch: /file: Read-only file system\nok");
    });

    test("limits: ulimits, and not more than the daemon has", async () => {
      expect(
        await inside("ulimit -Hn; ulimit -Sn", { Ulimits: [{ Name: "nofile", Soft: 700, Hard: 800 }] }),
      ).toBe("800\n700");
      const ours = machine.hardLimits["nofile"];
      // More than this the kernel gives to nobody; up to this it takes CAP_SYS_RESOURCE, which the daemon may not have.
      const most = Number(readFileSync("/proc/sys/fs/nr_open", "utf8"));
      const raised = await inside("ulimit -Hn", { Ulimits: [{ Name: "nofile", Soft: 700, Hard: most }] });
      expect([ours, most]).toContain(Number(raised));
    });

    test("no-new-privileges is set only when asked for", async () => {
      const show = "grep NoNewPrivs /proc/self/status";
      expect(await inside(show)).toBe("NoNewPrivs:\t0");
      expect(await inside(show, { SecurityOpt: ["no-new-privileges"] })).toBe("NoNewPrivs:\t1");
    });

    test("--init: the host's init is process 1 and passes the exit code on", async () => {
      const initPath = join(bench.folder, "init");
      // Any program that runs its arguments will do here; real inits are dynamic and would need their libraries.
      writeFileSync(initPath, '#!/bin/sh\nshift\n"$@"\nexit $?\n', { mode: 0o755 });
      const end = await bench.run(
        { Cmd: ["sh", "-c", "tr '\\0' ' ' </proc/1/cmdline; exit 3"], HostConfig: { Init: true } },
        { initPath },
      );
      expect(end.output).toContain("/sbin/docker-init -- sh -c");
      expect(end.exitCode).toBe(3);
    });

    test.skipIf(process.arch !== "x64")(
      "system calls: what Docker refuses is refused, what programs need is not",
      async () => {
        shareHostPrograms(bench);
        const binds = { Binds: ["/usr:/usr:ro"] };
        const run = async (host: Partial<HostConfig>, more: Omit<ContainerOptions, "body"> = {}) =>
          errnoOfCalls(probes, async (program) => {
            const { output } = await bench.run(
              { Cmd: ["/usr/bin/perl", "-e", program], HostConfig: { ...binds, ...host } },
              more,
            );
            return output;
          });
        const filtered = await run({});
        for (const { name, refused } of probes)
          if (refused !== undefined)
            expect({ name, isRefused: refused.includes(filtered[name] ?? 0) }).toEqual({
              name,
              isRefused: true,
            });
          else expect([name, filtered[name] === EPERM || filtered[name] === ENOSYS]).toEqual([name, false]);
        // Without the filter the same calls meet the kernel's own answer: so it was the filter that refused.
        const open = await run({ SecurityOpt: ["seccomp=unconfined"] });
        for (const { name, kernelAllows } of probes)
          if (kernelAllows) expect([name, open[name]]).not.toEqual([name, EPERM]);
        const admin = await run({ CapAdd: ["SYS_ADMIN"] });
        expect(admin["unshare mounts"]).toBe(0);
        expect(admin["keyctl"]).toBe(EPERM);
        await expectSameWhenLearned(filtered, run);
      },
    );

    /** The filter that was compiled once and given to a second start answers as the first. */
    async function expectSameWhenLearned(
      filtered: Readonly<Record<string, number>>,
      run: (
        host: Partial<HostConfig>,
        more: Omit<ContainerOptions, "body">,
      ) => Promise<Record<string, number>>,
    ): Promise<void> {
      if (driver.kind !== "crun") return;
      const cache = new FilterCache();
      const teacher = await bench.start({ body: { Cmd: ["sleep", "60"] } });
      cache.learn(driver, teacher.spec, teacher.id);
      await teacher.tell(driver.delete(teacher.id));
      await teacher.ended();
      let isGiven = false;
      const adapt: ContainerOptions["adapt"] = (spec) => {
        const adapted = cache.apply(driver, spec);
        isGiven = adapted !== spec;
        return adapted;
      };
      expect(await run({}, { adapt })).toEqual(filtered);
      expect(isGiven).toBe(true);
    }

    test("an exec is filtered and confined as the first program", async () => {
      const container = await bench.start({
        body: { Cmd: ["sleep", "60"], HostConfig: { SecurityOpt: ["no-new-privileges"] } },
      });
      const { output } = await container.exec({
        Cmd: ["sh", "-c", "grep -e CapEff -e Seccomp: -e NoNew /proc/self/status"],
      });
      expect(output).toBe(
        `CapEff:\t${dockersFourteen.toString(16).padStart(16, "0")}\nNoNewPrivs:\t1\nSeccomp:\t2\n`,
      );
      const privileged = await container.exec({
        Cmd: ["grep", "CapEff", "/proc/self/status"],
        Privileged: true,
      });
      expect(BigInt(`0x${privileged.output.trim().split("\t")[1]}`)).toBe(machine.capabilities);
      await container.tell(driver.delete(container.id));
      await container.ended();
    });
  });

/** The host's own programs with their libraries, for those that busybox has not. */
function shareHostPrograms({ rootfs }: Bench): void {
  for (const name of ["lib", "lib64"])
    if (!existsSync(join(rootfs, name))) symlinkSync(`usr/${name}`, join(rootfs, name));
}

const CLONE_NEWNS = 0x20000;
const CLONE_NEWUSER = 0x10000000;

/** By number on x86-64. `kernelAllows`: the kernel itself has no reason to say EPERM. */
const probes: readonly Probe[] = [
  { name: "keyctl", call: [250, 0, 0], refused: [EPERM], kernelAllows: true },
  { name: "add_key", call: [248, 0, 0, 0, 0, 0], refused: [EPERM], kernelAllows: true },
  { name: "request_key", call: [249, 0, 0, 0, 0], refused: [EPERM], kernelAllows: true },
  { name: "unshare mounts", call: [272, CLONE_NEWNS], refused: [EPERM] },
  { name: "unshare users", call: [272, CLONE_NEWUSER], refused: [EPERM] },
  { name: "clone with a user namespace", call: [56, CLONE_NEWUSER, 0, 0, 0, 0], refused: [EPERM] },
  { name: "setns", call: [308, -1, 0], refused: [EPERM], kernelAllows: true },
  { name: "mount", call: [165, 0, 0, 0, 0, 0], refused: [EPERM] },
  { name: "umount2", call: [166, 0, 0], refused: [EPERM] },
  { name: "pivot_root", call: [155, 0, 0], refused: [EPERM] },
  { name: "open_tree", call: [428, -1, 0, 0], refused: [EPERM], kernelAllows: true },
  { name: "swapon", call: [167, 0, 0], refused: [EPERM] },
  { name: "reboot", call: [169, 0, 0, 0, 0], refused: [EPERM] },
  { name: "init_module", call: [175, 0, 0, 0], refused: [EPERM] },
  { name: "kexec_load", call: [246, 0, 0, 0, 0], refused: [EPERM] },
  { name: "bpf", call: [321, 9999, 0, 0], refused: [EPERM], kernelAllows: false },
  { name: "perf_event_open", call: [298, 0, 0, 0, 0, 0], refused: [EPERM], kernelAllows: true },
  { name: "io_uring_setup", call: [425, 1, 0], refused: [EPERM], kernelAllows: true },
  { name: "userfaultfd", call: [323, 99], refused: [EPERM] },
  { name: "quotactl", call: [179, 0, 0, 0, 0], refused: [EPERM] },
  { name: "acct", call: [163, 0], refused: [EPERM] },
  { name: "settimeofday", call: [164, 0, 0], refused: [EPERM] },
  { name: "iopl", call: [172, 3], refused: [EPERM] },
  { name: "open_by_handle_at", call: [304, -1, 0, 0], refused: [EPERM] },
  { name: "get_mempolicy", call: [239, 0, 0, 0, 0, 0], refused: [EPERM], kernelAllows: true },
  { name: "clone3", call: [435, 0, 0], refused: [ENOSYS] },
  // runc answers ENOSYS for calls that are newer than all it knows.
  { name: "a call of tomorrow", call: [9999, 0], refused: [EPERM, ENOSYS] },
  { name: "socket AF_ALG", call: [41, 38, 5, 0], refused: [EPERM], kernelAllows: true },
  { name: "socket AF_VSOCK", call: [41, 40, 1, 0], refused: [EPERM], kernelAllows: true },
  {
    name: "personality without address randomisation",
    call: [135, 0x40000],
    refused: [EPERM],
    kernelAllows: true,
  },
  { name: "personality, asked for", call: [135, 0xffffffff] },
  { name: "socket above all families", call: [41, 99, 1, 0] },
  { name: "socket AF_INET", call: [41, 2, 1, 0] },
  { name: "socket AF_NETLINK", call: [41, 16, 3, 0] },
  { name: "ptrace", call: [101, 0, 0, 0, 0] },
  { name: "process_vm_readv", call: [310, 1, 0, 0, 0, 0, 0] },
  { name: "chroot", call: [161, 0] },
  { name: "prctl", call: [157, 3, 0, 0, 0, 0] },
  { name: "memfd_create", call: [319, 0, 0] },
  { name: "seccomp", call: [317, 2, 0, 0] },
  { name: "pidfd_open", call: [434, 1, 0] },
  { name: "openat2", call: [437, -1, 0, 0, 0] },
  { name: "close_range", call: [436, 100, 200, 0] },
  { name: "faccessat2", call: [439, -1, 0, 0, 0] },
  { name: "clock_adjtime", call: [305, 0, 0] },
  { name: "sched_setscheduler", call: [144, 0, 0, 0] },
  { name: "arch_prctl", call: [158, 0, 0] },
];
