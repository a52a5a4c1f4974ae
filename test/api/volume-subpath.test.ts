// A place inside a volume (`volume-subpath`): found at the start, never outside the volume, gone from the host with the start.
import { beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { output } from "../harness/command.ts";
import type { Daemon } from "../harness/daemon.ts";
import { engineForTests } from "../harness/for-tests.ts";
import { testImage as image } from "../harness/images.ts";

const engine = await engineForTests();
const { ok, docker } = engine;
const isSampan = engine.kind === "sampan";

const mountOf = (subpath: string, more = ""): string =>
  `type=volume,src=tree,dst=/d,volume-subpath=${subpath}${more}`;
/** A program that has the two change places as fast as it can (RENAME_EXCHANGE): there is always one of them. */
const exchange = `
  const { dlopen, ptr } = await import("bun:ffi");
  const { symbols } = dlopen("libc.so.6", {
    renameat2: { args: ["int", "ptr", "int", "ptr", "u32"], returns: "int" },
  });
  const [folder, link] = ["folder", "link"].map((name) => Buffer.from(name + "\\0"));
  for (;;) if (symbols.renameat2(-100, ptr(folder), -100, ptr(link), 2) !== 0) throw new Error("no exchange");
`;
/** What a script in a container with one subpath mounted at /d writes. */
const shell = (subpath: string, script: string, more = ""): Promise<string> =>
  ok("run", "--rm", "--mount", mountOf(subpath, more), image, "sh", "-c", script);

let data = "";
beforeAll(async () => {
  await ok("volume", "create", "tree");
  data = await ok("volume", "inspect", "-f", "{{.Mountpoint}}", "tree");
  mkdirSync(join(data, "a/b"), { recursive: true });
  mkdirSync(join(data, "other"));
  writeFileSync(join(data, "a/b/file"), "inner\n");
  writeFileSync(join(data, "a/outer"), "outer\n");
  writeFileSync(join(data, "other/file"), "other\n");
  symlinkSync("../a/b", join(data, "other/link"));
  symlinkSync("/etc", join(data, "absolute"));
  symlinkSync("../../..", join(data, "climbing"));
  symlinkSync("loop", join(data, "loop"));
});

/** Mounts of subpaths that the host has now, with other eyes. */
const mounted = (): string[] =>
  readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .map((line) => line.split(" ")[4] ?? "")
    .filter((place) => place.startsWith(engine.folder) && place.includes("/subpaths/"));

describe("a subpath", () => {
  test("is a folder of the volume, both ways, and nothing of it stays mounted on the host", async () => {
    const id = await ok("run", "-d", "--mount", mountOf("a/b"), image, "sleep", "1000");
    expect(await ok("exec", id, "sh", "-c", "echo /d/* && cat /d/file && echo x > /d/made")).toBe(
      "/d/file\ninner",
    );
    expect(readFileSync(join(data, "a/b/made"), "utf8")).toBe("x\n");
    expect(mounted()).toEqual([]);
    await ok("rm", "-f", id);
    expect(readFileSync(join(data, "a/b/made"), "utf8")).toBe("x\n");
    await output(["rm", join(data, "a/b/made")]);
  });

  test.each([
    ["a/b/file", "cat /d", "inner"],
    ["./a//c/../b/", "cat /d/file", "inner"],
    [".", "cat /d/a/outer", "outer"],
    ["other/link", "cat /d/file", "inner"],
    ["other/link/file", "cat /d", "inner"],
  ])("%s: a file, a path to be cleaned, a link within the volume", async (subpath, script, said) => {
    expect(await shell(subpath, script)).toBe(said);
  });

  test("may be read-only, as a folder and as a file", async () => {
    const write = (path: string): string =>
      `(echo x > ${path}) 2>&1; cat /d/file /d 2> /dev/null; grep -c ' /d .* ro,' /proc/mounts`;
    const refused = /Read-only file system\ninner\n1$/;
    expect(await shell("a/b", write("/d/made"), ",readonly")).toMatch(refused);
    expect(await shell("a/b/file", write("/d"), ",readonly")).toMatch(refused);
    expect(existsSync(join(data, "a/b/made"))).toBe(false);
    expect(readFileSync(join(data, "a/b/file"), "utf8")).toBe("inner\n");
  });

  test("two containers have different ones, a third has another's by --volumes-from", async () => {
    const one = await ok("create", "--mount", mountOf("a/b"), image, "cat", "/d/file");
    const two = await ok("create", "--mount", mountOf("other"), image, "cat", "/d/file");
    expect([await ok("start", "-a", one), await ok("start", "-a", two)]).toEqual(["inner", "other"]);
    expect(await ok("run", "--rm", "--volumes-from", one, image, "cat", "/d/file")).toBe("inner");
    const third = await ok(
      "create",
      "--volumes-from",
      `${one}:ro`,
      image,
      "sh",
      "-c",
      "cat /d/file; ! touch /d/x",
    );
    await ok("rm", one);
    expect(await ok("start", "-a", third)).toBe("inner");
    await ok("rm", two, third);
  });

  test("is found anew at each start, and shown by inspect", async () => {
    const id = await ok("create", "--mount", mountOf("later"), image, "cat", "/d/file");
    const failed = await docker("start", "-a", id);
    expect(failed.exitCode).toBe(1);
    expect(failed.stderr).toMatch(/cannot access path \S+\/tree\/_data\/later: .*no such file or directory/);
    expect(await ok("inspect", "-f", "{{.State.Status}} {{.State.ExitCode}} {{.State.Error}}", id)).toMatch(
      /^created 128 cannot access path/,
    );
    for (const text of ["first", "second"]) {
      await output(["rm", "-rf", join(data, "later")]);
      mkdirSync(join(data, "later"));
      writeFileSync(join(data, "later/file"), text);
      expect(await ok("start", "-a", id)).toBe(text);
    }
    const [request, point] = (await ok("inspect", "-f", "{{json .HostConfig.Mounts}}\n{{json .Mounts}}", id))
      .split("\n")
      .map((line) => (JSON.parse(line) as unknown[])[0]);
    expect(request).toMatchObject({ Source: "tree", Target: "/d", VolumeOptions: { Subpath: "later" } });
    expect(point).toMatchObject({ Type: "volume", Name: "tree", Source: data, Destination: "/d", RW: true });
    await ok("rm", id);
  });

  test("that is an empty folder takes over what the image has, unless it is told not to", async () => {
    for (const name of ["empty", "bare"]) mkdirSync(join(data, name));
    const mount = (name: string) => `type=volume,src=tree,dst=/etc,volume-subpath=${name}`;
    expect(await ok("run", "--rm", "--mount", mount("empty"), image, "ls", "/etc")).toContain("passwd");
    await docker("run", "--rm", "--mount", `${mount("bare")},volume-nocopy`, image, "true");
    expect([existsSync(join(data, "empty/passwd")), existsSync(join(data, "bare/passwd"))]).toEqual([
      true,
      false,
    ]);
    expect(existsSync(join(data, "passwd"))).toBe(false);
  });

  test("is what cp sees and writes into, of a container that runs and of one that does not", async () => {
    const id = await ok("create", "--mount", mountOf("a/b"), image, "sleep", "1000");
    for (const state of ["created", "running"]) {
      if (state === "running") await ok("start", id);
      expect(await ok("cp", `${id}:/d/file`, "-")).toContain("inner");
      const file = join(engine.folder, `from-${state}`);
      writeFileSync(file, state);
      await ok("cp", file, `${id}:/d/copied`);
      expect(readFileSync(join(data, "a/b/copied"), "utf8")).toBe(state);
    }
    await output(["rm", join(data, "a/b/copied")]);
    await ok("rm", "-f", id);
  });
});

describe("what leads out of the volume", () => {
  test.each(["absolute", "climbing", "absolute/passwd", "other/../climbing/x"])(
    "%s is refused at the start",
    async (subpath) => {
      const { exitCode, stderr } = await docker(
        "run",
        "--rm",
        "--mount",
        mountOf(subpath),
        image,
        "ls",
        "/d",
      );
      expect(exitCode).toBeGreaterThan(0);
      expect(stderr).toMatch(
        new RegExp(
          `path concatenation escapes the base directory, base: \\S+/tree/_data, subpath: ${subpath}`,
        ),
      );
    },
  );

  test("the statuses of a start that cannot be", async () => {
    const statuses: [string, number][] = [];
    for (const subpath of ["climbing", "nowhere", "a/outer/x", "loop"]) {
      const id = await ok("create", "--mount", mountOf(subpath), image, "true");
      statuses.push([subpath, (await engine.api("POST", `/containers/${id}/start`)).status]);
      await ok("rm", id);
    }
    expect(statuses).toEqual([
      ["climbing", 400],
      ["nowhere", 404],
      ["a/outer/x", 500],
      ["loop", 500],
    ]);
  });

  test.each(["../x", "a/../../x", "/a", ".."])("%s is refused at the creation", async (subpath) => {
    const { exitCode, stderr } = await docker("create", "--mount", mountOf(subpath), image, "true");
    expect(exitCode).toBe(1);
    expect(stderr).toContain(
      'invalid mount config for type "volume": subpath must be a relative path within the volume',
    );
  });

  test("a client of before 1.45 is told that it asks for something newer", async () => {
    const body = {
      Image: image,
      HostConfig: {
        Mounts: [{ Type: "volume", Source: "tree", Target: "/d", VolumeOptions: { Subpath: "a" } }],
      },
    };
    const old = await engine.api("POST", "/v1.44/containers/create", body);
    expect([old.status, old.json()]).toEqual([
      400,
      { message: "VolumeOptions.Subpath needs API v1.45 or newer" },
    ]);
    const made = await engine.api("POST", "/v1.45/containers/create", body);
    expect(made.status).toBe(201);
    await ok("rm", (made.json() as { Id: string }).Id);
  });

  test("a link that takes the folder's place and gives it back all the time never gets the host's files", async () => {
    mkdirSync(join(data, "race/folder"), { recursive: true });
    symlinkSync("/etc", join(data, "race/link"));
    const swapper = Bun.spawn([process.execPath, "-e", exchange], { cwd: join(data, "race") });
    const victim = ["--rm", "--network", "none", "--mount", mountOf("race/folder"), image];
    const outcomes = new Set<string>();
    try {
      for (let round = 0; round < 40; round++) {
        const { stdout, stderr } = await docker("run", ...victim, "sh", "-c", "ls /d; echo in");
        outcomes.add(stdout || /escapes/.exec(stderr)?.[0] || stderr);
      }
    } finally {
      swapper.kill("SIGKILL");
      await swapper.exited;
    }
    expect([...outcomes].toSorted()).toEqual(["escapes", "in\n"]);
    expect(mounted()).toEqual([]);
  }, 60_000);
});

test.if(isSampan)("our own client has the flag too", async () => {
  const words = ["run", "--rm", "--mount", mountOf("a/b"), image, "cat", "/d/file"];
  const { stdout, stderr } = await (engine as Daemon).sampan(...words);
  expect([stdout, stderr]).toEqual(["inner\n", ""]);
});

test.if(isSampan).each(["runc", "crun", "lxc"])("%s mounts it", async (runtime) => {
  const words = ["run", "--rm", "--runtime", runtime, "--mount"];
  expect(await ok(...words, mountOf("a/b"), image, "cat", "/d/file")).toBe("inner");
  expect(await ok(...words, mountOf("a/b/file", ",readonly"), image, "cat", "/d")).toBe("inner");
});

test("a volume with driver options has them as well", async () => {
  const options = ["--opt", "type=tmpfs", "--opt", "device=tmpfs"];
  await ok("volume", "create", ...options, "memory");
  const words = [
    "run",
    "-d",
    "-v",
    "memory:/m",
    image,
    "sh",
    "-c",
    "mkdir /m/s; echo x > /m/s/f; exec sleep 1000",
  ];
  const id = await ok(...words);
  await ok("exec", id, "sh", "-c", "until test -e /m/s/f; do sleep 0.1; done");
  const mount = "type=volume,src=memory,dst=/d,volume-subpath=s";
  const other = await ok("run", "-d", "--mount", mount, image, "sleep", "1000");
  expect(await ok("exec", other, "cat", "/d/f")).toBe("x");
  await ok("rm", "-f", id, other);
  const again = await docker("run", "--rm", "--mount", mount, image, "true");
  expect(again.stderr).toContain("cannot access path");
  await ok("volume", "rm", "memory");
});
