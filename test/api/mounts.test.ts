// The root file system, tmpfs, bind mounts and volumes of a container.
import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually, output } from "../harness/command.ts";
import { engineForTests } from "../harness/for-tests.ts";
import { testImage as image } from "../harness/images.ts";

const engine = await engineForTests();
const shell = (script: string, ...flags: string[]) =>
  engine.ok("run", "--rm", ...flags, image, "sh", "-c", script);

/** A new folder below the test's own. */
function folder(name: string): string {
  const path = join(engine.folder, name);
  mkdirSync(path, { recursive: true });
  return path;
}

/** Mount options of `path` in the container, such as ["rw", "relatime"]. */
const optionsOf = async (path: string, ...flags: string[]): Promise<string[]> =>
  (await shell(`grep ' ${path} ' /proc/mounts | tail -n 1 | cut -d' ' -f4`, ...flags)).split(",");

describe("the root file system", () => {
  test("is writable, and what is written is not in the next container", async () => {
    expect(await shell("echo x > /new && cat /new")).toBe("x");
    expect(await shell("test -e /new || echo gone")).toBe("gone");
  });

  test("keeps what was written across stop and start", async () => {
    const id = await engine.ok("run", "-d", image, "sh", "-c", "cat /kept; echo once >> /kept");
    await engine.ok("wait", id);
    await engine.ok("start", id);
    await engine.ok("wait", id);
    expect(await engine.ok("logs", id)).toContain("once");
    await engine.ok("rm", id);
  });

  test("--read-only makes it read-only, but not /dev/shm and not a --tmpfs", async () => {
    const text = await shell(
      "echo x > /new; echo x > /dev/shm/new && echo shm; echo x > /run/new && echo run",
      "--read-only",
      "--tmpfs",
      "/run",
    );
    expect(text).toBe("shm\nrun");
    expect((await optionsOf("/", "--read-only"))[0]).toBe("ro");
  });

  test("files deleted in the container stay in the image", async () => {
    expect(await shell("rm /etc/group && test -e /etc/group || echo gone")).toBe("gone");
    expect(await shell("test -e /etc/group && echo there")).toBe("there");
  });
});

describe("tmpfs", () => {
  test("has Docker's options and the size asked for", async () => {
    const options = await optionsOf("/t", "--tmpfs", "/t:size=1m,mode=0700");
    for (const option of ["rw", "nosuid", "nodev", "noexec", "size=1024k", "mode=700"])
      expect(options).toContain(option);
  });

  test("--mount type=tmpfs gives one too", async () => {
    expect(
      await shell(
        "df -k /t | awk 'NR==2{print $1,$2}'",
        "--mount",
        "type=tmpfs,destination=/t,tmpfs-size=2097152",
      ),
    ).toBe("tmpfs 2048");
  });
});

describe("bind mounts", () => {
  test("a folder is the host's, both ways", async () => {
    const host = folder("both");
    writeFileSync(join(host, "from-host"), "hello");
    expect(await shell("cat /m/from-host; echo back > /m/from-container", "-v", `${host}:/m`)).toBe("hello");
    expect(readFileSync(join(host, "from-container"), "utf8")).toBe("back\n");
  });

  test("ro cannot be written", async () => {
    const host = folder("ro");
    expect(await shell("(echo x > /m/x) 2>&1; true", "-v", `${host}:/m:ro`)).toContain(
      "Read-only file system",
    );
    expect(existsSync(join(host, "x"))).toBe(false);
  });

  test("a single file may be ro too", async () => {
    const file = join(folder("single"), "file");
    writeFileSync(file, "kept");
    expect(await shell("cat /f; (echo x > /f) 2>&1; true", "-v", `${file}:/f:ro`)).toMatch(
      /^kept.*Read-only file system/s,
    );
    expect(readFileSync(file, "utf8")).toBe("kept");
  });

  test("a file can be mounted over a file", async () => {
    const file = join(folder("file"), "motd");
    writeFileSync(file, "good sailing");
    expect(await shell("cat /etc/passwd", "-v", `${file}:/etc/passwd`)).toBe("good sailing");
  });

  test("-v makes a missing source folder, --mount refuses it", async () => {
    const missing = join(engine.folder, "missing", "deep");
    await shell("true", "-v", `${missing}:/m`);
    expect(statSync(missing).isDirectory()).toBe(true);
    const { exitCode, stderr } = await engine.docker(
      "run",
      "--rm",
      "--mount",
      `type=bind,src=${missing}-not,dst=/m`,
      image,
      "true",
    );
    expect(exitCode).toBe(125);
    expect(stderr).toContain("bind source path does not exist");
  });

  test("a source that is gone at the start: --mount refuses in Docker's words, -v makes a folder again", async () => {
    const gone = folder("gone");
    const bind = `type=bind,source=${gone},target=/x`;
    const mounted = await engine.ok("create", "--mount", bind, image, "true");
    const volume = await engine.ok("create", "-v", `${gone}:/x`, image, "test", "-d", "/x");
    rmSync(gone, { recursive: true });
    const { exitCode, stderr } = await engine.docker("start", mounted);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(
      `invalid mount config for type "bind": bind source path does not exist: ${gone}`,
    );
    expect(await engine.ok("start", "-a", volume)).toBe("");
    expect(existsSync(gone)).toBe(true);
    await engine.ok("rm", mounted, volume);
  });

  test("a relative destination is refused", async () => {
    const { exitCode, stderr } = await engine.docker("run", "--rm", "-v", "/tmp:relative", image, "true");
    expect(exitCode).toBe(125);
    expect(stderr).toContain("invalid mount path: 'relative' mount path must be absolute");
  });

  test("a link in the image cannot lead a mount out of the container", async () => {
    const [source, outside, tree] = [folder("escape"), folder("outside"), folder("escape-tree")];
    // The link names a folder that is there on the host and in the image: only the image's may be mounted on.
    mkdirSync(join(tree, outside), { recursive: true });
    await output(["ln", "-s", outside, join(tree, "link")]);
    await output(["sh", "-c", `cp "$(command -v busybox)" ${tree}/busybox`]);
    writeFileSync(join(source, "proof"), "mounted");
    await output(["tar", "-C", tree, "-cf", join(engine.folder, "escape.tar"), "."]);
    await engine.ok("import", join(engine.folder, "escape.tar"), "test/escape:1");
    const found = await engine.ok(
      "run",
      "--rm",
      "-v",
      `${source}:/link/inside`,
      "test/escape:1",
      "/busybox",
      "cat",
      `${outside}/inside/proof`,
    );
    expect(found).toBe("mounted");
    expect(existsSync(join(outside, "inside"))).toBe(false);
    await engine.ok("rmi", "test/escape:1");
  });

  test("rslave sees later mounts of the host, private does not", async () => {
    const host = folder("propagation");
    await output(["mount", "--bind", host, host]);
    await output(["mount", "--make-shared", host]);
    try {
      const ids = await Promise.all(
        ["rslave", "rprivate"].map((mode) =>
          engine.ok("run", "-d", "-v", `${host}:/m:${mode}`, image, "sleep", "1000"),
        ),
      );
      mkdirSync(join(host, "sub"));
      await output(["mount", "-t", "tmpfs", "none", join(host, "sub")]);
      writeFileSync(join(host, "sub", "seen"), "");
      const [slave, closed] = await Promise.all(ids.map((id) => engine.docker("exec", id, "ls", "/m/sub")));
      expect([slave?.stdout, closed?.stdout]).toEqual(["seen\n", ""]);
      await engine.ok("rm", "-f", ...ids);
    } finally {
      await output(["umount", "-R", host]);
    }
  });
});

describe("volumes", () => {
  /** The folder on the host behind the first mount of a container. */
  const sourceOf = (id: string) => engine.ok("inspect", "--format", "{{(index .Mounts 0).Source}}", id);

  test("a named volume is filled from the image and keeps its content", async () => {
    expect(await shell("ls /etc; echo kept > /etc/extra", "-v", "cargo:/etc")).toContain("passwd");
    expect(await shell("cat /hold/extra /hold/passwd", "-v", "cargo:/hold")).toStartWith("kept\nroot:");
  });

  test("an anonymous volume goes with --rm, a named one stays", async () => {
    const gone = await engine.ok("run", "-d", "--rm", "-v", "/v", image, "sleep", "1000");
    const stays = await engine.ok("run", "-d", "--rm", "-v", "ballast:/v", image, "sleep", "1000");
    const [anonymous, named] = [await sourceOf(gone), await sourceOf(stays)];
    expect([existsSync(anonymous), existsSync(named)]).toEqual([true, true]);
    await engine.ok("stop", "-t", "0", gone, stays);
    await eventually(
      async () => (await engine.docker("inspect", "--type", "container", gone)).exitCode !== 0,
      () => "removal",
    );
    await eventually(
      () => !existsSync(anonymous),
      () => `${anonymous} to go`,
    );
    expect(existsSync(named)).toBe(true);
  });

  test("rm keeps an anonymous volume, rm -v takes it along", async () => {
    const [kept, gone] = [
      await engine.ok("create", "-v", "/v", image),
      await engine.ok("create", "-v", "/v", image),
    ];
    const folders = [await sourceOf(kept), await sourceOf(gone)];
    await engine.ok("rm", kept);
    await engine.ok("rm", "-v", gone);
    expect(folders.map((path) => existsSync(path))).toEqual([true, false]);
  });

  test("--volumes-from gives another container's mounts", async () => {
    const host = folder("shared");
    const id = await engine.ok("create", "-v", `${host}:/m`, "-v", "/anonymous", image);
    expect(await shell("echo x > /m/y; test -d /anonymous && echo yes", "--volumes-from", id)).toBe("yes");
    expect(existsSync(join(host, "y"))).toBe(true);
    await engine.ok("rm", "-v", id);
  });

  test("one that chose not to be filled stays empty for those who take it over, and however its place is written", async () => {
    const mount = "type=volume,src=hollow,dst=/etc/,volume-nocopy";
    expect(await engine.ok("run", "--name", "chose", "--mount", mount, image, "ls", "/etc")).not.toContain(
      "passwd",
    );
    expect(await engine.ok("run", "--rm", "--volumes-from", "chose", image, "ls", "/etc")).not.toContain(
      "passwd",
    );
    await engine.ok("rm", "chose");
    await engine.ok("volume", "rm", "hollow");
  });

  test("a volume of --mount has its labels, and with volume-nocopy nothing of the image", async () => {
    const mount = "type=volume,src=bare,dst=/etc,volume-nocopy,volume-label=load=none";
    await engine.ok("create", "--name", "bare", "--mount", mount, image, "true");
    expect(await engine.ok("volume", "inspect", "-f", "{{.Labels.load}}", "bare")).toBe("none");
    await engine.docker("start", "bare");
    const data = await engine.ok("volume", "inspect", "-f", "{{.Mountpoint}}", "bare");
    expect(existsSync(join(data, "passwd"))).toBe(false);
    await engine.ok("rm", "-f", "bare");
    await engine.ok("volume", "rm", "bare");
  });
});

describe("volumes with driver options", () => {
  const { ok, docker } = engine;

  test("a tmpfs is one for all who use it at once, and new after the last", async () => {
    const options = ["--opt", "type=tmpfs", "--opt", "device=tmpfs", "--opt", "o=size=1m,mode=0700"];
    await ok("volume", "create", ...options, "memory");
    const id = await ok("run", "-d", "-v", "memory:/m", image, "sh", "-c", "echo x > /m/f; exec sleep 1000");
    await eventually(
      async () => (await docker("run", "--rm", "-v", "memory:/m", image, "cat", "/m/f")).stdout === "x\n",
      () => "the other container's file",
    );
    expect(await ok("exec", id, "sh", "-c", "grep ' /m ' /proc/mounts")).toMatch(/^tmpfs .*size=1024k/);
    expect(await ok("cp", `${id}:/m/f`, "-")).toContain("x");
    await ok("rm", "-f", id);
    expect(await ok("run", "--rm", "-v", "memory:/m", image, "ls", "/m")).toBe("");
    const { stdout } = await docker("volume", "inspect", "-f", "{{json .Options}}", "memory");
    expect(JSON.parse(stdout)).toEqual({ type: "tmpfs", device: "tmpfs", o: "size=1m,mode=0700" });
    await ok("volume", "rm", "memory");
  });

  test("a folder of the machine is what containers see, and stays when the volume goes", async () => {
    const path = folder("bound");
    writeFileSync(join(path, "kept"), "mine\n");
    const mount = `type=volume,volume-opt=type=none,volume-opt=device=${path},volume-opt=o=bind,target=/v`;
    const words = ["--mount", mount, image, "sh", "-c"];
    expect(await ok("run", "--rm", ...words, "cat /v/kept; echo new > /v/made")).toBe("mine");
    // The volume of that run had no name, and went with it.
    expect(readFileSync(join(path, "kept"), "utf8")).toBe("mine\n");
    expect(readFileSync(join(path, "made"), "utf8")).toBe("new\n");

    const named = mount.replace("type=volume", "type=volume,source=bound");
    const id = await ok("run", "-d", "--mount", named, image, "sleep", "1000");
    expect(await ok("system", "df", "-v")).not.toMatch(/^bound /m);
    await ok("rm", "-f", id);
    await ok("volume", "rm", "bound");
    expect(readFileSync(join(path, "kept"), "utf8")).toBe("mine\n");
  });

  test("a stopped container's is seen by cp", async () => {
    const path = folder("of-stopped");
    const words = ["volume", "create", "--opt", "type=none", "--opt", `device=${path}`, "--opt", "o=bind"];
    await ok(...words, "stopped");
    const id = await ok("create", "-v", "stopped:/v", image, "true");
    writeFileSync(join(path, "later"), "seen\n");
    expect(await ok("cp", `${id}:/v/later`, "-")).toContain("seen");
    await ok("rm", id);
    await ok("volume", "rm", "stopped");
    expect(readFileSync(join(path, "later"), "utf8")).toBe("seen\n");
  });

  test("what cannot be mounted fails the start and leaves nothing", async () => {
    const mount =
      "type=volume,source=nowhere,volume-opt=type=none,volume-opt=device=/no/such,volume-opt=o=bind";
    const { exitCode, stderr } = await docker("run", "--rm", "--mount", `${mount},target=/v`, image, "true");
    expect(exitCode).toBeGreaterThan(0);
    expect(stderr).toContain("error while mounting volume");
    expect(stderr).toContain("failed to mount local volume");
    await ok("volume", "rm", "nowhere");
    const bad = await docker("volume", "create", "--opt", "colour=red", "bad");
    expect(bad.stderr).toContain('create bad: invalid option: "colour"');
  });
});
