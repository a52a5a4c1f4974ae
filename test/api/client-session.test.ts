// Our client where bytes flow: pipes, terminals, detach keys, signals.
import { afterEach, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { eventually, inTerminal, run } from "../harness/command.ts";
import { sampanExecutable } from "../harness/executable.ts";
import { engineForTests } from "../harness/for-tests.ts";
import { removeAllContainers } from "../harness/engine.ts";
import { testImage as image } from "../harness/images.ts";

const engine = await engineForTests();
const env = { SAMPAN_HOST: `unix://${engine.socket}`, DOCKER_CONFIG: engine.folder };
const executable = sampanExecutable();
const sampan = (...words: string[]) => run([executable, ...words], { env });
const terminal = (...words: string[]) => inTerminal([executable, ...words], env);
/** A shell line in which "$S" is our client. */
const shell = (line: string) => run(["bash", "-c", line], { env: { ...env, S: executable } });

afterEach(() => removeAllContainers(engine));

describe("pipes", () => {
  test("what goes in through cat comes out whole", async () => {
    const input = new Uint8Array(40 << 20);
    for (let at = 0; at < input.length; at += 4096) input[at] = (at >> 12) & 255;
    const child = Bun.spawn([executable, "run", "--rm", "-i", image, "cat"], {
      env: { ...process.env, ...env },
      stdin: input,
      stdout: "pipe",
    });
    const hash = createHash("sha256");
    for await (const bytes of child.stdout) hash.update(bytes);
    expect(await child.exited).toBe(0);
    expect(hash.digest("hex")).toBe(createHash("sha256").update(input).digest("hex"));
  });

  test("a slow reader gets everything too", async () => {
    const { stdout } = await shell(
      `head -c 20000000 /dev/zero | $S run --rm -i ${image} cat | (sleep 1; wc -c)`,
    );
    expect(stdout.trim()).toBe("20000000");
  });

  test("the program's stdin ends with ours, and not before", async () => {
    const { stdout } = await shell(
      `(echo one; sleep 0.3; echo two) | $S run --rm -i ${image} sh -c 'cat; echo end'`,
    );
    expect(stdout).toBe("one\ntwo\nend\n");
  });

  test("our stdin may stay open when the program ends", async () => {
    const child = Bun.spawn([executable, "run", "--rm", "-i", image, "sh", "-c", "exit 5"], {
      env: { ...process.env, ...env },
      stdin: "pipe",
    });
    expect(await child.exited).toBe(5);
  });

  test("both streams on one pipe keep the order in which the engine sends them", async () => {
    const script = "i=0; while [ $i -lt 300 ]; do echo out$i; echo err$i >&2; i=$((i+1)); done";
    await engine.docker("run", "--name", "order", image, "sh", "-c", script);
    const { stdout } = await shell("$S logs order 2>&1");
    const theirs = await run(["bash", "-c", "docker logs order 2>&1"], {
      env: { DOCKER_HOST: `unix://${engine.socket}` },
    });
    expect(stdout.split("\n")).toHaveLength(601);
    expect(stdout).toBe(theirs.stdout);
  });

  test("a reader that has had enough ends us as SIGPIPE would, and nobody else", async () => {
    const { stdout, stderr } = await shell(
      `$S run --rm ${image} sh -c 'yes | head -c 3000000' | head -1; echo "\${PIPESTATUS[0]}"`,
    );
    expect({ stdout, stderr }).toEqual({ stdout: "y\n141\n", stderr: "" });
  });

  test("a pipe that is shared with others stays as it was", async () => {
    // A program behind us on the same pipe would fail if we had made it non-blocking.
    const { stdout } = await shell(
      `($S run --rm ${image} echo first; head -c 1000000 /dev/zero | tr '\\0' x) | (sleep 0.5; wc -c)`,
    );
    expect(stdout.trim()).toBe("1000006");
  });
});

describe("a terminal", () => {
  test("has our size, follows it, and gives the exit code back", async () => {
    const shellInside = terminal("run", "--rm", "-it", image, "sh");
    await shellInside.waitFor("# ");
    shellInside.type("stty size\r");
    await shellInside.waitFor("24 80");
    shellInside.resize(100, 40);
    // The program inside learns of it a moment later.
    await eventually(
      () => {
        shellInside.type("stty size\r");
        return shellInside.seen().includes("40 100");
      },
      () => shellInside.seen(),
    );
    shellInside.type("exit 7\r");
    expect(await shellInside.child.exited).toBe(7);
  });

  test("the detach keys leave the program running, and attach comes back to it", async () => {
    const first = terminal("run", "-it", "--name", "detached", image, "sh");
    await first.waitFor("# ");
    first.type("name=boat\r\x10\x11");
    expect(await first.child.exited).toBe(0);
    const second = terminal("attach", "--detach-keys", "ctrl-a,x", "detached");
    await eventually(
      () => {
        second.type("\recho still-$name\r");
        return second.seen().includes("still-boat");
      },
      () => second.seen(),
    );
    second.type("\x01x");
    expect(await second.child.exited).toBe(1);
    expect(second.seen()).toContain("read escape sequence");
    expect((await sampan("ps", "-q", "--filter", "name=detached")).stdout).not.toBe("");
  });

  test("exec has one of its own", async () => {
    await engine.ok("run", "-d", "--name", "outer", image, "sleep", "1000");
    const inside = terminal("exec", "-it", "outer", "sh");
    await inside.waitFor("# ");
    inside.type("test -t 0 && stty size; exit 4\r");
    await inside.waitFor("24 80");
    expect(await inside.child.exited).toBe(4);
  });

  test("is needed for -it", async () => {
    expect(await sampan("run", "--rm", "-it", image, "true")).toEqual({
      exitCode: 1,
      stdout: "",
      stderr: "the input device is not a TTY\n",
    });
  });
});

describe("signals", () => {
  test("are passed on to the program, whose exit code is ours", async () => {
    const script = "trap 'echo caught; exit 9' TERM; echo up; while :; do sleep 0.1; done";
    const child = Bun.spawn([executable, "run", "--rm", "--name", "trapped", image, "sh", "-c", script], {
      env: { ...process.env, ...env },
      stdout: "pipe",
    });
    await eventually(
      async () => (await sampan("logs", "trapped")).stdout.includes("up"),
      () => "the program's first line",
    );
    child.kill("SIGTERM");
    expect(await child.exited).toBe(9);
    expect(await child.stdout.text()).toBe("up\ncaught\n");
  });

  test("without the proxy they are for us alone", async () => {
    const child = Bun.spawn(
      [executable, "run", "--sig-proxy=false", "--name", "alone", image, "sleep", "1000"],
      {
        env: { ...process.env, ...env },
        stdout: "ignore",
      },
    );
    await eventually(
      async () => (await sampan("ps", "-q", "--filter", "name=alone")).stdout !== "",
      () => "a running container",
    );
    child.kill("SIGTERM");
    await child.exited;
    expect((await sampan("ps", "-q", "--filter", "name=alone")).stdout).not.toBe("");
  });
});

describe("start, attached", () => {
  test("gives output and exit code, and takes input with -i", async () => {
    await sampan("create", "--name", "later", "-i", image, "sh", "-c", "cat; exit 6");
    const { stdout, exitCode } = await shell(`echo words | $S start -ai later`);
    expect({ stdout, exitCode }).toEqual({ stdout: "words\n", exitCode: 6 });
  });
});

test("--cidfile gets the id, and an existing file is left alone", async () => {
  const file = join(engine.folder, "cid");
  const { stdout } = await sampan("run", "-d", "--cidfile", file, image, "true");
  expect(readFileSync(file, "utf8")).toBe(stdout.trim());
  const second = await sampan("run", "-d", "--cidfile", file, image, "true");
  expect(second.exitCode).toBe(125);
  expect(second.stderr).toStartWith("sampan: container ID file found");
  expect(existsSync(file)).toBe(true);
});
