// `save`, and images that go from one engine to another: dockerd, podman and skopeo take what we save, and we what they save.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { output, run } from "../harness/command.ts";
import { startDaemon, type Daemon } from "../harness/daemon.ts";
import { startDockerd } from "../harness/dockerd.ts";
import type { Engine } from "../harness/engine.ts";
import { loadTestImage, testImage } from "../harness/images.ts";
import { sha256 } from "../harness/tar.ts";

// podman takes lower-case paths only for names.
const folder = join(tmpdir(), `sampan-save-${process.pid}`);
mkdirSync(folder);
const at = (...names: string[]): string => join(folder, ...names);
const isThere = (program: string): boolean =>
  Bun.which(program, { PATH: `${process.env["PATH"]}:/usr/sbin:/sbin` }) !== null;

let sampan: Daemon;
let images: Record<"base" | "top", string>;

/** A tree with what archives can hold. It is made by the engine's own program, as root. */
const makeTree = `mkdir -p /t/deep/er; cd /t; echo a > a; ln a deep/hard; ln -s ../a deep/soft; mknod dev c 1 3; mkfifo pipe
  chown 1000:50 a; chmod 4711 a; touch -d '2001-02-03 04:05:06' a deep/er; echo ü > "grüße"; chmod 1777 deep
  name=$(printf 'x%.0s' $(seq 200)); mkdir -p $name/$name; echo long > $name/$name/$name; : > empty; rm -r /home/alice; rm /bin/ls`;

beforeAll(async () => {
  sampan = await startDaemon();
  await loadTestImage(sampan);
  const id = await sampan.ok("run", "-d", testImage, "sh", "-c", makeTree);
  expect(await sampan.ok("wait", id)).toBe("0");
  // The programs inside know no extended attributes.
  const tree = at("tree");
  mkdirSync(tree);
  writeFileSync(join(tree, "marked"), "marked");
  await output(["setfattr", "-n", "user.note", "-v", "a note", join(tree, "marked")]);
  await output(["setcap", "cap_net_raw+ep", join(tree, "marked")]);
  const tar = at("xattrs.tar");
  await output(["tar", "-cf", tar, "--xattrs", "--xattrs-include=*", "-C", tree, "."]);
  await sampan.dockerWith({ input: readFileSync(tar) }, "cp", "-", `${id}:/t`);
  const top = await sampan.ok("commit", "-c", 'CMD ["sh"]', id, "saved/top:1");
  await sampan.ok("tag", "saved/top:1", "saved/top:2");
  await sampan.ok("tag", testImage, "saved/base:latest");
  images = { base: await idOf(sampan, testImage), top };
  await sampan.ok("rm", id);
}, 120_000);
afterAll(async () => {
  await sampan.stop();
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

const idOf = ({ ok }: Pick<Engine, "ok">, name: string): Promise<string> =>
  ok("image", "inspect", "-f", "{{.Id}}", name);

/** The files of an image in an engine, as GNU tar lists what `export` gives of a container that never ran. */
async function treeOf(ok: (...args: string[]) => Promise<string>, image: string): Promise<string[]> {
  const id = (await ok("create", image, "true")).trim();
  const path = at("export.tar");
  await ok("export", "-o", path, id);
  await ok("rm", id);
  const unpacked = at("unpacked");
  rmSync(unpacked, { recursive: true, force: true });
  mkdirSync(unpacked);
  const flags = ["--xattrs", "--xattrs-include=*", "--numeric-owner"];
  await output(["tar", "-xpf", path, "-C", unpacked, ...flags]);
  const list = await output([
    "sh",
    "-c",
    `cd ${unpacked} && find . \\( -path ./dev -o -path ./etc -o -path ./proc -o -path ./sys -o -path ./run \\) -prune -o ! -name . ! -name .dockerenv -printf '%P|%y|%m|%U:%G|%Ts|%l|%n|%s\\n' | sed -E 's/(\\|d\\|.*)\\|[0-9]+\\|[0-9]+$/\\1/'
     getfattr -R -h -d -m 'security.capability' -e hex . ; find t -type f -print0 | sort -z | xargs -0 sha256sum`,
  ]);
  return list.split("\n").toSorted();
}

describe("the archive", () => {
  test("is an OCI layout and a docker archive; blobs are what their names say, shared ones are there once", async () => {
    const path = at("both.tar");
    await sampan.ok("save", "-o", path, "saved/top:1", testImage, images.base);
    const names = (await output(["tar", "-tf", path])).split("\n");
    expect(new Set(names).size).toBe(names.length);
    const unpacked = at("layout");
    mkdirSync(unpacked);
    await output(["tar", "-xf", path, "-C", unpacked]);
    const blobs = names.filter((name) => /^blobs\/sha256\/./.test(name));
    // Two layers, two configs, two manifests.
    expect(blobs).toHaveLength(6);
    for (const blob of blobs)
      expect(sha256(readFileSync(join(unpacked, blob)))).toBe(blob.slice("blobs/sha256/".length));
    const read = (name: string): unknown => JSON.parse(readFileSync(join(unpacked, name), "utf8"));
    expect(read("oci-layout")).toEqual({ imageLayoutVersion: "1.0.0" });
    const table = read("manifest.json") as {
      Config: string;
      RepoTags: string[] | null;
      Layers: string[];
      Parent?: string;
    }[];
    expect(table.map(({ RepoTags }) => RepoTags)).toEqual([["saved/top:1"], [testImage]]);
    expect(table[0]?.Parent).toBe(images.base);
    expect(table[0]?.Layers.slice(0, 1)).toEqual(table[1]?.Layers ?? []);
    const index = read("index.json") as { manifests: { annotations?: Record<string, string> }[] };
    expect(index.manifests.map(({ annotations }) => annotations?.["io.containerd.image.name"])).toEqual([
      "docker.io/saved/top:1",
      `docker.io/${testImage}`,
    ]);
  });

  test("the same images give the same bytes, after a restart and after a load too", async () => {
    const save = async (path: string): Promise<string> => {
      await sampan.ok("save", "-o", path, "saved/top");
      return sha256(readFileSync(path));
    };
    const first = await save(at("1.tar"));
    await sampan.restart();
    expect(await save(at("2.tar"))).toBe(first);
    await sampan.ok("rmi", "saved/top:1", "saved/top:2");
    const loaded = await sampan.ok("load", "-i", at("1.tar"));
    expect(loaded).toBe("Loaded image: saved/top:1\nLoaded image: saved/top:2");
    expect(await idOf(sampan, "saved/top:1")).toBe(images.top);
    expect(await save(at("2.tar"))).toBe(first);
  });

  test("which names it has: a tag, all tags of a repository, none for an id", async () => {
    const tagsOf = async (...names: string[]): Promise<unknown> => {
      const answer = await fetch(
        `http://engine/images/get?${names.map((name) => `names=${name}`).join("&")}`,
        {
          unix: sampan.socket,
        },
      );
      expect(answer.headers.get("content-type")).toBe("application/x-tar");
      const table = await output(["tar", "-xOf", "-", "manifest.json"], { input: await answer.bytes() });
      return (JSON.parse(table) as { RepoTags: unknown }[]).map(({ RepoTags }) => RepoTags);
    };
    expect(await tagsOf("saved/top")).toEqual([["saved/top:1", "saved/top:2"]]);
    expect(await tagsOf("saved/top:2", "saved/top:2")).toEqual([["saved/top:2"]]);
    expect(await tagsOf(images.top.slice(7, 19))).toEqual([null]);
    expect(await tagsOf("saved/base", images.top)).toEqual([["saved/base:latest"], null]);
    expect(await tagsOf(images.top, "saved/top:1")).toEqual([["saved/top:1"]]);
  });

  test("what cannot be saved is refused before a byte is sent", async () => {
    expect((await sampan.docker("save", "nobody")).stderr).toContain("No such image: nobody:latest");
    expect((await sampan.docker("save", "saved/top:1", "saved/top:9")).stderr).toContain(
      "No such image: saved/top:9",
    );
    expect((await sampan.api("GET", "/images/get")).status).toBe(400);
    const platform = encodeURIComponent(JSON.stringify({ os: "linux", architecture: "s390x" }));
    expect((await sampan.api("GET", `/images/saved/top:1/get?platform=${platform}`)).status).toBe(404);
  });

  test("an image that is removed while it is saved comes out whole, and is gone then", async () => {
    await sampan.ok("load", "-i", at("1.tar"));
    const id = await sampan.ok("create", "saved/top:1", "sh", "-c", "echo more > /more");
    await sampan.ok("start", "-a", id);
    await sampan.ok("commit", id, "passing:1");
    await sampan.ok("rm", id);
    const answer = await fetch("http://engine/images/passing:1/get", { unix: sampan.socket });
    const reader = answer.body?.getReader();
    const chunks = [(await reader?.read())?.value ?? new Uint8Array(0)];
    await sampan.ok("rmi", "passing:1");
    for (let next = await reader?.read(); next?.value !== undefined; next = await reader?.read())
      chunks.push(next.value);
    writeFileSync(at("passing.tar"), Buffer.concat(chunks));
    expect(await sampan.ok("load", "-i", at("passing.tar"))).toBe("Loaded image: passing:1");
    expect(await sampan.ok("run", "--rm", "passing:1", "cat", "/more")).toBe("more");
    await sampan.ok("rmi", "passing:1");
  });
});

describe.skipIf(!isThere("dockerd"))("dockerd", () => {
  let dockerd: Engine;
  beforeAll(async () => {
    dockerd = await startDockerd();
  }, 60_000);
  afterAll(() => dockerd.stop(), 60_000);

  test("takes what we save, and has the same image with the same files", async () => {
    await sampan.ok("save", "-o", at("for-dockerd.tar"), "saved/top", testImage);
    await dockerd.ok("load", "-i", at("for-dockerd.tar"));
    expect(await idOf(dockerd, "saved/top:2")).toBe(images.top);
    expect(await treeOf(dockerd.ok, "saved/top:1")).toEqual(await treeOf(sampan.ok, "saved/top:1"));
  }, 120_000);

  test("saves what we take, compressed by whatever program", async () => {
    const id = await dockerd.ok("run", "-d", testImage, "sh", "-c", `${makeTree}; echo by dockerd > /t/by`);
    await dockerd.ok("wait", id);
    const image = await dockerd.ok("commit", id, "from/dockerd:1");
    await dockerd.ok("save", "-o", at("from-dockerd.tar"), "from/dockerd:1");
    for (const program of ["cat", "gzip", "zstd", "xz"]) {
      await output(["sh", "-c", `${program} < ${at("from-dockerd.tar")} > ${at("packed.tar")}`]);
      expect(await sampan.ok("load", "-i", at("packed.tar"))).toBe("Loaded image: from/dockerd:1");
      expect(await idOf(sampan, "from/dockerd:1")).toBe(image);
      if (program === "cat") expect(await treeOf(sampan.ok, image)).toEqual(await treeOf(dockerd.ok, image));
      await sampan.ok("rmi", "from/dockerd:1");
    }
  }, 120_000);
});

describe.skipIf(!isThere("podman"))("podman", () => {
  const podman = async (...args: string[]): Promise<string> => {
    const storage = [
      "--root",
      at("podman", "root"),
      "--runroot",
      at("podman", "run"),
      "--storage-driver",
      "overlay",
    ];
    return await output(["podman", ...storage, ...args], { timeoutMs: 120_000 });
  };
  afterAll(async () => {
    await podman("rmi", "--all", "--force").catch(() => "");
    await run(["sh", "-c", `grep -o "${folder}/[^ ]*" /proc/self/mounts | sort -r | xargs -r umount -l`]);
  });

  test("takes what we save as a docker archive and as an OCI layout, and has the same files", async () => {
    await sampan.ok("save", "-o", at("for-podman.tar"), "saved/top:1");
    await podman("load", "-q", "-i", at("for-podman.tar"));
    expect((await podman("image", "inspect", "-f", "{{.Id}}", "docker.io/saved/top:1")).trim()).toBe(
      images.top.slice(7),
    );
    expect(await treeOf(podman, "docker.io/saved/top:1")).toEqual(await treeOf(sampan.ok, "saved/top:1"));
    const layout = at("podman-layout");
    mkdirSync(layout);
    await output(["tar", "-xf", at("for-podman.tar"), "-C", layout]);
    expect((await podman("pull", "-q", `oci:${layout}`)).trim()).toBe(images.top.slice(7));
  }, 120_000);

  test("saves what we take, in each of its formats", async () => {
    const image = `sha256:${(await podman("image", "inspect", "-f", "{{.Id}}", "docker.io/saved/top:1")).trim()}`;
    for (const format of ["docker-archive", "oci-archive"]) {
      const path = at(`from-podman-${format}.tar`);
      await podman("save", "-q", "--format", format, "-o", path, "docker.io/saved/top:1");
      await sampan.ok("rmi", "saved/top:1", "saved/top:2");
      expect(await sampan.ok("load", "-i", path)).toContain("saved/top:1");
      // podman writes another config into an OCI archive.
      if (format === "docker-archive") expect(await idOf(sampan, "saved/top:1")).toBe(image);
      await sampan.ok("tag", "saved/top:1", "saved/top:2");
    }
  }, 120_000);
});

describe.skipIf(!isThere("skopeo"))("skopeo", () => {
  test("reads what we save, and what it writes comes back as the same image", async () => {
    await sampan.ok("save", "-o", at("for-skopeo.tar"), "saved/top:1");
    const layout = at("skopeo-layout");
    const policy = ["--insecure-policy", "copy", "-q"];
    await output([
      "skopeo",
      ...policy,
      `docker-archive:${at("for-skopeo.tar")}:saved/top:1`,
      `oci:${layout}:saved/top:1`,
    ]);
    await output([
      "skopeo",
      ...policy,
      `oci:${layout}:saved/top:1`,
      `docker-archive:${at("from-skopeo.tar")}:saved/top:1`,
    ]);
    await sampan.ok("rmi", "saved/top:1", "saved/top:2");
    expect(await sampan.ok("load", "-i", at("from-skopeo.tar"))).toBe("Loaded image: saved/top:1");
    expect(existsSync(join(layout, "index.json"))).toBe(true);
    // Its layers were compressed on the way and are the same again.
    expect(await sampan.ok("image", "inspect", "-f", "{{.RootFS.Layers}}", "saved/top:1")).toMatch(/sha256/);
  });
});

test("a layer that was stored without its archive's headers is refused by name, before a byte is written", async () => {
  const early = await startDaemon();
  try {
    await loadTestImage(early);
    const graph = join(early.root, "graph");
    for (const name of readdirSync(graph)) rmSync(join(graph, name, "tar-split"), { force: true });
    const { stderr, exitCode } = await early.docker("save", "-o", at("early.tar"), testImage);
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining("cannot be written again")]);
    expect(existsSync(at("early.tar"))).toBe(false);
    expect(await early.ok("run", "--rm", testImage, "echo", "still runs")).toBe("still runs");
  } finally {
    await early.stop();
  }
});
