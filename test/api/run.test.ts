// docker run: what comes out, with which exit code, and what the program finds inside.
import { describe, expect, test } from "bun:test";
import { readlinkSync } from "node:fs";
import { engineForTests } from "../harness/for-tests.ts";
import { testImage as image } from "../harness/images.ts";

const engine = await engineForTests();
const run = (...args: string[]) => engine.docker("run", "--rm", ...args);
/** What a shell script prints in a container made with `flags`. */
const shell = (script: string, ...flags: string[]) =>
  engine.ok("run", "--rm", ...flags, image, "sh", "-c", script);

describe("output and exit code", () => {
  test("both streams arrive apart", async () => {
    expect(await run(image, "sh", "-c", "echo out; echo err >&2")).toEqual({
      exitCode: 0,
      stdout: "out\n",
      stderr: "err\n",
    });
  });

  test.each([
    [0, ["true"]],
    [1, ["false"]],
    [42, ["sh", "-c", "exit 42"]],
    [143, ["sh", "-c", "kill -TERM $$"]],
    [137, ["sh", "-c", "kill -9 $$"]],
  ])("the program's exit code %d is the client's", async (code, command) => {
    // PID 1 ignores its own signals, so the shell that kills itself is a child of another.
    const args = command[1] === "-c" ? ["sh", "-c", `sh -c '${command[2]}'; exit $?`] : command;
    expect((await run(image, ...args)).exitCode).toBe(code);
  });

  test("a program that is not there: 127, and nothing is left", async () => {
    const { exitCode, stderr } = await run("--name", "no-program", image, "/no/such/program");
    expect(exitCode).toBe(127);
    expect(stderr).toContain("no such file or directory");
    expect((await engine.docker("inspect", "no-program")).exitCode).toBe(1);
  });

  test("a name that is not on the PATH: 127 in Docker's words", async () => {
    const { exitCode, stderr } = await run(image, "nosuchprogram");
    expect(exitCode).toBe(127);
    expect(stderr).toContain('exec: "nosuchprogram": executable file not found in $PATH');
  });

  test("a file that cannot be executed: 126", async () => {
    const { exitCode, stderr } = await run(image, "/etc/passwd");
    expect(exitCode).toBe(126);
    expect(stderr).toContain("permission denied");
  });

  test("a flag that makes no sense: 125", async () => {
    expect((await run("--memory=lots", image, "true")).exitCode).toBe(125);
    expect((await run("--network=nosuchnetwork", image, "true")).exitCode).toBe(125);
  });

  test("an unknown image: 125", async () => {
    const { exitCode, stderr } = await run("--pull=never", "nosuchimage:1", "true");
    expect(exitCode).toBe(125);
    expect(stderr).toContain("No such image: nosuchimage:1");
  });

  test("the last line arrives although the program ends at once, 20 times", async () => {
    for (let count = 0; count < 20; count += 1)
      expect((await run(image, "echo", String(count))).stdout).toBe(`${count}\n`);
  });
});

describe("standard input", () => {
  const bytes = new Uint8Array(8 * 1024 * 1024).map((_, at) => (at * 31 + (at >> 8)) & 0xff);

  test("8 MiB go through cat unchanged", async () => {
    const { exitCode, stdout } = await engine.dockerWith(
      { input: bytes },
      "run",
      "--rm",
      "-i",
      image,
      "md5sum",
    );
    expect(exitCode).toBe(0);
    expect(stdout.split(" ")[0]).toBe(new Bun.CryptoHasher("md5").update(bytes).digest("hex"));
  });

  test("what cat sends back is as long as what it was sent", async () => {
    const text = "0123456789abcde\n".repeat(256 * 1024);
    const { stdout } = await engine.dockerWith({ input: text }, "run", "--rm", "-i", image, "cat");
    expect(stdout.length).toBe(text.length);
    expect(stdout === text).toBe(true);
  });

  test("the end of the input reaches the program", async () => {
    const { stdout } = await engine.dockerWith({ input: "a\nb\n" }, "run", "--rm", "-i", image, "wc", "-l");
    expect(stdout.trim()).toBe("2");
  });

  test("without -i there is no input", async () => {
    const { stdout } = await engine.dockerWith({ input: "ignored" }, "run", "--rm", image, "wc", "-c");
    expect(stdout.trim()).toBe("0");
  });

  test("a program that does not read its input ends all the same", async () => {
    expect((await engine.dockerWith({ input: bytes }, "run", "--rm", "-i", image, "true")).exitCode).toBe(0);
  });
});

describe("the program's surroundings", () => {
  test("the environment is PATH, HOSTNAME, HOME and what -e gives, -e winning", async () => {
    const text = await shell("env", "-e", "A=1", "-e", "B=two words", "-h", "boat");
    expect(
      text
        .split("\n")
        .filter((line) => !/^(PWD|SHLVL|OLDPWD)=/.test(line))
        .toSorted(),
    ).toEqual([
      "A=1",
      "B=two words",
      "HOME=/root",
      "HOSTNAME=boat",
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    ]);
  });

  test("-w makes the folder and starts there", async () => {
    expect(await shell("pwd", "-w", "/made/here")).toBe("/made/here");
  });

  test("-w with a file in the way is refused in Docker's words", async () => {
    const { exitCode, stderr } = await run("-w", "/etc/passwd", image, "true");
    expect(exitCode).toBe(125);
    expect(stderr).toContain("Error response from daemon: Cannot mkdir: /etc/passwd is not a directory\n");
  });

  test.each([
    ["alice", "uid=1000(alice) gid=1000(alice) groups=50(staff),1000(alice),2000(boat)"],
    ["1000", "uid=1000(alice) gid=1000(alice) groups=50(staff),1000(alice),2000(boat)"],
    ["alice:staff", "uid=1000(alice) gid=50(staff) groups=50(staff)"],
    ["4711", "uid=4711 gid=0(root)"],
    ["4711:4712", "uid=4711 gid=4712"],
    ["root", "uid=0(root) gid=0(root)"],
  ])("-u %s gives %s", async (user, expected) => {
    const found = await shell("id", "-u", user);
    const groups = (text: string): string[] => (/groups=(\S*)/.exec(text)?.[1] ?? "").split(",").toSorted();
    expect(found.split(" groups=")[0]).toBe(expected.split(" groups=")[0] ?? "");
    if (expected.includes("groups=")) expect(groups(found)).toEqual(groups(expected));
  });

  test("--group-add adds groups by name and number", async () => {
    expect(await shell("id -G", "-u", "4711:4712", "--group-add", "staff", "--group-add", "7777")).toBe(
      "4712 50 7777",
    );
  });

  test("an unknown user is refused in Docker's words", async () => {
    const { exitCode, stderr } = await run("-u", "nosuchuser", image, "true");
    expect(exitCode).toBe(125);
    expect(stderr).toContain("unable to find user nosuchuser: no matching entries in passwd file");
  });

  test("the home folder is the user's", async () => {
    expect(await shell("echo $HOME", "-u", "alice")).toBe("/home/alice");
  });

  test("--entrypoint replaces the image's, and its arguments follow", async () => {
    expect(await engine.ok("run", "--rm", "--entrypoint", "echo", image, "a", "b")).toBe("a b");
  });

  test("an empty --entrypoint takes the image's command away too", async () => {
    const { exitCode, stderr } = await run("--entrypoint", "", image);
    expect(exitCode).toBe(125);
    expect(stderr.toLowerCase()).toContain("no command specified");
  });

  test("the host name is the short id, or what -h says, and is in /etc/hosts", async () => {
    const id = await engine.ok("run", "-d", image, "sh", "-c", "hostname; cat /etc/hostname");
    await engine.ok("wait", id);
    expect(await engine.ok("logs", id)).toBe(`${id.slice(0, 12)}\n${id.slice(0, 12)}`);
    await engine.ok("rm", id);
    expect(
      await shell(
        "hostname; grep -c 'ship.example ship' /etc/hosts",
        "-h",
        "ship",
        "--domainname",
        "example",
      ),
    ).toBe("ship\n1");
  });

  test("--add-host and --dns reach the files", async () => {
    const text = await shell(
      "cat /etc/hosts /etc/resolv.conf",
      "--add-host",
      "harbour:10.9.8.7",
      "--dns",
      "10.1.2.3",
      "--dns-search",
      "example.org",
    );
    expect(text).toMatch(/10\.9\.8\.7\s+harbour/);
    expect(text).toContain("nameserver 10.1.2.3");
    expect(text).toContain("search example.org");
  });

  test("--init runs an init as PID 1 that reaps orphans", async () => {
    const text = await shell(
      "cat /proc/1/comm; (sh -c 'sleep 0.1 &'); sleep 0.4; ps | grep -c '[Zz]ombie\\|\\[sleep\\]'; true",
      "--init",
    );
    expect(text.split("\n")[0]).toMatch(/init|tini|catatonit/);
    expect(text.split("\n")[1]).toBe("0");
  });

  test("--pid=host sees this process, --pid=container: sees the other's", async () => {
    expect(await shell(`test -d /proc/${process.pid} && echo yes`, "--pid", "host")).toBe("yes");
    const id = await engine.ok("run", "-d", image, "sleep", "1234");
    expect(await shell("ps | grep -c '[s]leep 1234'", "--pid", `container:${id}`)).toBe("1");
    await engine.ok("rm", "-f", id);
  });

  test("--uts=host and --ipc=host share the namespaces", async () => {
    const namespaces = await shell(
      "readlink /proc/self/ns/uts; readlink /proc/self/ns/ipc",
      "--uts",
      "host",
      "--ipc",
      "host",
    );
    expect(namespaces).toBe(`${readlinkSync("/proc/self/ns/uts")}\n${readlinkSync("/proc/self/ns/ipc")}`);
  });

  test("--ipc=container: joins whoever shares, also by way of another", async () => {
    const sleeper = (...flags: string[]) => engine.ok("run", "-d", ...flags, image, "sleep", "1000");
    const own = await sleeper("--ipc", "shareable");
    await engine.ok("exec", own, "touch", "/dev/shm/mark");
    const joined = await sleeper("--ipc", `container:${own}`);
    expect(await shell("ls /dev/shm", "--ipc", `container:${joined}`)).toBe("mark");
    const host = await sleeper("--ipc", "host");
    expect(await shell("readlink /proc/self/ns/ipc", "--ipc", `container:${host}`)).toBe(
      readlinkSync("/proc/self/ns/ipc"),
    );
    const alone = await sleeper();
    const { exitCode, stderr } = await run("--ipc", `container:${alone}`, image, "true");
    expect([exitCode, stderr]).toEqual([
      125,
      expect.stringContaining(`can't join IPC of container ${alone}: non-shareable IPC (hint: `) as string,
    ]);
    await engine.ok("rm", "-f", own, joined, host, alone);
  });

  test("every namespace is the container's own by default", async () => {
    for (const name of ["mnt", "pid", "net", "ipc", "uts"])
      expect(await shell(`readlink /proc/self/ns/${name}`)).not.toBe(readlinkSync(`/proc/self/ns/${name}`));
  });
});
