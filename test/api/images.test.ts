// Images: import, load, tag, list, inspect, history, remove.
import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { engineForTests } from "../harness/for-tests.ts";
import { testImage } from "../harness/images.ts";
import { sha256, tarOf, type Files } from "../harness/tar.ts";

const engine = await engineForTests();
const { ok, docker, dockerWith } = engine;

const program = await Bun.file(
  (await Bun.file("/bin/busybox").exists()) ? "/bin/busybox" : "/usr/bin/busybox",
).bytes();

/** What `sh -c script` prints in an image whose /bin/sh is busybox. */
const shellIn = (image: string, script: string) =>
  ok("run", "--rm", "--network", "none", image, "/bin/sh", "-c", `PATH=/bin; ${script}`);

type Layer = { readonly tar: Uint8Array; readonly diffID: string };
const layer = async (files: Files): Promise<Layer> => {
  const tar = await tarOf(files);
  return { tar, diffID: `sha256:${sha256(tar)}` };
};
const configOf = (layers: readonly Layer[]): string =>
  JSON.stringify({
    architecture: "amd64",
    os: "linux",
    config: { Cmd: ["/bin/sh"], Env: ["PATH=/bin", "FROM=archive"], Labels: { made: "by test" } },
    rootfs: { type: "layers", diff_ids: layers.map(({ diffID }) => diffID) },
    history: layers.map((_, at) => ({ created: "2020-01-02T03:04:05Z", created_by: `step ${at}` })),
  });

const base = await layer({
  "bin/busybox": program,
  "bin/sh": "",
  "etc/kept": "kept",
  "etc/gone": "gone",
  "dir/old": "old",
});
const change = await layer({
  "etc/.wh.gone": "",
  "dir/.wh..wh..opq": "",
  "dir/new": "new",
  "bin/sh": "#!/bin/busybox sh\n",
});

describe("import", () => {
  test.each([
    ["none", []],
    ["gzip", ["--gzip"]],
    // Docker 20.10 does not know it.
    ...(engine.kind === "sampan" ? [["zstd", ["--zstd"]] as const] : []),
  ] as const)("takes a tar, compressed by %s", async (name, flags) => {
    const input = await tarOf({ "bin/busybox": program, word: name }, ...flags);
    const { stdout } = await dockerWith(
      { input },
      "import",
      "--message",
      "made here",
      "--change",
      "ENV A=1",
      "--change",
      'ENTRYPOINT ["/bin/busybox"]',
      "-",
      `imported:${name}`,
    );
    expect(stdout.trim()).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(
      await ok(
        "run",
        "--rm",
        "--network",
        "none",
        `imported:${name}`,
        "sh",
        "-c",
        "/bin/busybox cat /word; echo $A",
      ),
    ).toBe(`${name}1`);
    expect(await ok("history", "--format", "{{.Comment}}", `imported:${name}`)).toBe("made here");
    await ok("rmi", `imported:${name}`);
  });

  test("a file that is no tar is refused and leaves no image", async () => {
    const before = await ok("images", "-aq");
    const { exitCode } = await dockerWith(
      { input: "this is no tar archive, although it is long enough".repeat(50) },
      "import",
      "-",
      "bad:1",
    );
    expect(exitCode).not.toBe(0);
    expect(await ok("images", "-aq")).toBe(before);
  });
});

describe("load", () => {
  test("a docker archive: layers, white-outs, opaque folders and the configuration", async () => {
    const config = configOf([base, change]);
    const name = `${sha256(config)}.json`;
    const input = await tarOf({
      [name]: config,
      "a/layer.tar": base.tar,
      "b/layer.tar": change.tar,
      "manifest.json": JSON.stringify([
        { Config: name, RepoTags: ["loaded:1"], Layers: ["a/layer.tar", "b/layer.tar"] },
      ]),
    });
    expect((await dockerWith({ input }, "load")).stdout).toContain("Loaded image: loaded:1");
    expect(await ok("inspect", "--format", '{{.Id}} {{index .Config.Labels "made"}}', "loaded:1")).toBe(
      `sha256:${sha256(config)} by test`,
    );
    const copy = "/bin/busybox ls /etc; /bin/busybox ls /dir; echo $FROM";
    expect(
      await ok(
        "run",
        "--rm",
        "--network",
        "none",
        "--entrypoint",
        "/bin/busybox",
        "loaded:1",
        "sh",
        "-c",
        copy,
      ),
    ).toMatch(/kept[^]*new[^]*archive/);
    expect(
      await ok("run", "--rm", "--network", "none", "--entrypoint", "/bin/busybox", "loaded:1", "ls", "/dir"),
    ).toBe("new");
    expect(
      await ok("run", "--rm", "--network", "none", "--entrypoint", "/bin/busybox", "loaded:1", "ls", "/etc"),
    ).not.toContain("gone");
    expect((await ok("history", "--no-trunc", "--format", "{{.CreatedBy}}", "loaded:1")).split("\n")).toEqual(
      ["step 1", "step 0"],
    );
    await ok("rmi", "loaded:1");
  });

  test("an OCI layout from a file", async () => {
    const config = configOf([base]);
    const blob = (content: string | Uint8Array) => [`blobs/sha256/${sha256(content)}`, content] as const;
    const descriptor = (mediaType: string, content: string | Uint8Array) => ({
      mediaType,
      digest: `sha256:${sha256(content)}`,
      size: content.length,
    });
    const manifest = JSON.stringify({
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      config: descriptor("application/vnd.oci.image.config.v1+json", config),
      layers: [descriptor("application/vnd.oci.image.layer.v1.tar", base.tar)],
    });
    const index = {
      schemaVersion: 2,
      manifests: [
        {
          ...descriptor("application/vnd.oci.image.manifest.v1+json", manifest),
          annotations: {
            "io.containerd.image.name": "docker.io/library/oci:1",
            "org.opencontainers.image.ref.name": "1",
          },
        },
      ],
    };
    const path = join(engine.folder, "oci.tar");
    const dockerManifest = [
      {
        Config: `blobs/sha256/${sha256(config)}`,
        RepoTags: ["oci:1"],
        Layers: [`blobs/sha256/${sha256(base.tar)}`],
      },
    ];
    writeFileSync(
      path,
      await tarOf({
        "oci-layout": JSON.stringify({ imageLayoutVersion: "1.0.0" }),
        "index.json": JSON.stringify(index),
        // dockerd without its containerd image store reads layouts only by this file.
        ...(engine.kind === "dockerd" ? { "manifest.json": JSON.stringify(dockerManifest) } : {}),
        ...Object.fromEntries([blob(config), blob(base.tar), blob(manifest)]),
      }),
    );
    expect(await ok("load", "-i", path)).toContain("Loaded image: oci:1");
    expect(
      await ok(
        "run",
        "--rm",
        "--network",
        "none",
        "--entrypoint",
        "/bin/busybox",
        "oci:1",
        "cat",
        "/etc/kept",
      ),
    ).toBe("kept");
    await ok("rmi", "oci:1");
  });

  test("an archive whose layer is not what its configuration says is refused", async () => {
    const config = configOf([change]);
    const input = await tarOf({
      "c.json": config,
      "a/layer.tar": base.tar,
      "manifest.json": JSON.stringify([
        { Config: "c.json", RepoTags: ["forged:1"], Layers: ["a/layer.tar"] },
      ]),
    });
    expect((await dockerWith({ input }, "load")).exitCode).not.toBe(0);
    expect((await docker("inspect", "forged:1")).exitCode).toBe(1);
  });
});

describe("names", () => {
  test("tag gives more names to one image; rmi takes one name, then the image", async () => {
    const input = await tarOf({ "bin/busybox": program, mark: String(Math.random()) });
    const id = (await dockerWith({ input }, "import", "-", "first:1")).stdout.trim();
    await ok("tag", "first:1", "second/name:2");
    await ok("tag", id.slice(7, 19), "third");
    expect(
      (await ok("images", "--no-trunc", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}"))
        .split("\n")
        .filter((line) => line.endsWith(id))
        .toSorted(),
    ).toEqual([`first:1 ${id}`, `second/name:2 ${id}`, `third:latest ${id}`]);
    expect(await ok("rmi", "first:1")).toBe("Untagged: first:1");
    expect((await docker("rmi", id)).stderr).toContain("image is referenced in multiple repositories");
    expect(await ok("rmi", "second/name:2")).toBe("Untagged: second/name:2");
    const text = await ok("rmi", "third");
    expect(text).toContain("Untagged: third:latest");
    expect(text).toContain(`Deleted: ${id}`);
    expect((await docker("inspect", "--type", "image", id)).stderr).toContain("No such image");
  });

  test("tagging over a name moves it and leaves the old image without one", async () => {
    const [a, b] = [
      await tarOf({ "bin/busybox": program, a: "a" }),
      await tarOf({ "bin/busybox": program, b: "b" }),
    ];
    const old = (await dockerWith({ input: a }, "import", "-", "moving")).stdout.trim();
    const young = (await dockerWith({ input: b }, "import", "-", "moving")).stdout.trim();
    expect(await ok("inspect", "--format", "{{.Id}}", "moving")).toBe(young);
    expect(await ok("images", "-q", "--no-trunc", "--filter", "dangling=true")).toBe(old);
    await ok("rmi", "moving", old);
  });

  test("filters choose by reference, label and time", async () => {
    await ok("tag", testImage, "harbour/pilot:1");
    await ok("tag", testImage, "harbour/tug:2");
    const names = async (...filters: string[]): Promise<string[]> =>
      (
        await ok(
          "images",
          "--format",
          "{{.Repository}}:{{.Tag}}",
          ...filters.flatMap((filter) => ["--filter", filter]),
        )
      )
        .split("\n")
        .filter((line) => line !== "")
        .toSorted();
    expect(await names("reference=harbour/*")).toEqual(["harbour/pilot:1", "harbour/tug:2"]);
    expect(await names("reference=harbour/*:2")).toEqual(["harbour/tug:2"]);
    expect(await names("label=nosuch")).toEqual([]);
    await ok("rmi", "harbour/pilot:1", "harbour/tug:2");
  });

  test("an image of a stopped container needs force, of a running one stays", async () => {
    await ok("tag", testImage, "used:1");
    await ok("rmi", "used:1");
    const id = await ok("run", "-d", testImage, "sleep", "1000");
    const { exitCode, stderr } = await docker("rmi", "-f", await ok("inspect", "--format", "{{.Image}}", id));
    expect(exitCode).toBe(1);
    expect(stderr).toContain("image is being used by running container");
    await ok("rm", "-f", id);
  });
});

test("a platform that an image is not for: not found, and clients pull", async () => {
  const create = (query: string): Promise<{ status: number; body: string }> =>
    engine.api("POST", `/containers/create?${query}`, { Image: testImage });
  const wrong = await create("platform=linux/s390x");
  expect(wrong.status).toBe(404);
  expect(wrong.body).toContain("does not match the specified platform");
  const right = await create("platform=linux");
  expect(right.status).toBe(201);
  await ok("rm", (JSON.parse(right.body) as { Id: string }).Id);
  if (engine.kind === "dockerd") return;
  const inspect = (query: string): Promise<{ status: number }> =>
    engine.api("GET", `/v1.49/images/${testImage}/json?${query}`);
  const platform = (architecture: string): string =>
    `platform=${encodeURIComponent(JSON.stringify({ os: "linux", architecture }))}`;
  expect((await inspect(platform("s390x"))).status).toBe(404);
  expect(
    await inspect(platform({ x64: "amd64", arm64: "arm64" }[process.arch as string] ?? "")),
  ).toMatchObject({
    status: 200,
  });
  expect((await inspect(`manifests=1&${platform("amd64")}`)).status).toBe(400);
  expect((await inspect("platform=x")).status).toBe(400);
});

test("inspect tells layers, size, time and configuration", async () => {
  const found = JSON.parse(await ok("image", "inspect", testImage)) as [Record<string, unknown>];
  expect(found[0]).toMatchObject({
    Id: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
    RepoTags: [testImage],
    Os: "linux",
    Config: { Cmd: ["sh"] },
    RootFS: { Type: "layers", Layers: [expect.stringMatching(/^sha256:[0-9a-f]{64}$/)] },
  });
  expect(found[0]["Size"]).toBeGreaterThan(1_000_000);
  expect(await shellIn(testImage, "echo in")).toBe("in");
});
