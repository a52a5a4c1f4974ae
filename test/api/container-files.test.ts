// diff, export and commit: what a container has changed, all its files, an image of them.
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { eventually, output } from "../harness/command.ts";
import { engineForTests } from "../harness/for-tests.ts";
import { testImage } from "../harness/images.ts";

const engine = await engineForTests();
const { ok, docker, api } = engine;
const inTest = (id: string, script: string): Promise<string> => ok("exec", "-u", "0", id, "sh", "-c", script);
const changesOf = async (id: string): Promise<string[]> => {
  const lines = (await ok("diff", id)).split("\n").filter((line) => line !== "");
  // dockerd gives them in any order.
  return lines.toSorted((a, b) => (a.slice(2) < b.slice(2) ? -1 : 1));
};

describe("diff", () => {
  test("a container that changed nothing has no changes, whatever the engine put into it", async () => {
    const id = await ok("run", "-d", testImage, "sleep", "1000");
    expect((await api("GET", `/containers/${id}/changes`)).json()).toBe(null);
    await ok("rm", "-f", id);
    expect((await api("GET", "/containers/nobody/changes")).status).toBe(404);
  });

  test("tells what was changed, added and deleted, running or stopped", async () => {
    const id = await ok("run", "-d", "-v", "/volume", "-w", "/work/dir", testImage, "sleep", "1000");
    await inTest(
      id,
      `rm -rf /home/alice; mkdir /home/bob; echo x > /home/bob/f; echo y >> /etc/passwd; : >> /etc/group
       rm /bin/ls; rm -r /root; echo file > /root; touch -d 2001-01-01 /bin/cat; mkdir -p /tmp/a/b; rmdir /tmp/a/b
       chmod 700 /bin/chmod; ln -s x /tmp/l; mkfifo /tmp/p; mknod /tmp/n c 0 1; touch /tmp/-; mv /bin/cp /tmp/moved
       rm -r /var; mkdir /var; echo > /var/new`,
    );
    const expected = [
      "C /bin",
      "C /bin/busybox",
      "D /bin/cp",
      "D /bin/ls",
      "C /etc",
      "C /etc/passwd",
      "C /home",
      "D /home/alice",
      "A /home/bob",
      "A /home/bob/f",
      "C /root",
      "C /tmp",
      "A /tmp/-",
      "A /tmp/a",
      "A /tmp/l",
      "A /tmp/moved",
      "A /tmp/n",
      "A /tmp/p",
      "C /var",
      "A /var/new",
      "A /volume",
      "A /work",
      "A /work/dir",
    ];
    expect(await changesOf(id)).toEqual(expected);
    await ok("kill", id);
    expect(await changesOf(id)).toEqual(expected);
    await ok("rm", id);
  });

  test("a folder made in place of a deleted one tells what is not in it any more", async () => {
    const base = await ok(
      "run",
      "-d",
      testImage,
      "sh",
      "-c",
      "mkdir -p /o/sub/deep; echo 1 > /o/1; echo 2 > /o/2",
    );
    await ok("wait", base);
    await ok("commit", base, "opaque:1");
    const id = await ok(
      "run",
      "-d",
      "opaque:1",
      "sh",
      "-c",
      "rm -r /o; mkdir /o; echo new > /o/2; sleep 1000",
    );
    await eventually(
      async () => (await changesOf(id)).length === 4,
      () => "the changes",
    );
    expect(await changesOf(id)).toEqual(["C /o", "D /o/1", "C /o/2", "D /o/sub"]);
    await ok("commit", id, "opaque:2");
    expect(await ok("run", "--rm", "opaque:2", "sh", "-c", "cd /o; echo *; cat 2")).toBe("2\nnew");
    await ok("rm", "-f", base, id);
    await ok("rmi", "opaque:1", "opaque:2");
  });
});

describe("export", () => {
  test("gives the whole root without what is mounted: links, owners, devices, holes, names of any bytes", async () => {
    const id = await ok("run", "-d", "-v", "/volume", testImage, "sleep", "1000");
    await inTest(
      id,
      `echo hidden > /volume/x; mkdir /t; cd /t; echo a > a; ln a hard; ln -s a soft; mknod dev b 7 1; mkfifo pipe
       chown 1000:50 a; chmod 4711 a; touch -d '2001-02-03 04:05:06' a
       dd if=/dev/zero of=sparse bs=1 count=1 seek=50000000; echo tail >> sparse; echo x > "$(printf 'n\\351')"`,
    );
    const path = join(engine.folder, `export-${engine.kind}.tar`);
    await ok("export", "-o", path, id);
    const listed = (await output(["tar", "--numeric-owner", "--quoting-style=escape", "-tvf", path])).split(
      "\n",
    );
    const shown = listed
      .filter((line) => / (?:t\/|bin\/sh |etc\/hosts)/.test(line))
      .map((line) => line.replaceAll(/ +/g, " ").replace(/\d{4}-\d\d-\d\d \d\d:\d\d /, ""))
      .toSorted();
    expect(shown).toEqual(
      [
        engine.kind === "dockerd" ? "-rwxr-xr-x 0/0 0 etc/hosts" : "-rw-r--r-- 0/0 0 etc/hosts",
        "-rws--x--x 1000/50 2 t/a",
        "brw-r--r-- 0/0 7,1 t/dev",
        "-rw-r--r-- 0/0 2 t/n\\351",
        "-rw-r--r-- 0/0 50000006 t/sparse",
        "drwxr-xr-x 0/0 0 t/",
        "hrws--x--x 1000/50 0 t/hard link to t/a",
        "lrwxrwxrwx 0/0 0 bin/sh -> busybox",
        "lrwxrwxrwx 0/0 0 t/soft -> a",
        "prw-r--r-- 0/0 0 t/pipe",
      ].toSorted(),
    );
    if (engine.kind === "sampan") expect(Bun.file(path).size).toBeLessThan(20_000_000);
    const sums = await output([
      "sh",
      "-c",
      `tar -xOf ${path} t/sparse | sha256sum; tar -tvf ${path} t/a --full-time`,
    ]);
    expect(await output(["tar", "-tf", path, "volume"])).toBe("volume/");
    expect(sums).toContain((await inTest(id, "sha256sum /t/sparse")).slice(0, 64));
    expect(sums).toContain("2001-02-03 04:05:06");
    // A stopped one gives the same, and what was given can be an image.
    await ok("kill", id);
    await ok("import", path, "exported:1");
    expect(await ok("run", "--rm", "exported:1", "stat", "-c", "%u:%g %a %h", "/t/a")).toBe("1000:50 4711 2");
    await ok("rm", id);
    await ok("rmi", "exported:1");
    expect((await docker("export", "-o", path, "nobody")).stderr).toContain("No such container: nobody");
  });
});

describe("commit", () => {
  test("an image of the changes, with author, message, changed configuration and history", async () => {
    const id = await ok(
      "run",
      "-d",
      "-e",
      "A=1",
      "-l",
      "from=run",
      testImage,
      "sh",
      "-c",
      "echo new > /new; rm /bin/ls",
    );
    await ok("wait", id);
    const flags = [
      "-a",
      "Ann <a@b.c>",
      "-m",
      "a message",
      "-c",
      "ENV B=$A",
      "-c",
      'ENTRYPOINT ["cat"]',
      "-c",
      "LABEL x=y",
    ];
    const image = await ok("commit", ...flags, id, "committed:v1");
    expect(image).toMatch(/^sha256:[0-9a-f]{64}$/);
    const [found] = JSON.parse(await ok("image", "inspect", "committed:v1")) as [Record<string, unknown>];
    const base = JSON.parse(await ok("image", "inspect", testImage)) as [
      { Id: string; RootFS: { Layers: string[] } },
    ];
    expect(found).toMatchObject({
      Id: image,
      Parent: base[0].Id,
      Author: "Ann <a@b.c>",
      Comment: "a message",
      Config: { Env: expect.arrayContaining(["A=1", "B=1"]) as string[], Entrypoint: ["cat"] },
      RootFS: { Layers: [...base[0].RootFS.Layers, expect.stringMatching(/^sha256:/) as string] },
    });
    expect((found["Config"] as { Labels: unknown }).Labels).toEqual({ from: "run", x: "y" });
    expect((found["Config"] as { Cmd: unknown }).Cmd ?? null).toBe(null);
    expect(await ok("run", "--rm", "committed:v1", "/new")).toBe("new");
    expect((await docker("run", "--rm", "--entrypoint", "ls", "committed:v1")).exitCode).toBe(127);
    const history = await ok(
      "history",
      "--no-trunc",
      "--format",
      "{{.CreatedBy}}|{{.Comment}}",
      "committed:v1",
    );
    expect(history.split("\n")[0]).toBe("sh -c echo new > /new; rm /bin/ls|a message");
    expect(history.split("\n")).toHaveLength(2);
    // Its parent has a child now.
    expect((await docker("rmi", "-f", base[0].Id)).stderr).toContain("conflict");
    await ok("rm", id);
    await ok("rmi", "committed:v1");
  });

  test("a running container is paused meanwhile, unless that is not wanted", async () => {
    const id = await ok("run", "-d", testImage, "sleep", "1000");
    const since = Math.floor(Date.now() / 1000);
    await ok("commit", id, "paused:1");
    await ok("commit", "--pause=false", id, "paused:2");
    expect(await ok("inspect", "-f", "{{.State.Status}}", id)).toBe("running");
    await Bun.sleep(1000);
    const until = Math.floor(Date.now() / 1000);
    const flags = ["--since", `${since}`, "--until", `${until}`, "--filter", `container=${id}`];
    const actions = (await ok("events", ...flags, "--format", "{{.Action}}")).split("\n");
    expect(actions.filter((action) => /pause|commit/.test(action)).toSorted()).toEqual([
      "commit",
      "commit",
      "pause",
      "unpause",
    ]);
    await ok("rm", "-f", id);
    await ok("rmi", "paused:1", "paused:2");
  });

  test("what a container did not change is no layer", async () => {
    const id = await ok("create", testImage, "true");
    const image = await ok("commit", id);
    const layers = "{{len .RootFS.Layers}}";
    expect(await ok("image", "inspect", "-f", layers, image)).toBe(
      await ok("image", "inspect", "-f", layers, testImage),
    );
    expect(await ok("history", "-q", image).then((text) => text.split("\n").length)).toBe(2);
    await ok("rm", id);
    await ok("rmi", image);
  });

  test("a configuration in the request comes before the container's", async () => {
    const id = await ok("create", "-e", "A=1", "-e", "B=1", testImage, "true");
    const body = { Env: ["B=2"], Cmd: ["false"], Labels: { a: "b" } };
    const answer = await api(
      "POST",
      `/commit?container=${id}&repo=configured&tag=1&changes=USER%20alice`,
      body,
    );
    expect(answer.status).toBe(201);
    const [found] = JSON.parse(await ok("image", "inspect", "configured:1")) as [
      { Config: Record<string, unknown> },
    ];
    expect(found.Config).toMatchObject({ Cmd: ["false"], User: "alice", Labels: { a: "b" } });
    expect((found.Config["Env"] as string[]).slice(0, 2)).toEqual(["B=2", "A=1"]);
    await ok("rm", id);
    await ok("rmi", "configured:1");
  });

  test("bad requests change nothing", async () => {
    const id = await ok("create", testImage, "true");
    const before = await ok("images", "-aq");
    expect((await api("POST", "/commit?container=nobody")).status).toBe(404);
    // Old dockerds notice a bad name when the image is there.
    if (engine.kind === "sampan")
      expect((await api("POST", `/commit?container=${id}&repo=UPPER`)).status).toBeGreaterThanOrEqual(400);
    expect((await api("POST", `/commit?container=${id}&changes=RUN%20x`)).status).toBe(400);
    expect(await ok("images", "-aq")).toBe(before);
    await ok("rm", id);
  });

  test("the same changes are the same layer", async () => {
    const id = await ok(
      "run",
      "-d",
      testImage,
      "sh",
      "-c",
      "mkdir /d; echo 1 > /d/1; ln /d/1 /d/2; rm /bin/ls",
    );
    await ok("wait", id);
    const layers: string[] = [];
    for (const name of ["same:1", "same:2"]) {
      await ok("commit", id, name);
      layers.push(await ok("image", "inspect", "-f", "{{json .RootFS.Layers}}", name));
    }
    expect(layers[0]).toBe(layers[1] ?? "");
    await ok("rm", id);
    await ok("rmi", "same:1", "same:2");
  });
});

// dockerd does not look at what its pausing says.
test("commit takes a container that ends in that moment", async () => {
  const statuses: number[] = [];
  for (let round = 0; round < 6; round++)
    await Promise.all(
      Array.from({ length: 8 }, async (_, at) => {
        const { body } = await api("POST", "/containers/create", { Image: testImage, Cmd: ["true"] });
        const { Id } = JSON.parse(body) as { Id: string };
        await api("POST", `/containers/${Id}/start`);
        await Bun.sleep(2 * round);
        const change = encodeURIComponent(`LABEL at=${round}.${at}`);
        const { status } = await api("POST", `/commit?container=${Id}&changes=${change}`);
        statuses.push(status);
        await api("DELETE", `/containers/${Id}?force=1`);
      }),
    );
  expect(statuses).toEqual(statuses.map(() => 201));
  await api("POST", "/images/prune");
});
