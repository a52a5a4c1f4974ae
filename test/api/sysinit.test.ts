// Containers started by our own /sbin/init: what it does, and that the program sees nothing of it.
import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../harness/command.ts";
import { startDaemon } from "../harness/daemon.ts";
import { loadTestImage, testImage as image } from "../harness/images.ts";

const engine = await startDaemon();
afterAll(() => engine.stop());
await loadTestImage(engine);

const sysinit = ["--annotation", "sampan.sysinit=true"];
const { ok } = engine;
const run = (...args: string[]) => engine.docker("run", "--rm", ...args);
const shell = async (script: string, ...flags: string[]): Promise<string> => {
  const { stdout, stderr } = await run(...sysinit, ...flags, image, "sh", "-c", script);
  return `${stdout}${stderr}`.trim();
};

/** What a program could tell of how it was started, but for what differs between two containers anyway. */
const traces = `
  env | grep -v ^HOSTNAME | sort
  ls -l /proc/self/fd | awk '{ print $(NF-2), $(NF-1), $NF }' | sed 's/[0-9a-f]\\{10,\\}//g; s/:.[0-9]*.$//'
  grep -E 'Sig(Blk|Ign|Cgt)|Cap|NoNewPrivs|Seccomp|Groups|Uid|Gid|Umask' /proc/self/status
  cat /proc/self/limits; pwd; id; ps -o user,args; tr '\\0' ' ' </proc/1/cmdline
  cat /proc/self/attr/current; cat /proc/net/route; cat /proc/self/oom_score_adj; stat -Lc %u /proc/self/fd/1`;

function commandLineOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1");
  } catch {
    return ""; // it has ended
  }
}

describe("no trace", () => {
  test.each([
    [[]],
    [["-u", "alice"]],
    [["-u", "1000:boat", "--group-add", "7"]],
    [["--cap-drop", "ALL"]],
    [["--cap-add", "NET_ADMIN", "--cap-drop", "CHOWN", "--security-opt", "no-new-privileges"]],
    [["--privileged"]],
    [["--ulimit", "nofile=512:1024"]],
    [["-e", "A=b c\nd", "-e", "container=x", "-e", "LD_LIBRARY_PATH=/own", "-w", "/tmp"]],
    [["-e", "Q=' \"quoted\" ' ", "-e", "U=ü\t\\n$HOME#", "-e", "EMPTY=", "-e", "SAMPAN_ENV_0=mine"]],
    [["--network", "none"]],
    [["-i", "--init"]],
  ])("%p", async (flags) => {
    const command = [image, "sh", "-c", traces];
    const [plain, ours] = await Promise.all([
      run(...flags, ...command),
      run(...sysinit, ...flags, ...command),
    ]);
    expect(plain.exitCode).toBe(0);
    expect(ours).toEqual(plain);
  });

  test("in a terminal", async () => {
    const command = ["-t", image, "sh", "-c", "tty; stty -a; ls /proc/self/fd | wc -l; ps -o pid,tty,args"];
    const [plain, ours] = await Promise.all([run(...command), run(...sysinit, ...command)]);
    expect(ours).toEqual(plain);
  });

  test("of its mounts there are the loader's folder and init itself, both read-only", async () => {
    const mounts = (await shell("cat /proc/self/mountinfo")).split("\n");
    const ours = mounts.map((line) => line.split(" ")).filter(([, , , root]) => root?.includes("/sysinit/"));
    expect(ours.map(([, , , , place, options]) => `${place} ${options?.split(",")[0]}`).sort()).toEqual([
      "/.sampan ro",
      "/sbin/init ro",
    ]);
  });
});

describe("the four steps", () => {
  test("the default route is init's", async () => {
    expect(await shell("ip route")).toMatch(/^default via [\d.]+ dev eth0/);
  });

  test("a network's gateways of both families", async () => {
    await engine.ok("network", "create", "--ipv6", "both");
    expect(await shell("ip -6 route; ip route", "--network", "both")).toMatch(
      /default via fd[\s\S]*default via \d/,
    );
    await engine.ok("network", "rm", "both");
  });

  test("the user is looked up in the container's own files, those mounted over the image's too", async () => {
    const passwd = join(engine.folder, "passwd");
    await Bun.write(passwd, "root:x:0:0::/:/bin/sh\nalice:x:1234:1234::/:/bin/sh\n");
    expect(await shell("id -u", "-u", "alice", "-v", `${passwd}:/etc/passwd`)).toBe("1234");
  });

  test("a program that is not there ends with 127, one that cannot be run with 126", async () => {
    const missing = await run(...sysinit, image, "nosuch");
    expect(missing).toMatchObject({
      exitCode: 127,
      stderr: 'init: exec: "nosuch": executable file not found in $PATH\n',
    });
    expect(await run(...sysinit, image, "/etc/passwd")).toMatchObject({
      exitCode: 126,
      stderr: 'init: exec: "/etc/passwd": permission denied\n',
    });
  });

  test("exec, attach and stop are as ever", async () => {
    await engine.ok("run", "-d", "--name", "web", ...sysinit, image, "sleep", "60");
    expect(await engine.ok("exec", "-u", "alice", "web", "id", "-un")).toBe("alice");
    expect(await engine.ok("top", "web", "-o", "pid,args")).toContain("sleep 60");
    await engine.ok("rm", "-f", "web");
  });
});

test("sampan run --sysinit says the same as the annotation", async () => {
  const { stdout } = await engine.sampan("create", "--sysinit", image);
  const inspect = ["inspect", "-f", "{{json .HostConfig.Annotations}}", stdout.trim()];
  expect(await engine.ok(...inspect)).toBe('{"sampan.sysinit":"true"}');
});

test("the annotation takes a truth and nothing else", async () => {
  const { exitCode, stderr } = await run("--annotation", "sampan.sysinit=maybe", image, "true");
  expect(exitCode).toBe(125);
  expect(stderr).toContain("invalid annotation sampan.sysinit: it must be true or false");
});

test.each([["crun"], ["runc"], ["lxc"]])(
  "%s: an image whose /sbin/init is a link to its own, in folders that are links",
  async (runtime) => {
    const links =
      "mkdir -p /usr/sbin /usr/lib/systemd /run/lock; echo own >/usr/lib/systemd/systemd; ln -s ../lib/systemd/systemd /usr/sbin/init; ln -s usr/sbin /sbin; ln -s ../run /var/run; ln -s /nowhere/hosts /etc/hosts";
    await ok("run", "--name", "maker", image, "sh", "-c", `umount /etc/hosts 2>/dev/null; ${links}; true`);
    await ok("commit", "maker", "merged");
    await ok("rm", "maker");
    const flags = ["--runtime", runtime, ...sysinit, "--tmpfs", "/var/run/own", "--read-only"];
    const told = await run(
      ...flags,
      "merged",
      "sh",
      "-c",
      "echo $$; ls -d /run/own; readlink /sbin; readlink /usr/sbin/init",
    );
    expect(told).toEqual({
      exitCode: 0,
      stderr: "",
      stdout: "1\n/run/own\nusr/sbin\n../lib/systemd/systemd\n",
    });
    await ok("rmi", "merged");
  },
);

test("as process 1 that stays: passes signals on, reaps, tells how the program ended", async () => {
  const other = await startDaemon({ flags: ["--init-path", "sysinit", "--sysinit"] });
  try {
    await loadTestImage(other);
    const script =
      "trap 'echo caught; exit 9' USR1; (sleep 0.1 & exit) ; echo ready; while :; do sleep 0.05; done";
    await other.ok("run", "-d", "--init", "--name", "web", image, "sh", "-c", script);
    const logs = () => other.ok("logs", "web");
    await eventually(
      async () => (await logs()) === "ready",
      () => "the program's trap",
    );
    const processes = await other.ok("exec", "web", "ps", "-o", "pid,args");
    expect(processes).toContain("1 /sbin/init");
    const states = () => other.ok("exec", "web", "ps", "-o", "stat,args");
    await eventually(
      async () => !/^Z/m.test(await states()),
      () => "the orphan's reaping",
    );
    await other.ok("kill", "-s", "USR1", "web");
    expect(await other.ok("wait", "web")).toBe("9");
    expect(await other.ok("logs", "web")).toBe("ready\ncaught");
    expect(await other.docker("run", "--rm", "--init", image, "sh", "-c", "kill -9 $$")).toMatchObject({
      exitCode: 137,
    });
    // The daemon's default holds for those without --init too.
    expect(await other.ok("run", "--rm", image, "sh", "-c", "ls -d /.sampan; echo $$")).toBe("/.sampan\n1");
    const terminal = other.terminal(
      "run",
      "--rm",
      "-it",
      "--init",
      image,
      "sh",
      "-c",
      "echo begun; sleep 20",
    );
    await terminal.waitFor("begun");
    terminal.type("\x03");
    expect(await terminal.child.exited).toBe(130);
  } finally {
    await other.stop();
  }
}, 60_000);

test("variables, which may be secrets, are in nobody's command line", async () => {
  const other = await startDaemon({ flags: ["--init-path", "sysinit"] });
  try {
    await loadTestImage(other);
    const tell = [image, "sh", "-c", "echo $S; sleep 1000"];
    await other.ok("run", "-d", "--name", "stays", "--init", "-e", "S=secret-1", ...tell);
    await other.ok("run", "-d", "--name", "lxc", "--runtime", "lxc", "-e", "S=secret-2", ...tell);
    await other.ok("exec", "-d", "-e", "S=secret-3", "lxc", "sh", "-c", "echo $S >/told; sleep 1000");
    const has = (secret: string, ...words: string[]): Promise<void> =>
      eventually(
        async () => (await other.docker(...words)).stdout.includes(secret),
        () => `${words.join(" ")} to say ${secret}`,
      );
    await has("secret-1", "logs", "stays");
    await has("secret-2", "logs", "lxc");
    await has("secret-3", "exec", "lxc", "cat", "/told");
    const told = readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map((pid) => commandLineOf(Number(pid)))
      .filter((line) => /secret-\d/.test(line));
    expect(told).toEqual([]);
  } finally {
    await other.stop();
  }
}, 60_000);

test("one kit in the root, made once", async () => {
  await shell("true");
  const kits = readdirSync(join(engine.root, "sysinit"));
  expect(kits).toHaveLength(1);
  expect(existsSync(join(engine.root, "sysinit", kits[0] ?? "", "ld.so"))).toBe(true);
});
