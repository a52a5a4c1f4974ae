// The command protocol of 2013: its bytes, its 25 commands, and who gets in.
import { afterAll, afterEach, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { eventually, run } from "../harness/command.ts";
import { startDaemon } from "../harness/daemon.ts";
import { removeAllContainers } from "../harness/engine.ts";
import { loadTestImage, testImage as image } from "../harness/images.ts";
import { command, converse } from "../harness/rcli.ts";
import { freePort, startRegistry } from "../harness/registry.ts";

const password = "open:sesame";
const registry = await startRegistry({ basic: { user: "ali", password } });
const port = await freePort();
const folder = `/tmp/sampan-rcli-${process.pid}.json`;
writeFileSync(
  folder,
  JSON.stringify({ registries: { "docker.io": { location: `http://${registry.host}` } } }),
);
const daemon = await startDaemon({
  flags: ["-D", `--rcli=127.0.0.1:${port}`, "--config-file", folder, "--group", "games"],
});
await loadTestImage(daemon);
afterAll(async () => {
  await daemon.stop();
  await registry.stop();
  await Bun.file(folder).delete();
});
afterEach(() => removeAllContainers(daemon));

const say = async (...words: readonly string[]): Promise<string> => (await command(port, words)).text;
const [repository = "", tag = ""] = image.split(":");

describe("the protocol", () => {
  test("options come before output, the end of the connection is the end of the command", async () => {
    expect(await command(port, ["run", image, "echo", "hello"])).toMatchObject({
      raw: false,
      text: "hello\n",
    });
  });

  test("no command is a cry for help, an unknown one is named", async () => {
    expect(await say()).toStartWith("Usage: sampan COMMAND [arg...]\n\nA self-sufficient runtime");
    expect(await say("help")).toBe(await say());
    expect(await say("help", "run")).toContain('\n  -h="": Container host name\n');
    expect(await say("nosuch")).toBe("Error: No such command: nosuch\n");
  });

  test("stdout and stderr come as they were written, an error as text", async () => {
    expect(await say("run", image, "sh", "-c", "echo out; echo err >&2; exit 3")).toBe("out\nerr\n");
    expect(await say("start", "nobody")).toBe("Error: No such container: nobody\n");
    expect(await say("run", image, "/no/such")).toMatch(/^Error: failed to create task .*\n$/);
  });

  test("half-close is the end of input and of nothing else", async () => {
    const script = "cat; sleep 0.5; echo end";
    expect((await command(port, ["run", "-i", image, "sh", "-c", script], "a\nb\n")).text).toBe(
      "a\nb\nend\n",
    );
  });

  test("input that came with the command is the program's", async () => {
    const { socket, ended } = converse(port, `${JSON.stringify(["run", "-i", image, "cat"])}\nat once\n`);
    socket.end("later\n");
    expect((await ended).text).toBe("at once\nlater\n");
  });

  test("40 MB in and out, whole", async () => {
    const input = new Uint8Array(40 << 20);
    for (let at = 0; at < input.length; at += 4096) input[at] = (at >> 12) & 255;
    const { bytes } = await command(port, ["run", "-i", image, "cat"], input);
    const hash = (data: Uint8Array) => createHash("sha256").update(data).digest("hex");
    expect(hash(bytes)).toBe(hash(input));
  });

  test("a terminal is raw, and left by its keys", async () => {
    const { socket, ended, waitFor } = converse(port, ["run", "-i", "-t", image, "sh"]);
    await waitFor("# ");
    socket.write("tty; stty -echo; echo x$((20+3))\n");
    await waitFor("x23");
    socket.write("\u0010\u0011");
    const { raw, text } = await ended;
    expect(raw).toBe(true);
    expect(text).toContain("/dev/pts/");
    expect(text).not.toContain("Error");
    const id = (await say("ps", "-q")).trim();
    const again = converse(port, ["attach", id]);
    again.socket.write("echo y$((40+2)); exit\n");
    const { raw: stillRaw, text: more } = await again.ended;
    expect(stillRaw).toBe(true);
    expect(more).toContain("y42");
  });

  test("fifty at once", async () => {
    const all = Array.from({ length: 50 }, (_, index) => say("run", image, "echo", `n${index}`));
    expect(await Promise.all(all)).toEqual(all.map((_, index) => `n${index}\n`));
  });

  test("real nc", async () => {
    const line = `printf '["run","${image}","echo","hi"]\\n' | nc 127.0.0.1 ${port}`;
    expect((await run(["sh", "-c", line])).stdout).toBe('{"RawTerminal":false}\nhi\n');
  });

  test("a client that is killed leaves its container, and the daemon lets go of it", async () => {
    const script = `import socket,time,sys
s = socket.create_connection(("127.0.0.1", ${port}))
s.sendall(b'["run","-i","${image}","sleep","77"]\\n')
print("sent", flush=True)
time.sleep(99)`;
    const client = Bun.spawn(["/usr/bin/python3", "-c", script], { stdout: "pipe" });
    await eventually(
      async () => (await say("ps")).includes("sleep 77"),
      () => "the container",
    );
    client.kill("SIGKILL");
    await eventually(
      () => daemon.log().includes("command left by its user"),
      () => "the end of the command",
    );
    expect(await say("ps")).toContain("sleep 77");
  });

  test("the log shows the command, and no secret", async () => {
    await say("run", "-e", "TOKEN=hush-hush", image, "true");
    await say("login", "-u", "ali", "-p", "hush-hush");
    const log = daemon.log();
    expect(log).toContain("TOKEN=***");
    expect(log).not.toContain("hush-hush");
  });
});

describe("the commands of 2013", () => {
  test("run, ps, stop, start, restart, wait, logs, kill, rm", async () => {
    const id = (
      await say(
        "run",
        "-d",
        "-h",
        "box",
        "-p",
        "80",
        "-e",
        "A=b",
        image,
        "sh",
        "-c",
        "hostname; echo $A; exec sleep 99",
      )
    ).trim();
    expect(id).toMatch(/^[0-9a-f]{12}$/);
    const ps = await say("ps");
    expect(ps).toMatch(/^ID {13}IMAGE +COMMAND +CREATED +STATUS +COMMENT +PORTS\n/);
    expect(ps).toMatch(
      new RegExp(`\n${id} +${image} +sh -c 'hostname; ech +.* ago +Up .*[a-z] {10,}\\d+->80\n$`),
    );
    expect(await say("ps", "-notrunc")).toMatch(/\n[0-9a-f]{64} /);
    expect(await say("ps", "-q")).toBe(`${id}\n`);
    expect(await say("port", id, "80")).toMatch(/^\d+\n$/);
    expect(await say("logs", id)).toBe("box\nb\n");
    expect(await say("start", id)).toBe(`Error: The container ${id} is already running.\n`);
    expect(await say("stop", "-t", "0", id)).toBe(`${id}\n`);
    expect(await say("ps")).not.toContain(id);
    expect(await say("ps", "-a")).toContain("Exit 137");
    expect(await say("ps", "-l", "-q")).toBe(`${id}\n`);
    expect(await say("start", id)).toBe(`${id}\n`);
    expect(await say("restart", "-t=0", id)).toBe(`${id}\n`);
    const waiting = say("wait", id);
    expect(await say("kill", id)).toBe("");
    expect(await waiting).toBe("137\n");
    expect(await say("kill", id)).toContain(`Error killing container ${id}: `);
    expect(await say("start", id)).toBe(`${id}\n`);
    const removal = say("rm", id, "nobody");
    await daemon.ok("kill", id);
    expect(await removal).toBe("Error: No such container: nobody\n");
    expect(await say("ps", "-a", "-q")).toBe("");
  });

  test("the id is said where nothing else is, and only the streams that were asked for come", async () => {
    expect(await say("run", "-a", "stdout", image, "sh", "-c", "echo out; echo err >&2")).toBe("out\n");
    const { text } = await command(port, ["run", "-i", "-a", "stdin", image, "cat"], "in");
    expect(text).toMatch(/^[0-9a-f]{12}\n$/);
    expect(await say("run", "-d", "-a", "stdout", image, "true")).toBe(
      "Error: Conflicting options: -a and -d\n",
    );
  });

  test("images, history, tag, commit, import, export, diff, inspect, rmi", async () => {
    expect(await say("images")).toMatch(/^REPOSITORY {10,}TAG {10,}ID {10,}CREATED\n/);
    expect(await say("images", repository)).toMatch(
      new RegExp(`\n${repository} +${tag} +[0-9a-f]{12} +.* ago\n$`),
    );
    expect(await say("images", "-q", "nosuch")).toBe("");
    expect(await say("history", image)).toMatch(/^ID +CREATED +CREATED BY\n\S+ +.* ago/);
    expect(await say("tag", "-f", image, "copy", "v1")).toBe("");
    await say("run", image, "touch", "/new");
    const id = (await say("ps", "-l", "-q")).trim();
    expect(await say("diff", id)).toBe("A /new\n");
    const committed = (await say("commit", "-m", "note", "-author", "Ann", id, "made", "v2")).trim();
    expect(committed).toMatch(/^[0-9a-f]{12}$/);
    expect(await daemon.ok("image", "inspect", "-f", "{{.Comment}} {{.Author}}", "made:v2")).toBe("note Ann");
    expect(await say("run", "made:v2", "ls", "/new")).toBe("/new\n");
    const { bytes } = await command(port, ["export", id]);
    expect(bytes.toString("latin1", 257, 262)).toBe("ustar");
    const imported = (await command(port, ["import", "-", "again", "v3"], bytes)).text.trim();
    expect(imported).toMatch(/^[0-9a-f]{12}$/);
    expect(await say("images", "again")).toContain(imported);
    const inspected = await say("inspect", id);
    expect(JSON.parse(inspected)).toMatchObject({ Path: "touch", Args: ["/new"] });
    expect(inspected).toStartWith('{\n    "Id": ');
    expect(JSON.parse(await say("inspect", "made:v2"))).toMatchObject({ Author: "Ann" });
    await removeAllContainers(daemon);
    expect(await say("rmi", "copy:v1", "made:v2", "again:v3")).toBe("");
    expect(await say("images", "made")).toBe(
      "REPOSITORY          TAG                 ID                  CREATED\n",
    );
  });

  test("info and version", async () => {
    expect(await say("info")).toMatch(/^containers: 0\nversion: \S+\nimages: 1\n$/);
    expect(await say("version")).toMatch(/^Version: \S+\nGit Commit: \S+\nKernel: \S+\n/);
  });

  test("-p :PORT is the same port outside", async () => {
    const own = await freePort();
    const id = (await say("run", "-d", "-p", `:${own}`, image, "sleep", "9")).trim();
    expect(await say("port", id, String(own))).toBe(`${own}\n`);
  });

  test("what 2013 did not know is today's", async () => {
    await say("run", "--name", "web", image, "true");
    expect(await say("ps", "--all")).toStartWith("CONTAINER ID   IMAGE");
    expect(await say("ps", "-a", "--format", "{{.Names}}")).toBe("web\n");
    expect(await say("container", "ls", "-aq")).toMatch(/^[0-9a-f]{12}\n$/);
    expect(await say("network", "ls")).toContain("bridge");
    expect(await say("run", "--rm", image, "echo", "x")).toBe("x\n");
    expect(await say("--version")).toMatch(/version/);
  });
});

describe("the daemon's files are not the user's", () => {
  const secret = join(daemon.folder, "secret");
  writeFileSync(secret, "A=secret\n");
  test.each([
    [["run", "--env-file", secret, image, "env"]],
    [["run", "--cidfile", join(daemon.folder, "cid"), image, "true"]],
    [["save", "-o", join(daemon.folder, "x.tar"), image]],
    [["load", "-i", secret]],
    [["cp", secret, "web:/"]],
    [["import", secret]],
    [["context", "ls"]],
    [["install"]],
    [["-H", "unix:///x", "ps"]],
    [["--config", daemon.folder, "ps"]],
    [["compose", "up"]],
  ])("%j", async (words) => {
    const text = await say(...words);
    expect(text).toMatch(/none of yours|unknown|No such command/);
    expect(text).not.toContain("A=secret");
    expect([existsSync(join(daemon.folder, "cid")), existsSync(join(daemon.folder, "x.tar"))]).toEqual([
      false,
      false,
    ]);
  });

  test("streams stand for files", async () => {
    const { bytes } = await command(port, ["save", image]);
    expect((await command(port, ["load"], bytes)).text).toContain(`Loaded image: ${image}`);
    await daemon.ok("create", "--name", "web", image, "true");
    expect((await command(port, ["cp", "web:/etc/passwd", "-"])).bytes.toString("latin1", 0, 6)).toBe(
      "passwd",
    );
  });
});

describe("who gets in", () => {
  /** Runs a client as somebody else, who prints what comes back. */
  const as = (who: readonly string[], line: string, then = "time.sleep(0.05)") =>
    run([
      "setpriv",
      ...who,
      python,
      "-c",
      `import socket,time
s = socket.create_connection(("127.0.0.1", ${port})); s.settimeout(10)
s.sendall(${JSON.stringify(line)}.encode()); ${then}
print(b"".join(iter(lambda: s.recv(4096), b"")).decode())`,
    ]);
  // One that everybody may execute.
  const python = "/usr/bin/python3";
  const nobody = ["--reuid=65534", "--regid=65534", "--clear-groups"];
  const ps = '["ps"]\n';

  test("strangers do not", async () => {
    const { stdout } = await as(nobody, ps);
    expect(stdout).toContain("Error: permission denied: only root");
    expect(stdout).not.toContain("IMAGE");
  });

  test("members of the engine's group do", async () => {
    expect((await as(["--reuid=65534", "--regid=65534", "--groups=60"], ps)).stdout).toContain("IMAGE");
    expect((await as(["--reuid=65534", "--regid=60", "--clear-groups"], ps)).stdout).toContain("IMAGE");
  });

  test("strangers who close before they are looked at are not taken for root", async () => {
    const line = `["run","-d","--name","smuggled","${image}","true"]\n`;
    const script = `import socket,struct
for how in range(200):
  s = socket.create_connection(("127.0.0.1", ${port}))
  s.sendall(${JSON.stringify(line)}.encode())
  if how % 2: s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
  s.close()`;
    const { exitCode } = await run(["setpriv", ...nobody, python, "-c", script]);
    expect(exitCode).toBe(0);
    await eventually(
      () => daemon.log().split("command connection refused").length > 100,
      () => "a hundred refusals: connections that were reset may never be seen",
    );
    expect(await say("ps", "--all", "--filter", "name=smuggled", "-q")).toBe("");
  });

  test("root in a container with the host's network does not", async () => {
    const line = `printf '["ps"]\\n' | nc 127.0.0.1 ${port}`;
    const { stdout } = await daemon.docker("run", "--rm", "--network", "host", image, "sh", "-c", line);
    expect(stdout).toContain("Error: permission denied: programs in containers");
  });

  test.each([
    "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    'POST /x HTTP/1.1\r\n\r\n["ps"]\n',
    "\u0016\u0003\u0001",
    "{}\n",
    "[1]\n",
  ])("%j is an error, and the end", async (bytes) => {
    const { text } = await converse(port, bytes).ended;
    expect(text).toMatch(/^Error: this is .*\n$/);
    expect(text).not.toContain("IMAGE");
  });

  test("a line has an end", async () => {
    const { text } = await converse(port, `["${"x".repeat(300_000)}"]\n`).ended;
    expect(text).toBe("Error: the line is longer than 262144 bytes\n");
  });

  test("a client that says nothing is not waited for", async () => {
    expect((await converse(port, "").ended).text).toBe("Error: no command came within 10 s\n");
  }, 30_000);

  test("there is a most of connections", async () => {
    const silent = Array.from({ length: 256 }, () => connect(port, "127.0.0.1"));
    await Promise.all(silent.map((socket) => new Promise((resolve) => socket.once("connect", resolve))));
    expect(await say("ps")).toContain("Error: too many connections");
    for (const socket of silent) socket.destroy();
    await eventually(
      async () => (await say("ps")).includes("IMAGE"),
      () => "room again",
    );
  });
});

describe(".dockercfg", () => {
  const file = join(daemon.root, ".dockercfg");

  test("push asks first who the user is, where nobody knows; Ctrl-C ends it", async () => {
    const { socket, ended, waitFor } = converse(port, ["push", "ali/none"]);
    await waitFor("Username: ");
    socket.write("al\u0003");
    expect(await ended).toMatchObject({ raw: true, text: "Username: al" });
    expect(existsSync(file)).toBe(false);
  });

  test("login asks on a raw terminal, and keeps what the registry accepts", async () => {
    const { socket, ended, waitFor } = converse(port, ["login"]);
    await waitFor("Username: ");
    socket.write("alx\u007fi\r");
    await waitFor("Password: ");
    socket.write(`${password}\r`);
    await waitFor("Email: ");
    socket.write("ali@cave.example\r");
    const { raw, text } = await ended;
    expect(raw).toBe(true);
    expect(text).toContain("Login Succeeded");
    expect(text).not.toContain(password);
    const auth = Buffer.from(`ali:${password}`).toString("base64");
    expect(readFileSync(file, "utf8")).toBe(`auth = ${auth}\nemail = ali@cave.example\n`);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const again = converse(port, ["login"]);
    await again.waitFor("Username (ali): ");
    again.socket.write("\r\r\r");
    expect((await again.ended).text).toContain("Email (ali@cave.example): \r\n");
  });

  test("push and pull use it; a name without a user is refused", async () => {
    await say("tag", image, "ali/app", "1");
    expect(await say("push", "ali/app:1")).not.toContain("rror");
    await say("rmi", "ali/app:1");
    expect(await say("pull", "ali/app:1")).toContain("ali/app:1");
    expect(await say("push", "app")).toContain('Impossible to push a "root" repository');
    await say("rmi", "ali/app:1");
  });

  test("a wrong password changes nothing", async () => {
    const before = readFileSync(file, "utf8");
    const { text } = await command(port, ["login"], "ali\nwrong\n\n");
    expect(text).toContain("unauthorized");
    expect(readFileSync(file, "utf8")).toBe(before);
  });

  test("its credentials move into a user's config.json on request", async () => {
    const config = join(daemon.folder, "config");
    const { stdout } = await daemon.sampan("--config", config, "login", "--migrate-dockercfg");
    expect(stdout).toContain("Credentials of ali for https://index.docker.io/v1/ are in");
    const { auths } = JSON.parse(readFileSync(join(config, "config.json"), "utf8")) as { auths: unknown };
    expect(auths).toEqual({
      "https://index.docker.io/v1/": {
        auth: Buffer.from(`ali:${password}`).toString("base64"),
        email: "ali@cave.example",
      },
    });
  });

  test("logout takes it away", async () => {
    await say("logout");
    expect(existsSync(file)).toBe(false);
  });
});

describe("the port", () => {
  test("the usual one may be another's, one that was asked for may not", async () => {
    const other = createServer().listen(4242, "127.0.0.1");
    // Taken by us, or by another daemon: either way it is taken.
    await new Promise((resolve) => other.once("listening", resolve).once("error", resolve));
    try {
      const beside = await startDaemon({ flags: ["--rcli="] });
      expect(beside.log()).toContain("no command protocol, its port is not to be had");
      await beside.stop();
      const refused = startDaemon({ flags: [`--rcli=127.0.0.1:${port}`] });
      expect(refused).rejects.toThrow(`cannot listen on 127.0.0.1:${port}`);
      await refused.catch(() => {});
    } finally {
      other.close();
    }
  });
});
