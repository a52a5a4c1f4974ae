import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { Epoll, EPOLLIN } from "./epoll.ts";
import { closeFd, openPipe, read } from "./file.ts";
import { pidfdExitStatus, pidfdOpen, pidfdSendSignal } from "./pidfd.ts";
import { exitOf, kill, processExists, processStartTime, waitpid, WNOHANG } from "./process.ts";
import { posixSpawn, type SpawnOptions } from "./spawn.ts";

const folder = mkdtempSync("/tmp/sampan-sys-spawn-");
afterAll(() => rmSync(folder, { recursive: true }));

function readToEnd(fd: number): string {
  const chunks: Buffer[] = [];
  const buffer = new Uint8Array(4096);
  for (let got = read(fd, buffer); got !== undefined && got > 0; got = read(fd, buffer))
    chunks.push(Buffer.from(buffer.slice(0, got)));
  return Buffer.concat(chunks).toString();
}

/** Runs a shell script to its end: its output on 1 and 2, and how it ended. */
function shell(script: string, options: Partial<SpawnOptions> = {}) {
  const { reader, writer } = openPipe();
  const pid = posixSpawn({
    path: "/bin/sh",
    argv: ["sh", "-c", script],
    env: { PATH: "/usr/bin:/bin" },
    stdio: ["null", writer, writer],
    ...options,
  });
  closeFd(writer);
  const output = readToEnd(reader);
  closeFd(reader);
  const waited = waitpid(pid, 0);
  if (waited === undefined) throw new Error("the child is not ours");
  return { pid, output, exit: exitOf(waited.status) };
}

test("posixSpawn: arguments, environment, folder and exit code arrive", () => {
  const { output, exit } = shell('printf "%s|" "$0" "$@" "$GREETING" "$(pwd)" "$(env | grep -c .)"; exit 7', {
    argv: ["sh", "-c", 'printf "%s|" "$0" "$@" "$GREETING" "$PWD"; exit 7', "zero", "", "two words", "é"],
    env: { GREETING: "a=b" },
    cwd: folder,
  });
  expect(output).toBe(`zero||two words|é|a=b|${folder}|`);
  expect(exit).toEqual({ exitCode: 7 });
});

test("posixSpawn: the child has 0, 1, 2 and nothing else of ours", () => {
  const { output } = shell("ls /proc/self/fd");
  // ls itself holds one more: the folder it reads.
  expect(output.trim().split("\n")).toEqual(["0", "1", "2", "3"]);
});

test("posixSpawn: no signal is ignored or blocked in the child", () => {
  const { output } = shell("grep -E '^Sig(Ign|Blk)' /proc/self/status");
  expect(output.match(/[0-9a-f]{16}/g)).toEqual(["0000000000000000", "0000000000000000"]);
});

test("posixSpawn: a session of its own only when asked for", () => {
  const sessionOf = (setsid: boolean) => {
    const { pid, output } = shell("cut -d' ' -f6 /proc/$$/stat", { setsid });
    return output.trim() === String(pid);
  };
  expect([sessionOf(true), sessionOf(false)]).toEqual([true, false]);
});

test("posixSpawn: sources among 0, 1 and 2 do not overwrite each other", () => {
  const { reader, writer } = openPipe();
  // 1 and 2 change places: both lead to where this test's own output goes, so only the exit status is looked at.
  const pid = posixSpawn({
    path: "/bin/sh",
    argv: ["sh", "-c", '[ "$(readlink /proc/$$/fd/1)" = "$A" ] && [ "$(readlink /proc/$$/fd/2)" = "$B" ]'],
    env: { PATH: "/usr/bin:/bin", A: linkOf(2), B: linkOf(writer) },
    stdio: [0, 2, writer],
  });
  closeFd(writer);
  expect(readToEnd(reader)).toBe("");
  closeFd(reader);
  expect(waitpid(pid, 0)).toEqual({ pid, status: 0 });
});

function linkOf(fd: number): string {
  return shell(`readlink /proc/${process.pid}/fd/${fd}`).output.trim();
}

test("posixSpawn: a program that cannot be run is an error with its reason", () => {
  const attempt = (path: string) => () =>
    posixSpawn({ path, argv: [path], env: {}, stdio: ["null", "null", "null"] });
  expect(attempt("/no/such/program")).toThrow(
    "posix_spawn /no/such/program: no such file or directory (ENOENT)",
  );
  expect(attempt(folder)).toThrow("EACCES");
});

test("exitOf: codes and signals", () => {
  expect(exitOf(0)).toEqual({ exitCode: 0 });
  expect(exitOf(255 << 8)).toEqual({ exitCode: 255 });
  expect(exitOf(9)).toEqual({ exitCode: 137, signal: 9 });
  expect(exitOf(11 | 0x80)).toEqual({ exitCode: 139, signal: 11 });
});

test("pidfd: readable in epoll at the end, signals arrive, the exit status is known after the reaping", () => {
  const pid = posixSpawn({
    path: "/bin/sleep",
    argv: ["sleep", "60"],
    env: {},
    stdio: ["null", "null", "null"],
  });
  const pidfd = pidfdOpen(pid);
  using epoll = new Epoll();
  epoll.add(pidfd, EPOLLIN);
  expect(epoll.wait(0)).toBe(0);
  expect(waitpid(pid, WNOHANG)).toBeUndefined();
  expect(pidfdExitStatus(pidfd)).toBeUndefined();
  pidfdSendSignal(pidfd, 15);
  expect(epoll.wait(5000)).toBe(1);
  expect(epoll.fdAt(0)).toBe(pidfd);
  expect(waitpid(pid, WNOHANG)?.status).toBe(15);
  // Before kernel 6.15 nobody can tell.
  expect(pidfdExitStatus(pidfd) ?? "unknown").toBeOneOf([{ exitCode: 143, signal: 15 }, "unknown"]);
  expect(() => pidfdSendSignal(pidfd, 0)).toThrow("ESRCH");
  closeFd(pidfd);
});

test("waitpid: no such child is nothing to reap", () => {
  expect(waitpid(process.pid, WNOHANG)).toBeUndefined();
});

test("processStartTime: one process keeps it, another has its own, a gone one has none", () => {
  const sleepers = [0, 1].map(() => {
    Bun.sleepSync(20);
    return posixSpawn({
      path: "/bin/sleep",
      argv: ["sleep", "60"],
      env: {},
      stdio: ["null", "null", "null"],
    });
  });
  const [first = 0, second = 0] = sleepers;
  expect(processStartTime(first)).toMatch(/^\d+$/);
  expect(processStartTime(first)).toBe(processStartTime(first));
  expect(processStartTime(first)).not.toBe(processStartTime(second));
  for (const pid of sleepers) {
    kill(pid, 9);
    waitpid(pid, 0);
    expect(processExists(pid)).toBe(false);
    expect(processStartTime(pid)).toBeUndefined();
  }
  expect(processExists(process.pid)).toBe(true);
});
