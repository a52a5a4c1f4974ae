// Pull and push against a real registry, with the stock client; what was pushed is looked at with skopeo.
import { afterAll, describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { eventually, output } from "../harness/command.ts";
import { startDaemon } from "../harness/daemon.ts";
import { busyboxTar, loadTestImage, testImage } from "../harness/images.ts";
import { blobOf, configOf, putImage } from "../harness/registry-images.ts";
import { seededRandom } from "../harness/random.ts";
import { startCutter, startRegistry } from "../harness/registry.ts";
import { tarOf, type Files } from "../harness/tar.ts";

const registry = await startRegistry();
const empty = await startRegistry();
const engine = await startDaemon();
const { ok, docker, sampan, api } = engine;
await loadTestImage(engine);
afterAll(async () => {
  await engine.stop();
  await registry.stop();
  await empty.stop();
});

const busybox = await Bun.file(
  (await Bun.file("/bin/busybox").exists()) ? "/bin/busybox" : "/usr/bin/busybox",
).bytes();
const base: Files = {
  "bin/busybox": busybox,
  "bin/sh": "#!/bin/busybox sh\n",
  "files/gone": "x",
  "files/kept": "kept",
};
const change: Files = { "files/.wh.gone": "", "files/new": "new" };

const shell = (image: string, script: string) =>
  ok("run", "--rm", "--network", "none", image, "/bin/busybox", "sh", "-c", script);
const skopeo = async (...args: string[]): Promise<unknown> => JSON.parse(await output(["skopeo", ...args]));
const inspectRaw = (image: string) => skopeo("inspect", "--raw", "--tls-verify=false", `docker://${image}`);
const requests = (pattern: RegExp): number =>
  registry
    .log()
    .split("\n")
    .filter((line) => pattern.test(line)).length;
const partials = () => readdirSync(join(engine.root, "content/ingest"));

describe("pull", () => {
  test.each([
    ["oci", "gzip"],
    ["oci", "zstd"],
    ["oci", "none"],
    ["v2s2", "gzip"],
    ["v2s2", "none"],
  ] as const)("%s with layers by %s", async (format, compression) => {
    const image = `${registry.host}/formats/${format}:${compression}`;
    await putImage(image, [{ ...base, stamp: `${format} ${compression}` }, change], { format, compression });
    const said = await ok("pull", image);
    expect(said).toContain(`${compression}: Pulling from formats/${format}\n`);
    expect(said).toMatch(/^[0-9a-f]{12}: Pull complete$/m);
    expect(said).toMatch(/^Digest: sha256:[0-9a-f]{64}$/m);
    expect(said).toContain(`Status: Downloaded newer image for ${image}`);
    expect(await shell(image, "/bin/busybox cat /files/kept /files/new /stamp; /bin/busybox ls /files")).toBe(
      `keptnew${format} ${compression}kept\nnew`,
    );
    const digest = await output([
      "skopeo",
      "inspect",
      "--tls-verify=false",
      "--format",
      "{{.Digest}}",
      `docker://${image}`,
    ]);
    expect(await ok("inspect", "--format", "{{json .RepoDigests}}", image)).toBe(
      JSON.stringify([`${registry.host}/formats/${format}@${digest}`]),
    );
    expect(partials()).toEqual([]);
  });

  test("again: nothing is fetched, and the status says so", async () => {
    const image = `${registry.host}/again:1`;
    await putImage(image, [{ a: "1" }]);
    await ok("pull", image);
    const blobs = requests(/GET \/v2\/again\/blobs/);
    const said = await ok("pull", image);
    expect(said).toMatch(/^[0-9a-f]{12}: Already exists$/m);
    expect(said).toContain(`Status: Image is up to date for ${image}`);
    expect(requests(/GET \/v2\/again\/blobs/)).toBe(blobs);
  });

  test("layers that another image has are not fetched", async () => {
    await putImage(`${registry.host}/shared/one:1`, [base, { one: "1" }]);
    await putImage(`${registry.host}/shared/two:1`, [base, { two: "2" }]);
    await ok("pull", `${registry.host}/shared/one:1`);
    const said = await ok("pull", `${registry.host}/shared/two:1`);
    expect(said.match(/Already exists/g)).toHaveLength(1);
    expect(said.match(/Pull complete/g)).toHaveLength(1);
    expect(requests(/GET \/v2\/shared\/two\/blobs/)).toBe(2);
  });

  test("the same files above another base, and twice in one image", async () => {
    const layer = { twice: "same" };
    await putImage(`${registry.host}/twice:1`, [base, layer, layer]);
    await ok("pull", `${registry.host}/twice:1`);
    await putImage(`${registry.host}/twice:2`, [{ ...base, other: "base" }, layer]);
    await ok("pull", `${registry.host}/twice:2`);
    expect(await shell(`${registry.host}/twice:1`, "/bin/busybox cat /twice")).toBe("same");
    expect(await shell(`${registry.host}/twice:2`, "/bin/busybox cat /twice /other")).toBe("samebase");
  });

  test("by digest: the image has that name and no tag", async () => {
    const image = `${registry.host}/digest:1`;
    await putImage(image, [{ digest: "yes" }]);
    const digest = await output([
      "skopeo",
      "inspect",
      "--tls-verify=false",
      "--format",
      "{{.Digest}}",
      `docker://${image}`,
    ]);
    const byDigest = `${registry.host}/digest@${digest}`;
    expect(await ok("pull", byDigest)).toContain(`Status: Downloaded newer image for ${byDigest}`);
    expect(await ok("inspect", "--format", "{{json .RepoTags}} {{index .RepoDigests 0}}", byDigest)).toBe(
      `[] ${byDigest}`,
    );
    expect(await ok("rmi", byDigest)).toContain(`Untagged: ${byDigest}`);
    expect((await docker("inspect", byDigest)).exitCode).toBe(1);
  });

  test("--all-tags", async () => {
    for (const tag of ["a", "b", "c"]) await putImage(`${registry.host}/tags:${tag}`, [{ tag }]);
    await ok("pull", "--all-tags", `${registry.host}/tags`);
    expect(
      (await ok("images", "--format", "{{.Tag}}", `${registry.host}/tags`)).split("\n").toSorted(),
    ).toEqual(["a", "b", "c"]);
  });

  test("of several platforms the one that is asked for, or this machine's", async () => {
    const name = "platforms";
    const own = process.arch === "arm64" ? "arm64" : "amd64";
    const manifests: unknown[] = [];
    for (const [architecture = "", variant] of [["s390x"], [own], ["arm", "v6"]]) {
      const tar = await tarOf({ [`for-${architecture}`]: "x" });
      const config = configOf([tar], { architecture, ...(variant && { variant }) });
      const layer = blobOf(Bun.gzipSync(Buffer.from(tar)));
      const manifest = blobOf(
        JSON.stringify({
          schemaVersion: 2,
          mediaType: "application/vnd.oci.image.manifest.v1+json",
          config: {
            mediaType: "application/vnd.oci.image.config.v1+json",
            digest: config.digest,
            size: config.bytes.length,
          },
          layers: [
            {
              mediaType: "application/vnd.oci.image.layer.v1.tar+gzip",
              digest: layer.digest,
              size: layer.bytes.length,
            },
          ],
        }),
      );
      for (const blob of [config, layer]) await putBlob(name, blob.digest, blob.bytes);
      await putManifest(name, manifest.digest, manifest.bytes, "application/vnd.oci.image.manifest.v1+json");
      const platform = { os: "linux", architecture, ...(variant && { variant }) };
      manifests.push({
        mediaType: "application/vnd.oci.image.manifest.v1+json",
        digest: manifest.digest,
        size: manifest.bytes.length,
        platform,
      });
    }
    const index = blobOf(
      JSON.stringify({ schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests }),
    );
    await putManifest(name, "1", index.bytes, "application/vnd.oci.image.index.v1+json");
    const image = `${registry.host}/${name}:1`;
    expect(await ok("pull", image)).toContain(`Digest: ${index.digest}`);
    expect(await ok("inspect", "--format", "{{.Architecture}}", image)).toBe(own);
    await ok("pull", "--platform", "linux/arm/v7", image);
    expect(await ok("inspect", "--format", "{{.Architecture}} {{.Variant}}", image)).toBe("arm v6");
    const { exitCode, stderr } = await docker("pull", "--platform", "linux/ppc64le", image);
    expect([exitCode, stderr]).toEqual([
      1,
      "Error response from daemon: no matching manifest for linux/ppc64le in the manifest list entries\n",
    ]);
    const found = (await api("GET", `/v1.41/distribution/${image}/json`)).json();
    expect(found).toEqual({
      Descriptor: {
        mediaType: "application/vnd.oci.image.index.v1+json",
        digest: index.digest,
        size: index.bytes.length,
      },
      Platforms: [
        { architecture: "s390x", os: "linux" },
        { architecture: own, os: "linux" },
        { architecture: "arm", os: "linux", variant: "v6" },
      ],
    });
  });

  test.each([
    [
      "a tag that is not there",
      (): string => `${registry.host}/again:none`,
      "manifest for IMAGE not found: manifest unknown: manifest unknown",
    ],
    [
      "a repository that is not there",
      (): string => `${registry.host}/nothing/here:1`,
      "manifest for IMAGE not found: manifest unknown: manifest unknown",
    ],
    [
      "a name of this machine's own",
      (): string => "host/none:2",
      "IMAGE: names of host/ are made from this machine, never pulled",
    ],
  ] as const)("%s", async (_, name, words) => {
    const image = name();
    const { exitCode, stderr } = await docker("pull", image);
    expect([exitCode, stderr]).toEqual([1, `Error response from daemon: ${words.replace("IMAGE", image)}\n`]);
    expect((await api("POST", `/images/create?fromImage=${encodeURIComponent(image)}`)).status).toBe(404);
  });

  test("a registry that is not there", async () => {
    const { exitCode, stderr } = await docker("pull", "127.0.0.1:1/x:1");
    expect([exitCode, stderr]).toEqual([
      1,
      "Error response from daemon: http://127.0.0.1:1/v2/x/manifests/1: connection refused\n",
    ]);
  });

  test("one pull serves all who ask at the same time", async () => {
    const image = `${registry.host}/flight:1`;
    await putImage(image, [base, { big: new Uint8Array(4 << 20).map((_, at) => (at * 7919) >> 3) }]);
    const all = await Promise.all(Array.from({ length: 5 }, () => ok("pull", image)));
    for (const said of all) expect(said).toMatch(/Status: (Downloaded newer image|Image is up to date)/);
    expect(requests(/GET \/v2\/flight\/blobs/)).toBeLessThanOrEqual(3);
  });

  test("run pulls what is missing", async () => {
    const image = `${registry.host}/run:1`;
    await putImage(image, [base]);
    expect(await ok("run", "--rm", "--network", "none", image, "/bin/busybox", "echo", "pulled")).toBe(
      "pulled",
    );
  });

  test("events", async () => {
    const image = `${registry.host}/events:1`;
    await putImage(image, [{ event: "1" }]);
    const since = Math.floor(Date.now() / 1000);
    await ok("pull", image);
    await ok("tag", image, `${registry.host}/events:2`);
    await ok("push", `${registry.host}/events:2`);
    const said = await ok(
      "events",
      "--since",
      `${since}`,
      "--until",
      String(Math.ceil(Date.now() / 1000)),
      "--filter",
      "type=image",
      "--format",
      "{{.Action}} {{.Actor.Attributes.name}}",
    );
    expect(said.split("\n")).toEqual(
      expect.arrayContaining([`pull ${image}`, `push ${registry.host}/events:2`]),
    );
  });
});

describe("push", () => {
  test("an image that was made here is pulled by skopeo and by another engine, with the same files", async () => {
    const image = `${registry.host}/made/here:1`;
    await ok("tag", testImage, image);
    const said = await ok("push", image);
    expect(said).toContain(`The push refers to repository [${registry.host}/made/here]\n`);
    expect(said).toMatch(/^[0-9a-f]{12}: Pushed$/m);
    const [, digest] = /^1: digest: (sha256:[0-9a-f]{64}) size: \d+$/m.exec(said) ?? [];
    const manifest = (await inspectRaw(image)) as {
      mediaType: string;
      layers: { mediaType: string; digest: string }[];
    };
    expect(manifest.mediaType).toBe("application/vnd.docker.distribution.manifest.v2+json");
    expect(manifest.layers.map(({ mediaType }) => mediaType)).toEqual([
      "application/vnd.docker.image.rootfs.diff.tar.gzip",
    ]);
    expect(await ok("inspect", "--format", "{{index .RepoDigests 0}}", image)).toBe(
      `${registry.host}/made/here@${digest}`,
    );
    const layer = await output([
      "skopeo",
      "inspect",
      "--config",
      "--tls-verify=false",
      "--format",
      "{{index .RootFS.DiffIDs 0}}",
      `docker://${image}`,
    ]);
    const blob = await fetch(`http://${registry.host}/v2/made/here/blobs/${manifest.layers[0]?.digest}`);
    const sum = await output(["sh", "-c", "gzip -dc | sha256sum"], { input: await blob.bytes() });
    expect(`sha256:${sum.slice(0, 64)}`).toBe(layer);
  });

  test("again: nothing is sent", async () => {
    const image = `${registry.host}/made/again:1`;
    await ok("tag", testImage, image);
    const first = await ok("push", image);
    const said = await ok("push", image);
    expect(said).toMatch(/^[0-9a-f]{12}: Layer already exists$/m);
    expect(said.split("\n").at(-1)).toBe(first.split("\n").at(-1) ?? "");
  });

  test.each(["oci", "v2s2"] as const)(
    "what was pulled as %s goes to another repository of its registry without its layers, under the same digest",
    async (format) => {
      const [from, to] = [`${registry.host}/from/${format}:1`, `${registry.host}/to/${format}:1`];
      await putImage(from, [base, { format }], { format });
      await ok("pull", from);
      await ok("tag", from, to);
      const said = await ok("push", to);
      expect(said.match(new RegExp(`: Mounted from `, "g"))).toHaveLength(2);
      expect(await inspectRaw(to)).toEqual(await inspectRaw(from));
      expect(requests(new RegExp(`PATCH /v2/to/${format}`))).toBe(0);
    },
  );

  test("to an empty registry it is compressed again, and always to the same bytes", async () => {
    const from = `${registry.host}/elsewhere:1`;
    await putImage(from, [base, change], { compression: "zstd" });
    await ok("pull", from);
    const digests = [];
    for (const to of [`${empty.host}/one:1`, `${empty.host}/one/two:1`]) {
      await ok("tag", from, to);
      digests.push(/digest: (sha256:\S+)/.exec(await ok("push", to))?.[1]);
    }
    expect(digests[0]).toBe(digests[1]);
    const other = await startDaemon();
    try {
      await other.ok("pull", `${empty.host}/one:1`);
      const id = ["inspect", "--format", "{{.Id}}"];
      expect(await other.ok(...id, `${empty.host}/one:1`)).toBe(await ok(...id, from));
      expect(
        await other.ok(
          "run",
          "--rm",
          "--network",
          "none",
          `${empty.host}/one:1`,
          "/bin/busybox",
          "ls",
          "/files",
        ),
      ).toBe("kept\nnew");
    } finally {
      await other.stop();
    }
  });

  test("zstd by a parameter of our own", async () => {
    const image = `${empty.host}/zstd`;
    await ok("tag", testImage, `${image}:1`);
    const { status, body } = await api("POST", `/images/${image}/push?tag=1&compression=zstd`);
    expect([status, body.includes('"Tag":"1"')]).toEqual([200, true]);
    const manifest = (await inspectRaw(`${image}:1`)) as {
      mediaType: string;
      layers: { mediaType: string }[];
    };
    expect([manifest.mediaType, manifest.layers[0]?.mediaType]).toEqual([
      "application/vnd.oci.image.manifest.v1+json",
      "application/vnd.oci.image.layer.v1.tar+zstd",
    ]);
  });

  test.each(["gzip", "zstd"])("%s at the pace of a slow registry", async (compression) => {
    const wire = await startCutter(empty.port);
    wire.uploadRatePerSecond = 40e6;
    const image = `${wire.host}/slow-${compression}`;
    const noise = seededRandom(3);
    // Some of it can be made smaller and some not; more than a connection holds, in layers side by side.
    const files = Array.from({ length: 40 }, (_, at) => noise.bytes(400_000).fill(at, 0, at * 10_000));
    const layers = [0, 1, 2].map((layer) =>
      Object.fromEntries(files.map((bytes, at) => [`layer${layer}/file${at}`, bytes])),
    );
    const source = `${registry.host}/slow-source-${compression}:1`;
    await putImage(source, layers, { compression: "none" });
    await ok("pull", source);
    await ok("tag", source, `${image}:1`);
    const { body } = await api("POST", `/images/${image}/push?tag=1&compression=${compression}`);
    expect(body).toContain('"Tag":"1"');
    expect(body).not.toContain("Retrying");
    await ok("rmi", source, `${image}:1`);
    wire.uploadRatePerSecond = Number.POSITIVE_INFINITY;
    // Whoever pulls checks the digests of the files too.
    await ok("pull", `${image}:1`);
    await ok("rmi", `${image}:1`);
    wire.stop();
  });

  test("--all-tags", async () => {
    for (const tag of ["x", "y"]) await ok("tag", testImage, `${registry.host}/all:${tag}`);
    await ok("push", "--all-tags", `${registry.host}/all`);
    // A registry lists them in whatever order its disk has them.
    const { tags } = (await (await fetch(`http://${registry.host}/v2/all/tags/list`)).json()) as {
      tags: string[];
    };
    expect(tags.toSorted()).toEqual(["x", "y"]);
  });

  test("an image that is removed meanwhile gets there whole, and leaves no layer here", async () => {
    const wire = await startCutter(registry.port);
    const image = `${wire.host}/passing:1`;
    await ok("run", "--name", "passing", testImage, "sh", "-c", "echo more >/more");
    await ok("commit", "passing", image);
    await ok("rm", "passing");
    wire.ratePerSecond = 500;
    const pushing = ok("push", image);
    await eventually(
      () => wire.sentBytes() > 0,
      () => "an answer of the registry's",
    );
    await ok("rmi", image);
    wire.ratePerSecond = Number.POSITIVE_INFINITY;
    expect(await pushing).toMatch(/^1: digest: sha256:[0-9a-f]{64} size: /m);
    expect((await sampan("graph", "fsck")).stdout).toMatch(/^nothing wrong$/m);
    expect(await shell(image, "/bin/busybox cat /more")).toBe("more");
    await ok("rmi", image);
    wire.stop();
  });

  test("what is not here", async () => {
    const { exitCode, stderr } = await docker("push", `${registry.host}/not/here:1`);
    expect([exitCode, stderr.trim()]).toEqual([
      1,
      `Error response from daemon: An image does not exist locally with the tag: ${registry.host}/not/here`,
    ]);
  });

  test("owners, modes, times, links, attributes and devices come back as they were", async () => {
    const script = [
      "chown 1000:2000 /etc/passwd",
      "chmod 4711 /bin/busybox",
      "ln /etc/group /etc/hard",
      "ln -s nowhere /etc/soft",
      "mknod /etc/null c 1 3",
      "mkfifo /etc/fifo",
      "touch -d '2001-02-03 04:05:06' /etc/fifo",
      "mkdir -m 1777 /etc/sticky",
      "truncate -s 5M /etc/sparse",
      "printf 'x' > '/etc/ü name'",
    ].join(" && ");
    const tar = await busyboxTar();
    const folder = join(engine.folder, "tree");
    await output(
      [
        "sh",
        "-c",
        `mkdir -p ${folder} && tar -xf - -C ${folder} && chroot ${folder} /bin/sh -c "$0"`,
        script,
      ],
      {
        input: tar,
      },
    );
    await output(["setfattr", "-n", "user.test", "-v", "value", join(folder, "etc/passwd")]);
    await output(["setcap", "cap_net_raw+ep", join(folder, "bin/busybox")]).catch(() => ""); // not on every machine
    const packed = await output([
      "sh",
      "-c",
      `tar --xattrs --xattrs-include='*' -C ${folder} -cf ${folder}.tar . && echo ${folder}.tar`,
    ]);
    const image = `${registry.host}/tree:1`;
    await ok("import", packed, image);
    await ok("push", image);
    const other = await startDaemon();
    try {
      await other.ok("pull", image);
      const graph = join(other.root, "graph");
      const layer = readdirSync(graph).find((name) => /^[0-9a-f]{64}$/.test(name)) ?? "";
      const list = (root: string) =>
        output([
          "sh",
          "-c",
          `cd ${root} && find . -printf '%p %y %m %U:%G %s %T@ %n %l\\n' | grep -v '^./dev \\|^. ' | sort && getfattr -R -d -m - . 2>/dev/null | sort`,
        ]);
      expect(await list(join(graph, layer, "diff"))).toBe(await list(folder));
    } finally {
      await other.stop();
    }
  });
});

test("search finds names in a registry's catalogue", async () => {
  await putImage(`${registry.host}/sea/horse:1`, [{ a: "1" }]);
  await putImage(`${registry.host}/sea/star:1`, [{ a: "1" }]);
  const names = await ok("search", "--format", "{{.Name}}", `${registry.host}/sea`);
  expect(names.split("\n").toSorted()).toEqual(["sea/horse", "sea/star"]);
});

test("nothing is left of downloads, and what is not used any more goes with the images", async () => {
  expect(partials()).toEqual([]);
  for (const id of new Set((await ok("images", "-aq")).split("\n"))) await ok("rmi", "-f", id);
  for (const folder of ["content/sha256", "distribution", "images"])
    expect([folder, readdirSync(join(engine.root, folder))]).toEqual([folder, []]);
});

async function putBlob(name: string, digest: string, bytes: Uint8Array): Promise<void> {
  const start = await fetch(`http://${registry.host}/v2/${name}/blobs/uploads/`, { method: "POST" });
  const location = new URL(start.headers.get("location") ?? "");
  location.searchParams.set("digest", digest);
  const end = await fetch(location, { method: "PUT", body: Buffer.from(bytes) });
  if (end.status !== 201) throw new Error(await end.text());
}

async function putManifest(name: string, reference: string, bytes: Uint8Array, type: string): Promise<void> {
  const answer = await fetch(`http://${registry.host}/v2/${name}/manifests/${reference}`, {
    method: "PUT",
    body: Buffer.from(bytes),
    headers: { "Content-Type": type },
  });
  if (answer.status !== 201) throw new Error(await answer.text());
}
