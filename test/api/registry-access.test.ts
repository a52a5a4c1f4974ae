// Who may: basic and token authentication, TLS with a CA of one's own, mirrors, proxies. And that no secret is ever written.
import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, request as httpRequest } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inTerminal, run } from "../harness/command.ts";
import { startDaemon, type Daemon } from "../harness/daemon.ts";
import { sampanExecutable } from "../harness/executable.ts";
import { loadTestImage, testImage } from "../harness/images.ts";
import { putImage } from "../harness/registry-images.ts";
import { makeCertificates, startRegistry, startTokenServer } from "../harness/registry.ts";

const folder = mkdtempSync(join(tmpdir(), "registry-access-"));
const stops: (() => unknown)[] = [];
afterAll(async () => {
  for (const stop of stops.toReversed()) await stop();
  rmSync(folder, { recursive: true, force: true });
});

async function daemonWith(config: unknown, env: Readonly<Record<string, string>> = {}): Promise<Daemon> {
  const file = join(folder, `daemon-${stops.length}.json`);
  writeFileSync(file, JSON.stringify(config));
  const daemon = await startDaemon({ flags: ["-D", "--config-file", file], env });
  stops.push(() => daemon.stop());
  return daemon;
}
const kept = async <T extends { readonly stop: () => unknown }>(starting: Promise<T>): Promise<T> => {
  const started = await starting;
  stops.push(() => started.stop());
  return started;
};

const password = "open sesame: 1001 nights";
const user = "ali";
const login = (engine: Daemon, server: string, secret = password, name = user) =>
  engine.dockerWith({ input: secret }, "login", "--username", name, "--password-stdin", server);
const authHeader = (auth: unknown): string => Buffer.from(JSON.stringify(auth)).toString("base64url");
const pullAs = async (engine: Daemon, image: string, auth?: unknown) =>
  await fetch(`http://engine/images/create?fromImage=${encodeURIComponent(image)}`, {
    unix: engine.socket,
    method: "POST",
    headers: auth === undefined ? {} : { "X-Registry-Auth": authHeader(auth) },
  }).then(async (answer) => ({ status: answer.status, body: await answer.text() }));

const engine = await daemonWith({});
await loadTestImage(engine);

const basicRegistry = await kept(startRegistry({ basic: { user, password } }));

describe("basic authentication", () => {
  const registry = basicRegistry;
  const image = `${registry.host}/private/app:1`;

  test("a wrong password is refused, by its status and in words", async () => {
    const { exitCode, stderr } = await login(engine, registry.host, "wrong");
    expect([exitCode, stderr]).toEqual([
      1,
      `Error response from daemon: Get "http://${registry.host}/v2/": unauthorized: incorrect username or password\n`,
    ]);
    const body = { username: user, password: "wrong", serveraddress: registry.host };
    expect((await engine.api("POST", "/auth", body)).status).toBe(401);
  });

  test("without credentials neither push nor pull", async () => {
    await engine.ok("tag", testImage, image);
    const push = await engine.docker("push", image);
    expect([push.exitCode, push.stderr]).toEqual([1, "no basic auth credentials\n"]);
    const pull = await engine.docker("pull", image);
    expect([pull.exitCode, pull.stderr]).toEqual([
      1,
      `Error response from daemon: pull access denied for ${registry.host}/private/app, repository does not exist or may require 'docker login': no basic auth credentials\n`,
    ]);
  });

  test("login, push, pull, logout", async () => {
    expect((await login(engine, registry.host)).stdout).toContain("Login Succeeded");
    await engine.ok("push", image);
    await engine.ok("rmi", image);
    await engine.ok("pull", image);
    await engine.ok("logout", registry.host);
    expect((await engine.docker("pull", image)).exitCode).toBe(1);
  });

  test.each([
    ["name and password", { username: user, password }, 200],
    ["both in one", { auth: Buffer.from(`${user}:${password}`).toString("base64") }, 200],
    ["somebody else", { username: "other", password }, 404],
    ["nobody", {}, 404],
  ])("X-Registry-Auth with %s", async (_, auth, status) => {
    expect((await pullAs(engine, image, auth)).status).toBe(status);
  });

  test("X-Registry-Auth that is rubbish is refused without being repeated", async () => {
    const answer = await fetch(`http://engine/images/create?fromImage=${image}`, {
      unix: engine.socket,
      method: "POST",
      headers: { "X-Registry-Auth": "c2VjcmV0" },
    });
    expect([answer.status, await answer.text()]).toEqual([
      400,
      '{"message":"invalid X-Registry-Auth header: it is no base64url of JSON"}\n',
    ]);
  });
});

const tokens = await kept(
  startTokenServer(join(folder, "tokens"), {
    [user]: { password, actions: ["pull", "push"] },
    guest: { password: "guest", actions: ["pull"] },
  }),
);
const tokenRegistry = await kept(startRegistry({ token: tokens }));

test("our own client asks on a terminal, and shows no password", async () => {
  const config = join(folder, "asked");
  const asked = inTerminal([
    sampanExecutable(),
    "--config",
    config,
    "-H",
    `unix://${engine.socket}`,
    "login",
    basicRegistry.host,
  ]);
  await asked.waitFor("Username: ");
  asked.type(`${user}\r`);
  await asked.waitFor("Password: ");
  asked.type(`${password}\r`);
  await asked.waitFor("Login Succeeded");
  expect(await asked.child.exited).toBe(0);
  expect(asked.seen()).not.toContain(password);
  expect(readFileSync(join(config, "config.json"), "utf8")).toContain(basicRegistry.host);
});

describe("token authentication", () => {
  const registry = tokenRegistry;
  const [open, closed] = [`${registry.host}/public/app:1`, `${registry.host}/private/app:1`];

  test("a login is exchanged for an identity token, which is enough from then on", async () => {
    expect((await login(engine, registry.host, "wrong")).stderr).toContain("incorrect username or password");
    expect((await login(engine, registry.host)).stdout).toContain("Login Succeeded");
    const config = readFileSync(join(engine.folder, "client-config/config.json"), "utf8");
    expect(config).toContain(`identity-of-${user}`);
    for (const image of [open, closed]) {
      await engine.ok("tag", testImage, image);
      await engine.ok("push", image);
    }
    expect(tokens.asked.some((line) => line.startsWith(`${user} POST`) && line.includes("private"))).toBe(
      true,
    );
    await engine.ok("logout", registry.host);
  });

  test("what is public is pulled by anybody, the rest is not", async () => {
    await engine.ok("pull", open);
    const { exitCode, stderr } = await engine.docker("pull", closed);
    expect([exitCode, stderr.includes("pull access denied for"), stderr.includes("docker login")]).toEqual([
      1,
      true,
      true,
    ]);
    expect((await pullAs(engine, closed, { username: "guest", password: "guest" })).status).toBe(200);
    expect((await pullAs(engine, closed, { username: "guest", password: "no" })).status).toBe(404);
    expect((await pullAs(engine, closed, { identitytoken: `identity-of-${user}` })).status).toBe(200);
  });

  test("who may only pull cannot push", async () => {
    await login(engine, registry.host, "guest", "guest");
    await engine.ok("tag", testImage, `${registry.host}/private/other:1`);
    const { exitCode, stderr } = await engine.docker("push", `${registry.host}/private/other:1`);
    expect([exitCode, stderr]).toEqual([1, "unauthorized: authentication required\n"]);
    await engine.ok("logout", registry.host);
  });

  test("a token serves all requests of a pull; a mount asks for both repositories at once", async () => {
    await login(engine, registry.host);
    const before = tokens.asked.length;
    await engine.ok("pull", closed);
    expect(tokens.asked.length).toBe(before + 1);
    await engine.ok("tag", closed, `${registry.host}/private/mounted:1`);
    expect(await engine.ok("push", `${registry.host}/private/mounted:1`)).toContain("Mounted from ");
    expect(tokens.asked.some((line) => /mounted.*private%2Fapp|mounted.*public%2Fapp/.test(line))).toBe(true);
    await engine.ok("logout", registry.host);
  });
});

test("no secret is in the daemon's log, its events or its process", async () => {
  const secrets = [
    password,
    Buffer.from(`${user}:${password}`).toString("base64"),
    `identity-of-${user}`,
    "eyJ", // how every token begins
  ];
  const events = await engine.ok("events", "--since", "1", "--until", String(Math.ceil(Date.now() / 1000)));
  const process = ["cmdline", "environ"]
    .map((file) => readFileSync(`/proc/${engine.pid()}/${file}`, "latin1"))
    .join("");
  for (const secret of secrets)
    expect([
      secret,
      engine.log().includes(secret),
      events.includes(secret),
      process.includes(secret),
    ]).toEqual([secret, false, false, false]);
});

test("the file of 2013 in the daemon's root signs in to Docker Hub", async () => {
  const registry = await kept(startRegistry({ basic: { user, password } }));
  const daemon = await daemonWith({ registries: { "docker.io": { location: `http://${registry.host}` } } });
  await loadTestImage(daemon);
  await daemon.ok("tag", testImage, "old/app:1");
  expect((await daemon.docker("push", "old/app:1")).stderr).toBe("no basic auth credentials\n");
  writeFileSync(
    join(daemon.root, ".dockercfg"),
    `auth = ${Buffer.from(`${user}:${password}`).toString("base64")}\nemail = ali@cave.example\n`,
    { mode: 0o600 },
  );
  await daemon.ok("push", "old/app:1");
  await daemon.ok("pull", "old/app:1");
});

const { ca, server: certificate } = await makeCertificates(join(folder, "tls"));
const tlsRegistry = await kept(startRegistry({ tls: certificate }));
const tlsPort = tlsRegistry.port;
// Loopback may have any certificate, so the name is one that is not: it goes through a proxy to where it is.
const tlsProxy = await kept(startProxy());
const tlsName = `registry.test:${tlsPort}`;
await putImage(`${tlsRegistry.host}/tls:1`, [{ tls: "yes" }]);
const tlsProxies = { HTTPS_PROXY: tlsProxy.url, HTTP_PROXY: tlsProxy.url };
mkdirSync(join(folder, "certs.d", tlsName), { recursive: true });
writeFileSync(join(folder, "certs.d", tlsName, "ca.crt"), readFileSync(ca));

describe("TLS with a CA of one's own", () => {
  const [registry, proxy, name, proxies] = [tlsRegistry, tlsProxy, tlsName, tlsProxies];

  test.each([
    ["nobody vouches for it", {}, false],
    ["the table names its CA", { registries: { [name]: { ca } } }, true],
    ["certs.d holds its CA", { "registry-certs": [join(folder, "certs.d")] }, true],
    ["it is an insecure registry", { "insecure-registries": [name] }, true],
    ["another one is", { "insecure-registries": ["other.test"] }, false],
  ])("%s", async (_, config, works) => {
    const daemon = await daemonWith(config, proxies);
    const { exitCode, stderr } = await daemon.docker("pull", `${name}/tls:1`);
    expect([exitCode, stderr === ""]).toEqual([works ? 0 : 1, works]);
    expect(proxy.tunnels()).toContain(name);
    if (!works) expect(stderr).toMatch(/certificate/);
  });

  test("loopback may have any certificate", async () => {
    await engine.ok("pull", `${registry.host}/tls:1`);
  });
});

const mirror = await kept(startRegistry());
await putImage(`${mirror.host}/library/short:1`, [{ from: "mirror" }]);
await putImage(`${mirror.host}/some/path/library/short:2`, [{ from: "path" }]);

describe("mirrors", () => {
  test("--registry-mirror stands in for Docker Hub, and the image is called as ever", async () => {
    const daemon = await daemonWith({ "registry-mirrors": [`http://${mirror.host}`] });
    expect(await daemon.ok("pull", "short:1")).toContain("Status: Downloaded newer image for short:1");
    expect(await daemon.ok("images", "--format", "{{.Repository}}:{{.Tag}}")).toBe("short:1");
    expect(await daemon.ok("info", "--format", "{{json .RegistryConfig.Mirrors}}")).toBe(
      `["http://${mirror.host}/"]`,
    );
  });

  test("the table gives any registry mirrors, with a path before the repository's", async () => {
    const daemon = await daemonWith({
      registries: {
        "docker.io": { mirrors: [`http://${mirror.host}/some/path`] },
        "gone.test": { mirrors: [`http://${mirror.host}`] },
      },
    });
    await daemon.ok("pull", "short:2");
    await daemon.ok("pull", "gone.test/library/short:1");
  });

  test("what a mirror does not have is asked of the registry itself", async () => {
    const itself = await kept(startRegistry());
    await putImage(`${itself.host}/only/here:1`, [{ from: "itself" }]);
    const daemon = await daemonWith({
      registries: {
        "r.test": {
          mirrors: [`http://${mirror.host}`, "http://127.0.0.1:1"],
          location: `http://${itself.host}`,
        },
      },
    });
    await daemon.ok("pull", "r.test/only/here:1");
    const { stderr } = await daemon.docker("pull", "r.test/only/there:1");
    expect(stderr).toContain("manifest for r.test/only/there:1 not found");
  });

  test("a mirror does not get the user's credentials", async () => {
    const seen: string[] = [];
    const server = createServer((request, response) => {
      seen.push(request.headers.authorization ?? "none");
      response.writeHead(401, { "WWW-Authenticate": 'Basic realm="mine"' }).end();
    }).listen(0, "127.0.0.1");
    stops.push(() => server.close());
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as AddressInfo;
    const daemon = await daemonWith({
      registries: { "r.test": { mirrors: [`http://127.0.0.1:${port}`], location: "http://127.0.0.1:1" } },
    });
    await pullAs(daemon, "r.test/x:1", { username: user, password });
    expect(seen).toEqual(["none"]);
  });
});

test("plain http goes through a proxy too, and NO_PROXY says where not", async () => {
  const registry = await kept(startRegistry());
  const [, port = ""] = registry.host.split(":");
  await putImage(`${registry.host}/proxied:1`, [{ a: "1" }]);
  const proxy = await kept(startProxy());
  const name = `plain.test:${port}`;
  const settings = { "insecure-registries": [name], proxies: { "http-proxy": proxy.url } };
  await (await daemonWith(settings)).ok("pull", `${name}/proxied:1`);
  expect(proxy.requests()).toContain(`http://${name}/v2/proxied/manifests/1`);
  const past = await daemonWith(settings, { NO_PROXY: ".test" });
  expect((await past.docker("pull", `${name}/proxied:1`)).stderr).toMatch(
    // A machine without any name server cannot say.
    /no such host|temporary failure in name resolution/,
  );
});

const ownConfig = join(folder, "own-config");
const sampan = (args: readonly string[], input = "") =>
  run([sampanExecutable(), "-H", `unix://${engine.socket}`, ...args], {
    env: { DOCKER_CONFIG: ownConfig, HOME: folder, PATH: `${folder}:${process.env["PATH"]}` },
    input,
  });

/** Signs in, pushes and pulls with our own client, and signs out again. */
async function ownClientWorks(image: string, host: string): Promise<void> {
  const signedIn = await sampan(["login", "-u", user, "--password-stdin", host], password);
  expect([signedIn.exitCode, signedIn.stdout.includes("Login Succeeded")]).toEqual([0, true]);
  await engine.ok("tag", testImage, image);
  expect((await sampan(["push", image])).exitCode).toBe(0);
  await engine.ok("rmi", image);
  expect((await sampan(["run", "--rm", "--network", "none", image, "true"])).exitCode).toBe(0);
  expect(JSON.parse((await sampan(["manifest", "inspect", image])).stdout)).toMatchObject({
    schemaVersion: 2,
  });
}

test("our own client signs in, pushes, pulls and signs out; its file is the user's own", async () => {
  const image = `${basicRegistry.host}/own:1`;
  await ownClientWorks(image, basicRegistry.host);
  expect(statSync(join(ownConfig, "config.json")).mode & 0o777).toBe(0o600);
  await sampan(["logout", basicRegistry.host]);
  expect((await sampan(["pull", image])).stderr).toContain("pull access denied");
  expect((await sampan(["manifest", "inspect", image])).stderr).toContain("no basic auth credentials");
});

test("credentials are kept by a helper where config.json names one", async () => {
  const store = join(folder, "helper-store");
  writeFileSync(
    join(folder, "docker-credential-test"),
    `#!/bin/sh
case $1 in
  store) cat >${store} ;;
  get) read -r server; test -s ${store} || { echo "credentials not found in native keychain"; exit 1; }; cat ${store} ;;
  erase) rm -f ${store} ;;
esac
`,
    { mode: 0o755 },
  );
  writeFileSync(
    join(ownConfig, "config.json"),
    JSON.stringify({ credHelpers: { [basicRegistry.host]: "test" } }),
  );
  await ownClientWorks(`${basicRegistry.host}/helped:1`, basicRegistry.host);
  expect(JSON.parse(readFileSync(store, "utf8"))).toEqual({
    ServerURL: basicRegistry.host,
    Username: user,
    Secret: password,
  });
  expect(readFileSync(join(ownConfig, "config.json"), "utf8")).not.toContain(
    Buffer.from(password).toString("base64").slice(0, 8),
  );
  await sampan(["logout", basicRegistry.host]);
  expect((await sampan(["pull", `${basicRegistry.host}/helped:1`])).exitCode).toBe(1);
});

type Proxy = {
  readonly url: string;
  readonly tunnels: () => readonly string[];
  readonly requests: () => readonly string[];
  readonly stop: () => void;
};

/** A proxy to whom every host is this machine. */
async function startProxy(): Promise<Proxy> {
  const { connect } = await import("node:net");
  const [tunnels, requests]: string[][] = [[], []];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "");
    requests?.push(url.href);
    const options = {
      host: "127.0.0.1",
      port: url.port,
      method: request.method ?? "GET",
      path: url.pathname + url.search,
      headers: request.headers,
    };
    request.pipe(
      httpRequest(options, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      }),
    );
  });
  server.on("connect", (request, socket) => {
    tunnels?.push(request.url ?? "");
    const upstream = connect(Number(request.url?.split(":")[1]), "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      socket.pipe(upstream).pipe(socket);
    });
    for (const end of [socket, upstream]) end.on("error", () => {});
  });
  server.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    tunnels: () => tunnels ?? [],
    requests: () => requests ?? [],
    stop: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
