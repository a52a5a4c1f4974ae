// What a hostile or broken registry can send: each attack is a row. Every one is refused with a clear error, and leaves nothing.
import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { startDaemon } from "../harness/daemon.ts";
import { blobOf, configOf, type Blob } from "../harness/registry-images.ts";
import { sha256, tarOf } from "../harness/tar.ts";

const engine = await startDaemon({ flags: ["-D"] });
type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** What the evil registry answers under a path; everything else is not there. */
const answers = new Map<string, Answer>();
const seen: { readonly url: string; readonly authorization: string | undefined }[] = [];
const serve = (request: IncomingMessage, response: ServerResponse): void => {
  seen.push({ url: `${request.headers.host}${request.url}`, authorization: request.headers.authorization });
  const answer = answers.get((request.url ?? "").split("?")[0] ?? "");
  if (answer === undefined) response.writeHead(404).end();
  else answer(request, response);
};
const [evil, other] = await Promise.all(
  [1, 2].map(async () => {
    const server = createServer(serve).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    return { server, host: `127.0.0.1:${(server.address() as AddressInfo).port}` };
  }),
);
if (evil === undefined || other === undefined) throw new Error("no server");
afterAll(async () => {
  await engine.stop();
  for (const { server } of [evil, other]) {
    server.close();
    server.closeAllConnections();
  }
});

const types = {
  index: "application/vnd.oci.image.index.v1+json",
  manifest: "application/vnd.oci.image.manifest.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  layer: "application/vnd.oci.image.layer.v1.tar+gzip",
};
const tar = Buffer.from(
  await tarOf({
    file: "content",
    large: new Uint8Array(200_000).map((_, at) => Math.imul(at, 2654435761) >>> 24),
  }),
);
const layer = blobOf(Bun.gzipSync(tar));
const config = configOf([tar]);
const descriptor = (mediaType: string, { digest, bytes }: Blob, more = {}) => ({
  mediaType,
  digest,
  size: bytes.length,
  ...more,
});
const manifestOf = (changes: Readonly<Record<string, unknown>> = {}): Blob =>
  blobOf(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: types.manifest,
      config: descriptor(types.config, config),
      layers: [descriptor(types.layer, layer)],
      ...changes,
    }),
  );

const send =
  (bytes: Uint8Array, headers: Readonly<Record<string, string>> = {}): Answer =>
  (_, response) =>
    void response.writeHead(200, { "Content-Length": String(bytes.length), ...headers }).end(bytes);
const unannounced =
  (bytes: Uint8Array): Answer =>
  (_, response) =>
    void response.writeHead(200, { "Transfer-Encoding": "chunked" }).end(bytes);
const redirect =
  (location: string): Answer =>
  (_, response) =>
    void response.writeHead(307, { Location: location }).end();

function put(name: string, blobs: readonly Blob[], manifest: Blob, type = types.manifest): void {
  for (const { digest, bytes } of blobs) answers.set(`/v2/${name}/blobs/${digest}`, send(bytes));
  for (const reference of ["1", manifest.digest])
    answers.set(`/v2/${name}/manifests/${reference}`, send(manifest.bytes, { "Content-Type": type }));
}

function nothingIsLeft(): void {
  const inRoot = (folder: string): string[] => readdirSync(join(engine.root, folder));
  expect([
    inRoot("images"),
    inRoot("content/sha256"),
    inRoot("content/ingest"),
    inRoot("graph").toSorted(),
  ]).toEqual([[], [], [], [":mountpoints:", ":tmp:"]]);
}

const wrong = Buffer.from(layer.bytes).map((byte, at) => (at === 5000 ? byte ^ 1 : byte));
const at = (name: string, kind: "blobs" | "manifests", reference: string): string =>
  `/v2/${name}/${kind}/${reference}`;
const nested = (depth: number): Blob[] => {
  const chain = [manifestOf()];
  for (let level = 0; level < depth; level += 1) {
    const below = chain.at(-1) as Blob;
    const platform = { os: "linux", architecture: process.arch === "arm64" ? "arm64" : "amd64" };
    const type = level === 0 ? types.manifest : types.index;
    chain.push(
      blobOf(
        JSON.stringify({
          schemaVersion: 2,
          mediaType: types.index,
          manifests: [descriptor(type, below, { platform })],
        }),
      ),
    );
  }
  return chain;
};
/** A header that declares a file of 8 GiB less one byte, a hundred thousand times. */
function bomb(): Uint8Array {
  const header = Buffer.alloc(512);
  header.write("big");
  header.write("0000644\u00000000000\u00000000000\u000077777777777\u000000000000000\u0000", 100);
  header.write("        0", 148);
  header.write("ustar\u000000", 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  // The bodies are holes of a pax sparse file, so that the archive itself is small.
  return header;
}
const escaping = Buffer.from(
  await tarOf({ "x/y": "content" }, "--transform=s,./x/y,../../../../tmp/sampan-escaped,", "-P"),
);

const rows: readonly (readonly [name: string, words: RegExp, set: (name: string) => void])[] = [
  [
    "a layer with a wrong bit",
    /filesystem layer verification failed for digest|does not match|damaged/,
    (name) => answers.set(at(name, "blobs", layer.digest), send(wrong)),
  ],
  [
    "a layer that is another one of the same size",
    /failed to register layer: .*(?:invalid tar header|damaged)|verification failed for digest/,
    (name) => answers.set(at(name, "blobs", layer.digest), send(layer.bytes.toReversed())),
  ],
  [
    "a layer that is longer than declared, announced",
    /has not the size that its manifest declares/,
    (name) =>
      answers.set(at(name, "blobs", layer.digest), send(Buffer.concat([layer.bytes, Buffer.alloc(9)]))),
  ],
  [
    "a layer that is longer than declared, unannounced",
    /is longer than the \d+ bytes that its manifest declares/,
    (name) =>
      answers.set(
        at(name, "blobs", layer.digest),
        unannounced(Buffer.concat([layer.bytes, Buffer.alloc(9)])),
      ),
  ],
  [
    "a layer that is shorter than declared, announced",
    /has not the size that its manifest declares/,
    (name) => answers.set(at(name, "blobs", layer.digest), send(layer.bytes.subarray(0, 1000))),
  ],
  [
    "a layer that is announced as a hundred terabytes",
    /has not the size that its manifest declares/,
    (name) =>
      answers.set(at(name, "blobs", layer.digest), (_, response) =>
        response.writeHead(200, { "Content-Length": "100000000000000" }).end("x"),
      ),
  ],
  [
    "a config with a wrong bit",
    /image config verification failed for digest/,
    (name) =>
      answers.set(
        at(name, "blobs", config.digest),
        send(Buffer.from(config.bytes).map((byte, place) => (place === 3 ? byte ^ 1 : byte))),
      ),
  ],
  [
    "a config of another size",
    /has not the size that its manifest declares/,
    (name) =>
      answers.set(at(name, "blobs", config.digest), send(Buffer.concat([config.bytes, Buffer.from(" ")]))),
  ],
  [
    "a config that promises another layer",
    /does not match the image's config/,
    (name) => {
      const lie = configOf([Buffer.from("another")]);
      put(name, [layer, lie], manifestOf({ config: descriptor(types.config, lie) }));
    },
  ],
  [
    "more layers than the config has",
    /it has 2 layers, and the config 1/,
    (name) =>
      put(
        name,
        [layer, config],
        manifestOf({ layers: [descriptor(types.layer, layer), descriptor(types.layer, layer)] }),
      ),
  ],
  [
    "a layer whose manifest lies about its size",
    /has not the size that its manifest declares/,
    (name) =>
      put(name, [layer, config], manifestOf({ layers: [{ ...descriptor(types.layer, layer), size: 10 }] })),
  ],
  [
    "an index whose manifest is another",
    /manifest verification failed for digest/,
    (name) => {
      const [inner, index] = nested(1) as [Blob, Blob];
      put(name, [layer, config], index, types.index);
      answers.set(at(name, "manifests", inner.digest), send(manifestOf({ annotations: { x: "y" } }).bytes));
    },
  ],
  [
    "an index that lies about a manifest's size",
    /bytes, not the \d+ that its index declares/,
    (name) => {
      const [inner] = nested(0) as [Blob];
      const platform = { os: "linux", architecture: process.arch === "arm64" ? "arm64" : "amd64" };
      const lie = { ...descriptor(types.manifest, inner, { platform }), size: 7 };
      put(name, [layer, config], inner);
      put(
        name,
        [],
        blobOf(JSON.stringify({ schemaVersion: 2, mediaType: types.index, manifests: [lie] })),
        types.index,
      );
    },
  ],
  [
    "indexes within indexes",
    /indexes within indexes without end/,
    (name) => {
      for (const document of nested(12)) put(name, [layer, config], document, types.index);
      answers.set(
        at(name, "manifests", nested(12)[0]?.digest ?? ""),
        send(manifestOf().bytes, { "Content-Type": types.manifest }),
      );
    },
  ],
  [
    "a manifest of 5 MiB",
    /longer than 4194304 bytes/,
    (name) => put(name, [], manifestOf({ annotations: { x: "x".repeat(5 << 20) } })),
  ],
  [
    "a manifest that is a page",
    /invalid manifest: it is no JSON/,
    (name) => put(name, [], blobOf("<html>login here</html>"), "text/html"),
  ],
  [
    "a manifest of schema 1",
    /schema 1 are not supported/,
    (name) =>
      put(
        name,
        [],
        blobOf('{"schemaVersion":1,"fsLayers":[]}'),
        "application/vnd.docker.distribution.manifest.v1+json",
      ),
  ],
  [
    "a manifest that is image and index at once",
    /index and an image at once/,
    (name) => put(name, [layer, config], manifestOf({ manifests: [] })),
  ],
  [
    "a config of something else",
    /no image that can be run/,
    (name) =>
      put(
        name,
        [layer, config],
        manifestOf({ config: descriptor("application/vnd.cncf.helm.config.v1+json", config) }),
      ),
  ],
  [
    "a digest that leads out of the store",
    /unsupported digest/,
    (name) =>
      put(
        name,
        [layer, config],
        manifestOf({ layers: [{ ...descriptor(types.layer, layer), digest: "sha256:../../../etc/passwd" }] }),
      ),
  ],
  [
    "a layer that leads out of its folder",
    /cannot unpack/,
    (name) => {
      const blob = blobOf(Bun.gzipSync(escaping));
      const lie = configOf([escaping]);
      put(
        name,
        [blob, lie],
        manifestOf({ config: descriptor(types.config, lie), layers: [descriptor(types.layer, blob)] }),
      );
    },
  ],
  [
    "a layer that declares more than there is room for",
    /more than there is room for|unexpected EOF/,
    (name) => {
      const blob = blobOf(Bun.gzipSync(Buffer.concat(Array.from({ length: 1000 }, bomb))));
      put(name, [blob, config], manifestOf({ layers: [descriptor(types.layer, blob)] }));
    },
  ],
  [
    "a layer that is no archive",
    /tar|archive|magic|header/i,
    (name) => {
      const blob = blobOf("this is no archive at all ".repeat(100));
      put(name, [blob, config], manifestOf({ layers: [descriptor(types.layer, blob)] }));
    },
  ],
  [
    "a layer with bytes behind its compressed archive, which nothing would look at",
    // Whichever is found first.
    /goes on behind the end of its compressed archive|verification failed for digest/,
    (name) => {
      const blob = blobOf(Buffer.concat([layer.bytes, new Uint8Array(300_000)]));
      put(name, [blob, config], manifestOf({ layers: [descriptor(types.layer, blob)] }));
      // Its digest is not even true.
      answers.set(
        at(name, "blobs", blob.digest),
        send(Buffer.concat([layer.bytes, new Uint8Array(299_999), Buffer.from("x")])),
      );
    },
  ],
  [
    "a layer that is empty",
    /archive is empty/,
    (name) => {
      const blob = blobOf("");
      put(name, [blob, config], manifestOf({ layers: [descriptor(types.layer, blob)] }));
    },
  ],
  [
    "redirects without end",
    /redirects without end/,
    (name) => answers.set(at(name, "manifests", "1"), redirect(at(name, "manifests", "1"))),
  ],
  [
    "a redirect to a file",
    /redirects to what is no address/,
    (name) => answers.set(at(name, "manifests", "1"), redirect("file:///etc/passwd")),
  ],
  [
    "a redirect to rubbish",
    /redirects to what is no address/,
    (name) => answers.set(at(name, "manifests", "1"), redirect("http://[::x")),
  ],
  [
    "headers without end",
    /./,
    (name) =>
      answers.set(at(name, "manifests", "1"), (_, response) => {
        for (let count = 0; count < 500; count += 1) response.setHeader(`X-${count}`, "y".repeat(1000));
        response.writeHead(200).end("{}");
      }),
  ],
  [
    "an error with the terminal's own letters in it",
    /^Error response from daemon: .*evil: {1,2}\[31mred/,
    (name) =>
      answers.set(at(name, "manifests", "1"), (_, response) =>
        response
          .writeHead(400)
          .end(JSON.stringify({ errors: [{ code: "EVIL", message: "\u001b[31mred\u0007" }] })),
      ),
  ],
  [
    "an error without end",
    /unexpected status 400/,
    (name) =>
      answers.set(at(name, "manifests", "1"), (_, response) =>
        response.writeHead(400).end("x".repeat(1 << 20)),
      ),
  ],
  [
    "a token server that is none",
    /names no server that gives one/,
    (name) =>
      answers.set(at(name, "manifests", "1"), (_, response) =>
        response.writeHead(401, { "WWW-Authenticate": 'Bearer realm="javascript:alert(1)"' }).end(),
      ),
  ],
  [
    "a token with a header in it",
    /gave no token/,
    (name) => {
      answers.set(at(name, "manifests", "1"), (_, response) =>
        response.writeHead(401, { "WWW-Authenticate": `Bearer realm="http://${evil.host}/token"` }).end(),
      );
      answers.set("/token", send(Buffer.from(JSON.stringify({ token: "x\r\nX-Evil: 1" }))));
    },
  ],
  [
    "a token without end",
    /longer than 1048576 bytes/,
    (name) => {
      answers.set(at(name, "manifests", "1"), (_, response) =>
        response.writeHead(401, { "WWW-Authenticate": `Bearer realm="http://${evil.host}/token"` }).end(),
      );
      answers.set("/token", send(Buffer.alloc(3 << 20, 120)));
    },
  ],
];

describe("refused", () => {
  beforeEach(async () => {
    answers.clear();
    for (const id of (await engine.ok("images", "-q")).split("\n"))
      if (id !== "") await engine.ok("rmi", "-f", id);
  });

  test.each(rows)("%s", async (attack, words, set) => {
    const name = `evil/${sha256(attack).slice(0, 8)}`;
    put(name, [layer, config], manifestOf());
    set(name);
    const { exitCode, stderr } = await engine.docker("pull", `${evil.host}/${name}:1`);
    expect([attack, exitCode, stderr]).toEqual([
      attack,
      1,
      expect.stringMatching(words) as unknown as string,
    ]);
    expect(Array.from(stderr).filter((letter) => letter < " " && letter !== "\n")).toEqual([]);
    nothingIsLeft();
  });

  test("a layer that always breaks off at the same place is given up, and what came of it is kept for later", async () => {
    const name = "evil/breaks";
    put(name, [layer, config], manifestOf());
    answers.set(at(name, "blobs", layer.digest), (_, response) => {
      response.writeHead(200, { "Content-Length": String(layer.bytes.length) });
      response.write(layer.bytes.subarray(0, 1000));
      setTimeout(() => response.destroy(), 50);
    });
    const { exitCode, stderr } = await engine.docker("pull", `${evil.host}/${name}:1`);
    expect([exitCode, stderr]).toEqual([
      1,
      expect.stringMatching(/connection broke off|broke off after/) as unknown as string,
    ]);
    expect(readdirSync(join(engine.root, "images"))).toEqual([]);
    answers.set(at(name, "blobs", layer.digest), send(layer.bytes));
    await engine.ok("pull", `${evil.host}/${name}:1`);
    await engine.ok("rmi", `${evil.host}/${name}:1`);
    nothingIsLeft();
  });
});

test("a redirect to another host brings the bytes, and takes no credentials there", async () => {
  const name = "sent/elsewhere";
  put(name, [config], manifestOf());
  answers.set(at(name, "blobs", layer.digest), redirect(`http://${other.host}/storage?signature=secret`));
  answers.set("/storage", send(layer.bytes));
  const asked = answers.get(at(name, "manifests", "1"));
  answers.set(at(name, "manifests", "1"), (request, response) => {
    if (request.headers.authorization === undefined)
      response.writeHead(401, { "WWW-Authenticate": "Basic realm=x" }).end();
    else asked?.(request, response);
  });
  const auth = Buffer.from(JSON.stringify({ username: "u", password: "pw" })).toString("base64url");
  const answer = await fetch(
    `http://engine/images/create?fromImage=${encodeURIComponent(`${evil.host}/${name}:1`)}`,
    {
      unix: engine.socket,
      method: "POST",
      headers: { "X-Registry-Auth": auth },
    },
  );
  expect(await answer.text()).toContain("Downloaded newer image");
  const there = seen.filter(({ url }) => url.startsWith(other.host));
  expect(there).toEqual([{ url: `${other.host}/storage?signature=secret`, authorization: undefined }]);
  expect(engine.log()).not.toContain("signature=secret");
});
