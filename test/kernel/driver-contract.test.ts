// The contract of a driver (src/runtime/driver.ts), kept by every runtime of this machine.
import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ProgramNotStartedError } from "../../src/base/errors.ts";
import { cgroupFolders, controllerFolder } from "../../src/runtime/cgroup.ts";
import { receiveFd } from "../../src/sys/pass-fd.ts";
import { accept, listenUnix } from "../../src/sys/unix-socket.ts";
import { closeFd, read, setNonBlocking, writeAll } from "../../src/sys/file.ts";
import { cgroup, NotStarted, openBench, openDrivers } from "./bare-container.ts";
import type { Container } from "./bare-container.ts";

const found = openDrivers();
const { drivers } = found;
afterAll(() => found[Symbol.dispose]());

test("the runtimes that are to be tested are there", () => {
  expect(drivers.map(({ name }) => name)).toEqual(["crun", "runc", "lxc"]);
});

/** What a cgroup file of the container says. */
function limit({ cgroupsPath }: Container, controller: string, v1: string, v2: string): string {
  const folder = controllerFolder(cgroup, controller, cgroupsPath);
  return readFileSync(join(folder ?? "", cgroup.version === 1 ? v1 : v2), "utf8").trim();
}

async function refusal(start: Promise<unknown>): Promise<string> {
  try {
    await start;
  } catch (err) {
    if (err instanceof NotStarted) return err.log;
    throw err;
  }
  throw new Error("it was started");
}

for (const driver of drivers)
  describe(driver.name, () => {
    const bench = openBench(driver);
    afterAll(() => bench[Symbol.dispose]());
    const long = { Cmd: ["sleep", "60"] };

    test("run: output and exit code are the program's", async () => {
      expect(await bench.run({ Cmd: ["sh", "-c", "echo out; echo err >&2; exit 7"] })).toEqual({
        exitCode: 7,
        output: "out\nerr\n",
      });
    });

    test("run: ends at once while the program goes on, and writes its pid", async () => {
      const container = await bench.start({ body: long });
      // crun ends a moment before its last child has become the program.
      const program = (): string => readFileSync(`/proc/${container.pid}/cmdline`, "utf8");
      for (let attempt = 0; attempt < 100 && program() !== "sleep\x0060\0"; attempt++) await Bun.sleep(10);
      expect(program()).toBe("sleep\x0060\0");
      await container.tell(driver.delete(container.id));
      expect((await container.ended()).exitCode).toBe(137);
    });

    test.each([
      [["nosuch"], 127, 'exec: "nosuch": executable file not found in $PATH: unknown'],
      [["/no/such"], 127, 'exec: "/no/such": stat /no/such: no such file or directory: unknown'],
      [["/etc/passwd"], 126, 'exec: "/etc/passwd": permission denied: unknown'],
      [["/etc"], 126, ": permission denied"],
    ] as const)("run: %p is told apart, exit code %d", async (Cmd, exitCode, text) => {
      const err = driver.startError(await refusal(bench.start({ body: { Cmd } })), Cmd[0]);
      expect(err).toBeInstanceOf(ProgramNotStartedError);
      expect(err.message).toStartWith("failed to create task for container: ");
      expect(err.message).toContain(text);
      expect(err).toMatchObject({ exitCode });
    });

    test.each([
      ["#!/no/interpreter\n", /no such file or directory/i],
      ["\x01\x02\x03", /exec format error/i],
    ])("run: a program that the kernel cannot execute (%p) has run, and says why", async (program, why) => {
      writeFileSync(join(bench.rootfs, "bin/broken"), program, { mode: 0o755 });
      const { exitCode, output } = await bench.run({ Cmd: ["/bin/broken"] });
      expect(output).toMatch(why);
      expect(exitCode).toBe(1);
    });

    test("run: a start that failed leaves nothing that a second try would meet", async () => {
      const log = await refusal(bench.start({ body: { Cmd: ["nosuch"] } }));
      expect(log).not.toBe("");
      expect((await bench.run({ Cmd: ["true"] })).exitCode).toBe(0);
    });

    test("exec: output, exit code, user, environment and folder are as asked", async () => {
      const container = await bench.start({ body: { ...long, Env: ["A=1", "B=2"] } });
      const told = await container.exec({
        Cmd: ["sh", "-c", "echo $A $B $C $HOME $(id -u):$(id -g):$(id -G) $PWD; exit 5"],
        Env: ["B=3", "C=4"],
        User: "web",
        WorkingDir: "/tmp",
      });
      expect(told).toEqual({ exitCode: 5, output: "1 3 4 /home/web 1000:1001:1001 44 /tmp\n" });
      await container.tell(driver.delete(container.id));
      await container.ended();
    });

    test("exec: a program that is not there is told apart, exit code 127", async () => {
      const container = await bench.start({ body: long });
      const err = driver.startError(await refusal(container.exec({ Cmd: ["nosuch"] })), "nosuch");
      expect(err).toMatchObject({ exitCode: 127 });
      expect(err.message).toContain('exec: "nosuch": executable file not found in $PATH: unknown');
      await container.tell(driver.delete(container.id));
      await container.ended();
    });

    test("run: a terminal comes by the console socket, with the size that was asked for", async () => {
      const path = join(bench.folder, "console.sock");
      const listener = listenUnix(path, 0o600);
      const container = await bench.start({
        body: {
          Cmd: ["sh", "-c", "read line; echo got $line; stty size; test -t 0 && echo terminal"],
          Tty: true,
          HostConfig: { ConsoleSize: [33, 77] },
        },
        consoleSocket: path,
      });
      const connection = accept(listener) ?? -1;
      const pty = receiveFd(connection) ?? -1;
      writeAll(pty, Buffer.from("hello\n"));
      expect(await readTerminal(pty)).toBe("hello\r\ngot hello\r\n33 77\r\nterminal\r\n");
      for (const fd of [pty, connection, listener]) closeFd(fd);
      expect((await container.ended()).exitCode).toBe(0);
      await container.tell(driver.delete(container.id));
    });

    test("pause and resume: nothing runs in between", async () => {
      const container = await bench.start({ body: long });
      await container.tell(driver.pause(container.id));
      const frozen = (): string =>
        cgroup.version === 1
          ? limit(container, "freezer", "freezer.state", "")
          : /frozen 1/.test(limit(container, "memory", "", "cgroup.events"))
            ? "FROZEN"
            : "THAWED";
      expect(frozen()).toBe("FROZEN");
      await container.tell(driver.resume(container.id));
      expect(frozen()).toBe("THAWED");
      await container.tell(driver.delete(container.id));
      await container.ended();
    });

    test("delete: takes a paused container away", async () => {
      const container = await bench.start({ body: long });
      await container.tell(driver.pause(container.id));
      await container.tell(driver.resume(container.id));
      await container.tell(driver.delete(container.id));
      expect((await container.ended()).exitCode).toBe(137);
    });

    test("limits are in the kernel's files", async () => {
      const container = await bench.start({
        body: {
          ...long,
          HostConfig: {
            Memory: 64 * 2 ** 20,
            MemorySwap: 96 * 2 ** 20,
            MemoryReservation: 32 * 2 ** 20,
            NanoCpus: 5e8,
            CpuShares: 512,
            CpusetCpus: "0",
            PidsLimit: 33,
          },
        },
      });
      expect(limit(container, "memory", "memory.limit_in_bytes", "memory.max")).toBe("67108864");
      if (cgroup.limits.swap)
        expect(limit(container, "memory", "memory.memsw.limit_in_bytes", "memory.swap.max")).toBe(
          cgroup.version === 1 ? "100663296" : "33554432",
        );
      expect(limit(container, "memory", "memory.soft_limit_in_bytes", "memory.low")).toBe("33554432");
      expect(limit(container, "pids", "pids.max", "pids.max")).toBe("33");
      expect(limit(container, "cpu", "cpu.cfs_quota_us", "cpu.max")).toBe(
        cgroup.version === 1 ? "50000" : "50000 100000",
      );
      expect(limit(container, "cpu", "cpu.shares", "cpu.weight")).toBe(cgroup.version === 1 ? "512" : "20");
      expect(limit(container, "cpuset", "cpuset.cpus", "cpuset.cpus")).toBe("0");
      await container.tell(driver.delete(container.id));
      await container.ended();
    });

    test("update: other limits at once, and none where none is wished", async () => {
      const container = await bench.start({
        body: { ...long, HostConfig: { Memory: 64 * 2 ** 20, PidsLimit: 5 } },
      });
      const file = join(bench.folder, "resources.json");
      const resources = {
        memory: { limit: 128 * 2 ** 20, swap: 256 * 2 ** 20 },
        pids: { limit: 4_194_304 },
        cpu: { quota: 20_000, period: 100_000 },
      };
      writeFileSync(file, JSON.stringify(resources));
      await container.tell(driver.update(container.id, file));
      expect(limit(container, "memory", "memory.limit_in_bytes", "memory.max")).toBe("134217728");
      expect(limit(container, "pids", "pids.max", "pids.max")).toBe("4194304");
      expect(limit(container, "cpu", "cpu.cfs_quota_us", "cpu.max")).toStartWith("20000");
      await container.tell(driver.delete(container.id));
      await container.ended();
    });

    test("kill: a signal for the first program", async () => {
      const container = await bench.start({
        body: { Cmd: ["sh", "-c", "trap 'exit 9' USR1; while :; do sleep 0.01; done"] },
      });
      await Bun.sleep(50);
      await container.tell(driver.kill(container.id, 10, false));
      expect((await container.ended()).exitCode).toBe(9);
      await container.tell(driver.delete(container.id));
    });

    test("delete: the cgroup and the runtime's state go", async () => {
      const container = await bench.start({ body: long });
      const folders = cgroupFolders(cgroup, container.cgroupsPath).filter((path) => existsSync(path));
      expect(folders.length).toBeGreaterThan(0);
      await container.tell(driver.delete(container.id));
      await container.ended();
      expect(folders.filter((path) => existsSync(path))).toEqual([]);
      expect(existsSync(join(driver.stateFolder, container.id))).toBe(false);
    });
  });

/** All that comes from a terminal until its other end is closed (EIO). */
async function readTerminal(pty: number): Promise<string> {
  setNonBlocking(pty);
  const buffer = new Uint8Array(4096);
  let text = "";
  for (let waitedMs = 0; waitedMs < 10_000; waitedMs += 5) {
    try {
      const count = read(pty, buffer, 0, buffer.length);
      if (count === 0) break;
      if (count === undefined) await Bun.sleep(5);
      else text += Buffer.from(buffer.subarray(0, count)).toString();
    } catch {
      break;
    }
  }
  return text;
}
