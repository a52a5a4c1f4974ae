// Our client where bytes flow: pipes, terminals, detach keys, signals.
import { afterEach, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually, inTerminal, run, slowness } from "../harness/command.ts";
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

describe("Ctrl-C on a terminal", () => {
  test("reaches the program; three of them leave one that does not heed it", async () => {
    const running = terminal("run", "--name", "deaf", image, "sh", "-c", "trap '' INT; echo up; sleep 1000");
    await running.waitFor("up");
    const type = async (): Promise<void> => {
      running.type("\x03");
      // For each to be a signal of its own, and the client to have passed it on.
      await Bun.sleep(100 * slowness);
    };
    await type();
    await type();
    expect(running.child.exitCode).toBeNull();
    // Signals that a busy machine has not delivered yet become one: more than three may have to be typed.
    for (let typed = 2; typed < 30 && running.child.exitCode === null; typed++) await type();
    expect(await running.child.exited).toBe(1);
    expect(running.seen()).toContain("got 3 SIGTERM/SIGINTs, forcefully exiting");
    expect((await sampan("ps", "-q", "--filter", "name=deaf")).stdout).not.toBe("");
  });

  test("ends what only watches, as a signal does", async () => {
    await engine.ok("run", "-d", "--name", "talker", image, "sh", "-c", "echo hello; sleep 1000");
    for (const words of [["logs", "-f", "talker"], ["events"], ["wait", "talker"]]) {
      const watching = terminal(...words);
      if (words[0] === "logs") await watching.waitFor("hello");
      else await Bun.sleep(300);
      watching.type("\x03");
      await watching.child.exited;
      expect(watching.child.signalCode).toBe("SIGINT");
    }
  });
});

describe("job control", () => {
  const stateOf = (pid: number): string =>
    readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.slice(0, 1) ?? "";

  test("a stop gives the terminal back, and going on takes it again", async () => {
    const inside = terminal("run", "--rm", "-it", image, "sh");
    await inside.waitFor("# ");
    const { pid } = inside.child;
    const rawMode = async (): Promise<boolean> =>
      (await run(["stty", "-a", "-F", readlinkSync(`/proc/${pid}/fd/0`)])).stdout.includes("-icanon");
    expect(await rawMode()).toBe(true);
    process.kill(pid, "SIGTSTP");
    await eventually(
      () => stateOf(pid) === "T",
      () => "a stopped client",
    );
    expect(await rawMode()).toBe(false);
    process.kill(pid, "SIGCONT");
    await eventually(rawMode, () => "raw mode");
    inside.type("echo still-$((40+2))\rexit 3\r");
    expect(await inside.child.exited).toBe(3);
    expect(inside.seen()).toContain("still-42");
  });

  test("without a terminal inside, Ctrl-Z stops the client and not the container", async () => {
    const shellOutside = inTerminal(["bash", "--norc", "-i"], { ...env, S: executable, PS1: "ready> " });
    await shellOutside.waitFor("ready> ");
    shellOutside.type(`$S run --rm --name goes-on -i ${image} sh -c 'echo $((40+1)); read x; echo got $x'\r`);
    await shellOutside.waitFor("41");
    shellOutside.type("\x1a");
    await shellOutside.waitFor("Stopped");
    expect((await sampan("ps", "-q", "--filter", "name=goes-on")).stdout).not.toBe("");
    shellOutside.type("fg\r");
    await Bun.sleep(200);
    shellOutside.type("words\r");
    await shellOutside.waitFor("got words");
    // What is typed before the client has ended is the client's to read.
    await eventually(
      () => shellOutside.seen().split("got words").at(-1)?.includes("ready> ") === true,
      () => `the shell's prompt: ${shellOutside.seen()}`,
    );
    shellOutside.type("exit\r");
    await shellOutside.child.exited;
  });
});

describe("signs of life", () => {
  test("what takes long says so on a terminal, and leaves no trace", async () => {
    await engine.ok("run", "-d", "--name", "slow", image, "sleep", "1000");
    const stopping = terminal("stop", "-t", "2", "slow");
    await stopping.waitFor("stopping slow … 1 s");
    expect(await stopping.child.exited).toBe(0);
    expect(stopping.seen()).toEndWith("\r\x1b[Kslow\r\n");
  });

  test("but not into a pipe", async () => {
    await engine.ok("run", "-d", "--name", "quiet", image, "sleep", "1000");
    expect(await sampan("stop", "-t", "1", "quiet")).toEqual({ exitCode: 0, stdout: "quiet\n", stderr: "" });
  });
});

describe("the user's configuration", () => {
  test("headers go with every request, and detach keys are heeded", async () => {
    const config = join(engine.folder, "own-config");
    mkdirSync(config, { recursive: true });
    writeFileSync(
      join(config, "config.json"),
      JSON.stringify({ HttpHeaders: { "X-Mine": "yes" }, detachKeys: "ctrl-a,z" }),
    );
    const seen: (string | null)[] = [];
    const socket = join(engine.folder, "own.sock");
    const server = Bun.serve({
      unix: socket,
      fetch: (request) => {
        seen.push(request.headers.get("x-mine"));
        return Response.json([]);
      },
    });
    await run([executable, "ps"], { env: { DOCKER_HOST: `unix://${socket}`, DOCKER_CONFIG: config } });
    await server.stop(true);
    expect(seen).toEqual(["yes"]);
    const inside = inTerminal([executable, "run", "-it", "--name", "leave", image, "sh"], {
      ...env,
      DOCKER_CONFIG: config,
    });
    await inside.waitFor("# ");
    inside.type("\x01z");
    expect(await inside.child.exited).toBe(0);
    expect((await sampan("ps", "-q", "--filter", "name=leave")).stdout).not.toBe("");
  });

  test("a context names the engine", async () => {
    const config = join(engine.folder, "context-config");
    const own = { DOCKER_CONFIG: config };
    const made = await run(
      [executable, "context", "create", "here", "--docker", `host=unix://${engine.socket}`],
      { env: own },
    );
    expect(made.exitCode).toBe(0);
    const flag = await run([executable, "-c", "here", "info", "-f", "{{.ClientInfo.Context}}"], { env: own });
    expect(flag.stdout).toBe("here\n");
    const variable = await run([executable, "ps", "-q"], { env: { ...own, DOCKER_CONTEXT: "here" } });
    expect(variable.exitCode).toBe(0);
    await run([executable, "context", "use", "here"], { env: own });
    expect((await run([executable, "ps", "-q"], { env: own })).exitCode).toBe(0);
    // Docker's client reads what ours wrote.
    expect((await run(["docker", "context", "show"], { env: own })).stdout).toBe("here\n");
    expect((await run(["docker", "ps", "-q"], { env: own })).exitCode).toBe(0);
  });

  test("a plugin of docker's client runs as ours", async () => {
    const config = join(engine.folder, "plugin-config");
    mkdirSync(join(config, "cli-plugins"), { recursive: true });
    const plugin = join(config, "cli-plugins/docker-hello");
    writeFileSync(plugin, '#!/bin/sh\necho "$@ $DOCKER_HOST"; exit 7\n', { mode: 0o755 });
    const { stdout, exitCode } = await run([executable, "hello", "--flag", "x"], {
      env: { ...env, DOCKER_CONFIG: config },
    });
    expect({ stdout, exitCode }).toEqual({ stdout: `hello --flag x unix://${engine.socket}\n`, exitCode: 7 });
  });
});

describe("completion", () => {
  test("names come from the engine, and none where it is not there", async () => {
    await engine.ok("create", "--name", "boat", image, "true");
    const complete = async (more: Record<string, string>, ...words: string[]) =>
      (await run([executable, "__complete", "--", ...words], { env: { ...env, ...more } })).stdout;
    expect(await complete({}, "start", "bo")).toBe("boat\tCreated\n");
    expect(await complete({}, "run", "test/")).toBe(`${image}\n`);
    expect(await complete({ SAMPAN_HOST: "unix:///nowhere.sock" }, "start", "")).toBe("");
  });

  test("the script for bash completes commands, flags and names", async () => {
    await engine.ok("create", "--name", "ship", image, "true");
    const script = `
      PATH=$(dirname "$S"):$PATH
      source <("$S" completion bash)
      try() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _sampan 2>/dev/null; echo "\${COMPREPLY[@]}"; }
      try "$S" unp; try "$S" run --netw; try "$S" rm sh`;
    expect((await shell(script)).stdout).toBe("unpause\n--network --network-alias\nship\n");
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
