import { expect, test } from "bun:test";
import { capabilityBoundingSet } from "../../src/sys/process.ts";
import { inAnotherProcess, look } from "./other-eyes.ts";

const sys = `${import.meta.dir}/../../src/sys`;

test("setSubreaper: a grandchild that lost its parent becomes ours and can be reaped", () => {
  const found = inAnotherProcess(`
    import { setSubreaper, waitpid, exitOf } from "${sys}/process.ts";
    import { posixSpawn } from "${sys}/spawn.ts";
    setSubreaper();
    const child = posixSpawn({ path: "/bin/sh", argv: ["sh", "-c", "(sleep 0.05; exit 9) & exit 0"], env: {}, stdio: ["null", "null", "null"] });
    waitpid(child, 0);
    const waited = waitpid(-1, 0);
    report({ isOther: waited.pid !== child, exit: exitOf(waited.status) });
  `) as { isOther: boolean; exit: unknown };
  expect(found).toEqual({ isOther: true, exit: { exitCode: 9 } });
});

test("pidfdExitStatus: known of a process that somebody else has reaped", () => {
  const found = inAnotherProcess(`
    import { pidfdOpen, pidfdExitStatus } from "${sys}/pidfd.ts";
    import { Epoll, EPOLLIN } from "${sys}/epoll.ts";
    import { spawn } from "node:child_process";
    import { release } from "node:os";
    const parent = spawn("/bin/sh", ["-c", "sh -c 'sleep 0.2; exit 7' & echo $!; wait $!; echo reaped"]);
    const lines = parent.stdout.setEncoding("utf8")[Symbol.asyncIterator]();
    const pid = Number((await lines.next()).value);
    const pidfd = pidfdOpen(pid);
    await lines.next();
    report({ exit: pidfdExitStatus(pidfd), kernel: release() });
  `) as { exit?: unknown; kernel: string };
  const [major = 0, minor = 0] = found.kernel.split(".").map(Number);
  expect(found.exit).toEqual(major > 6 || (major === 6 && minor >= 15) ? { exitCode: 7 } : undefined);
});

test("becomeUser: the process and every thread of it is somebody else, with these groups only", () => {
  const status = inAnotherProcess(`
    import { setGroups, becomeGroup, becomeUser } from "${sys}/credentials.ts";
    import { readFileSync, readdirSync } from "node:fs";
    setGroups([7, 8]); becomeGroup(1001); becomeUser(1000);
    const ids = (tid) => readFileSync("/proc/self/task/" + tid + "/status", "utf8").split("\\n")
      .filter((line) => /^(Uid|Gid|Groups):/.test(line)).map((line) => line.replaceAll(/\\s+/g, " ").trim()).join(" ");
    report([...new Set(readdirSync("/proc/self/task").map(ids))]);
  `) as string[];
  expect(status).toEqual(["Uid: 1000 1000 1000 1000 Gid: 1001 1001 1001 1001 Groups: 7 8"]);
});

test("setProcessName: ps shows it, cut at 15 bytes", () => {
  const name = inAnotherProcess(`
    import { setProcessName } from "${sys}/process.ts";
    import { spawnSync } from "node:child_process";
    setProcessName("a-very-long-name-of-it");
    report(spawnSync("cat", ["/proc/" + process.pid + "/comm"], { encoding: "utf8" }).stdout.trim());
  `) as string;
  expect(name).toBe("a-very-long-nam");
});

test("capabilityBoundingSet: as in the status of a program that we start", () => {
  expect(look("grep", "CapBnd", "/proc/self/status")).toContain(
    capabilityBoundingSet().toString(16).padStart(16, "0"),
  );
});
