// `docker cp` in both directions, and the archive endpoints under it.
import { beforeAll, describe, expect, test } from "bun:test";
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { engineForTests } from "../harness/for-tests.ts";
import { output } from "../harness/command.ts";
import { testImage } from "../harness/images.ts";
import { encodeArchive, type EntryWithBody } from "../../src/storage/tar-writer.ts";

const engine = await engineForTests();
const { ok, docker, dockerWith, api } = engine;
const local = mkdtempSync(join(engine.folder, "copy-"));
const at = (...names: string[]): string => join(local, ...names);

let running = "";
let stopped = "";
let boundFile = "";
const run = (script: string): Promise<string> => ok("exec", running, "sh", "-c", script);

beforeAll(async () => {
  boundFile = at("bound-file");
  writeFileSync(boundFile, "from the host");
  mkdirSync(at("bound"));
  writeFileSync(at("bound", "file"), "on the host");
  const mounts = [
    "-v",
    `${at("bound")}:/bound`,
    "-v",
    `${at("bound")}:/readonly:ro`,
    "-v",
    "copied-volume:/volume",
  ];
  running = await ok(
    "run",
    "-d",
    ...mounts,
    "-v",
    `${boundFile}:/etc/bound-file`,
    "--user",
    "alice",
    testImage,
    "sleep",
    "100000",
  );
  stopped = await ok("create", ...mounts, testImage, "true");
  await ok(
    "exec",
    "-u",
    "0",
    running,
    "sh",
    "-c",
    `mkdir -p /tree/sub; echo a > /tree/a; echo b > /tree/sub/b; ln /tree/a /tree/sub/hard; ln -s /tree/a /tree/link
     ln -s /tree /way; ln -s nowhere /tree/broken; ln -s ../../etc/hostname /tree/sub/up; chown 1000:50 /tree/a
     chmod 4711 /tree/a; touch -d '2001-02-03 04:05:06' /tree/a; mkfifo /tree/pipe; mknod /tree/null c 1 3`,
  );
}, 60_000);
/** The names in an archive that a container gives, with type and target as GNU tar shows them. */
async function listOf(id: string, path: string): Promise<string[]> {
  const response = await fetch(`http://engine/containers/${id}/archive?path=${encodeURIComponent(path)}`, {
    unix: engine.socket,
  });
  const listed = await output(["tar", "-tvf", "-"], { input: await response.bytes() });
  return listed
    .split("\n")
    .map((line) => line.replace(/^(.).*\d\d:\d\d /, "$1 "))
    .toSorted();
}

type Stat = { name: string; size: number; mode: number; mtime: string; linkTarget: string };

async function statOf(id: string, path: string): Promise<Stat | number> {
  const response = await fetch(`http://engine/containers/${id}/archive?path=${encodeURIComponent(path)}`, {
    unix: engine.socket,
    method: "HEAD",
  });
  const header = response.headers.get("x-docker-container-path-stat");
  if (header === null) return response.status;
  return JSON.parse(Buffer.from(header, "base64").toString()) as Stat;
}

describe("what is at a path", () => {
  test("files, folders, links and special files by Go's mode bits", async () => {
    const modes: Record<string, number> = {};
    for (const path of ["/tree/a", "/tree", "/tmp", "/tree/pipe", "/tree/null"]) {
      const stat = await statOf(running, path);
      if (typeof stat === "object") modes[path] = stat.mode;
    }
    expect(modes).toEqual({
      "/tree/a": 2 ** 23 + 0o711,
      "/tree": 2 ** 31 + 0o755,
      "/tmp": 2 ** 31 + 2 ** 20 + 0o777,
      "/tree/pipe": 2 ** 25 + 0o644,
      "/tree/null": 2 ** 26 + 2 ** 21 + 0o644,
    });
    expect(await statOf(running, "/tree/a")).toMatchObject({ name: "a", size: 2, linkTarget: "" });
    const stat = (await statOf(running, "tree/../tree/./a")) as Stat;
    expect(Date.parse(stat.mtime)).toBe(Date.parse("2001-02-03T04:05:06Z"));
  });

  test("a link is told as such, with where it leads", async () => {
    expect(await statOf(running, "/tree/link")).toMatchObject({ name: "link", linkTarget: "/tree/a" });
    expect(await statOf(running, "/tree/sub/up")).toMatchObject({ linkTarget: "/etc/hostname" });
    expect(await statOf(running, "/tree/broken")).toMatchObject({ linkTarget: "/tree/nowhere" });
    expect(await statOf(running, "/way/")).toMatchObject({ linkTarget: "", mode: 2 ** 31 + 0o755 });
    expect(await statOf(running, "/../../way/.")).toMatchObject({ linkTarget: "", mode: 2 ** 31 + 0o755 });
  });

  test("nothing there, no such container, no path", async () => {
    expect(await statOf(running, "/nowhere")).toBe(404);
    expect(await statOf("nobody", "/")).toBe(404);
    const missing = await api("GET", `/containers/${running}/archive?path=/no/where`);
    expect([missing.status, missing.json()]).toEqual([
      404,
      { message: `Could not find the file /no/where in container ${running}` },
    ]);
    const without = await api("GET", `/containers/${running}/archive`);
    expect(without.status).toBe(400);
    expect(without.body).toMatch(/bad parameter: path ?cannot be empty/);
  });
});

describe("archives out of a container", () => {
  test("are named by the last part of the path", async () => {
    expect(await listOf(running, "/tree/sub")).toEqual([
      "- sub/b",
      "- sub/hard",
      "d sub/",
      "l sub/up -> ../../etc/hostname",
    ]);
    expect(await listOf(running, "/tree/sub/.")).toEqual([
      "- ./b",
      "- ./hard",
      "d ./",
      "l ./up -> ../../etc/hostname",
    ]);
    expect(await listOf(running, "/way")).toEqual(["l way -> /tree"]);
    expect((await listOf(running, "/way/")).filter((line) => line.includes("sub"))).toEqual(
      [
        "- way/sub/b",
        "h way/sub/hard link to way/a",
        "d way/sub/",
        "l way/sub/up -> ../../etc/hostname",
      ].toSorted(),
    );
    expect(await listOf(running, "/tree/a")).toEqual(["- a"]);
  });

  test("are named by the root itself for the whole", async () => {
    const response = await fetch(`http://engine/containers/${stopped}/archive?path=/`, {
      unix: engine.socket,
    });
    const names = await output(["tar", "-tPf", "-"], { input: await response.bytes() });
    expect(
      names
        .split("\n")
        .filter((name) => /^\/(?:$|etc\/passwd|home\/$|bin\/sh$)/.test(name))
        .toSorted(),
    ).toEqual(["/", "/bin/sh", "/etc/passwd", "/home/"]);
  });

  test("hold volumes and bind mounts, of a container that never ran too", async () => {
    expect(await listOf(running, "/bound")).toEqual(["- bound/file", "d bound/"]);
    expect(await listOf(stopped, "/bound")).toEqual(["- bound/file", "d bound/"]);
    expect(await listOf(stopped, "/readonly/file")).toEqual(["- file"]);
    await ok("exec", "-u", "0", running, "sh", "-c", "echo v > /volume/v");
    expect(await listOf(stopped, "/volume/.")).toEqual(["- ./v", "d ./"]);
  });

  test("docker cp: to a name that is there or not, a folder, its contents, standard output", async () => {
    await ok("cp", `${running}:/tree/a`, at("new"));
    expect(readFileSync(at("new"), "utf8")).toBe("a\n");
    mkdirSync(at("dir"));
    await ok("cp", `${running}:/tree/a`, at("dir"));
    expect(readFileSync(at("dir", "a"), "utf8")).toBe("a\n");
    await ok("exec", "-u", "0", running, "rm", "/tree/sub/up");
    await ok("cp", `${running}:/tree/sub`, at("dir"));
    expect(readFileSync(at("dir", "sub", "b"), "utf8")).toBe("b\n");
    await ok("cp", `${running}:/tree/sub/.`, at("dir"));
    expect(readFileSync(at("dir", "b"), "utf8")).toBe("b\n");
    await ok("cp", `${running}:/tree/sub`, at("renamed"));
    expect(readFileSync(at("renamed", "b"), "utf8")).toBe("b\n");
    await ok("cp", `${running}:/tree/link`, at("link"));
    expect(readlinkSync(at("link"))).toBe("/tree/a");
    await ok("cp", "-L", `${running}:/tree/link`, at("followed"));
    expect(readFileSync(at("followed"), "utf8")).toBe("a\n");
    expect(
      await output([
        "sh",
        "-c",
        `DOCKER_HOST=unix://${engine.socket} docker cp ${running}:/etc/passwd - | tar -xO`,
      ]),
    ).toContain("alice");
  });

  test("the files that the engine gives are seen as the program sees them", async () => {
    const copy = `DOCKER_HOST=unix://${engine.socket} docker cp ${running}:/etc/hosts - | tar -xO`;
    const seen = await output(["sh", "-c", copy]);
    expect(seen).toBe(await run("cat /etc/hosts"));
  });
});

describe("archives into a container", () => {
  const archive = (...entries: EntryWithBody[]): Buffer => encodeArchive(entries);
  const put = (id: string, path: string, body: Uint8Array, query = ""): ReturnType<typeof api> =>
    api("PUT", `/containers/${id}/archive?path=${encodeURIComponent(path)}${query}`, body);

  test("docker cp: a file, a folder, its contents, an archive; running or not", async () => {
    mkdirSync(at("in", "deep"), { recursive: true });
    writeFileSync(at("in", "deep", "file"), "in\n");
    for (const id of [running, stopped]) {
      await ok("cp", at("in"), `${id}:/tmp/in`);
      await ok("cp", at("in"), `${id}:/tmp`);
      await ok("cp", `${at("in", "deep")}/.`, `${id}:/tmp`);
      await ok("cp", at("in", "deep", "file"), `${id}:/tmp/other`);
      expect((await listOf(id, "/tmp")).filter((line) => !line.startsWith("d"))).toEqual([
        "- tmp/file",
        "- tmp/in/deep/file",
        "- tmp/other",
      ]);
      await ok("cp", at("in"), `${id}:/tmp/in`);
      expect(await listOf(id, "/tmp/in/in/deep/file")).toEqual(["- file"]);
    }
    expect(await run("cat /tmp/other")).toBe("in");
    const tar = archive({ path: "piped", body: "piped" });
    const piped = await dockerWith({ input: tar }, "cp", "-", `${running}:/tmp`);
    expect(piped.exitCode).toBe(0);
    expect(await run("cat /tmp/piped")).toBe("piped");
    expect((await docker("cp", at("in"), `${running}:/nowhere/x`)).stderr).toContain(
      "Could not find the file",
    );
  });

  test("owners, modes, times and links are the archive's; with copyUIDGID the owner is the container's user", async () => {
    const entries = archive(
      { path: "d", kind: "directory", mode: 0o1750, uid: 7, gid: 8 },
      { path: "d/f", body: "x", mode: 0o751, uid: 12345, gid: 54321, modifiedNs: 981_173_106_000_000_000n },
      { path: "d/l", kind: "symlink", target: "/etc/../f", uid: 9 },
      {
        path: "d/h",
        kind: "hardlink",
        target: "d/f",
        mode: 0o751,
        uid: 12345,
        gid: 54321,
        modifiedNs: 981_173_106_000_000_000n,
      },
    );
    expect((await put(running, "/root", entries)).status).toBe(200);
    const look =
      "cd /root && stat -c '%n %f %u:%g %Y %h' d d/f d/l d/h | grep -v '^d ' ; stat -c '%a %u:%g' d";
    const seen = await ok("exec", "-u", "0", running, "sh", "-c", look);
    expect(seen.split("\n").filter((line) => !line.startsWith("d/l"))).toEqual([
      "d/f 81e9 12345:54321 981173106 2",
      "d/h 81e9 12345:54321 981173106 2",
      "1750 7:8",
    ]);
    // Old dockerds look the name up among the host's users.
    if (engine.kind === "dockerd") return;
    expect((await put(running, "/root", entries, "&copyUIDGID=1")).status).toBe(200);
    expect(
      await ok("exec", "-u", "0", running, "sh", "-c", "stat -c '%u:%g' /root/d /root/d/f /root/d/l"),
    ).toBe("1000:1000\n1000:1000\n1000:1000");
  });

  test("compressed archives are taken", async () => {
    const { gzipSync, zstdCompressSync } = await import("node:zlib");
    for (const pack of engine.kind === "dockerd" ? [gzipSync] : [gzipSync, zstdCompressSync]) {
      const name = `packed-${pack.name}`;
      expect((await put(running, "/tmp", pack(archive({ path: name, body: name })))).status).toBe(200);
      expect(await run(`cat /tmp/${name}`)).toBe(name);
    }
  });

  test("a folder and a file take each other's place only when that is allowed", async () => {
    await ok(
      "exec",
      "-u",
      "0",
      running,
      "sh",
      "-c",
      "mkdir -p /kinds/d; echo f > /kinds/f; echo x > /kinds/d/x",
    );
    const [asFile, asFolder] = [
      archive({ path: "d", body: "file" }),
      archive({ path: "f", kind: "directory" }),
    ];
    for (const entries of [asFile, asFolder]) {
      const refused = await put(running, "/kinds", entries, "&noOverwriteDirNonDir=true");
      expect(refused.status).toBeGreaterThanOrEqual(400);
      expect(refused.body).toContain("cannot overwrite");
    }
    expect(await run("ls /kinds/d; cat /kinds/f")).toBe("x\nf");
    expect((await put(running, "/kinds", asFile)).status).toBe(200);
    expect((await put(running, "/kinds", asFolder)).status).toBe(200);
    expect(await run("cat /kinds/d; ls -d /kinds/f/")).toBe("file/kinds/f/");
  });

  test("the target is a folder, or a link to one inside the container", async () => {
    const entries = archive({ path: "through", body: "through" });
    expect(((await put(running, "/etc/passwd", entries)).json() as { message: string }).message).toBe(
      "extraction point is not a directory",
    );
    expect((await put(running, "/nowhere", entries)).status).toBe(404);
    await ok("exec", "-u", "0", running, "sh", "-c", "ln -s /home /out; ln -s /out/alice /out2");
    expect((await put(running, "/out2", entries)).status).toBe(200);
    expect(await run("cat /home/alice/through")).toBe("through");
  });

  test("volumes and bind mounts are written to, read-only ones are not", async () => {
    const entries = archive({ path: "w", body: "w" });
    for (const id of [running, stopped]) {
      expect((await put(id, "/bound", entries)).status).toBe(200);
      expect(readFileSync(at("bound", "w"), "utf8")).toBe("w");
      rmSync(at("bound", "w"));
      const refused = await put(id, "/readonly", entries);
      expect([refused.status < 400, refused.body]).toEqual([
        false,
        expect.stringContaining("mounted volume is marked read-only") as string,
      ]);
    }
    const readOnly = await ok("create", "--read-only", "-v", "copied-volume:/volume", testImage, "true");
    expect((await put(readOnly, "/tmp", entries)).body).toContain("container rootfs is marked read-only");
    expect((await put(readOnly, "/volume", entries)).status).toBe(200);
    await ok("rm", readOnly);
  });

  test("links that a container or an archive plants lead to the container's own files", async () => {
    writeFileSync(at("victim"), "untouched");
    symlinkSync(at("victim"), at("bound", "to-victim"));
    await ok("exec", "-u", "0", running, "sh", "-c", `ln -s ${local} /planted; mkdir -p /a; ln -s / /a/root`);
    expect(
      (await put(running, "/", archive({ path: "planted/victim", body: "broken" }))).status,
    ).toBeGreaterThanOrEqual(engine.kind === "dockerd" ? 200 : 400);
    await put(running, "/a", archive({ path: `root${local}/victim`, body: "broken" }));
    await put(running, "/bound", archive({ path: "to-victim", body: "replaced" }));
    expect(
      (await put(running, "/a", archive({ path: "../../escape", body: "x" }))).status,
    ).toBeGreaterThanOrEqual(400);
    expect(readFileSync(at("victim"), "utf8")).toBe("untouched");
    expect(await run(`cat ${local}/victim`)).toBe("broken");
    expect(await statOf(running, `/planted/../../../../../../${local}/bound-file`)).toBe(404);
  });
});

test("a stopped container is not mounted any longer than it is read, and can be started meanwhile", async () => {
  const id = await ok("create", testImage, "sleep", "1000");
  const response = await fetch(`http://engine/containers/${id}/archive?path=/`, { unix: engine.socket });
  const reader = response.body?.getReader();
  await reader?.read();
  if (engine.kind === "sampan") await ok("start", id);
  await reader?.cancel();
  await ok("rm", "-f", id);
});
