// The API over tcp: mutual TLS with certificates made here, and no plain tcp for strangers.
import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { connect as connectPlain, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import type { ConnectionOptions } from "node:tls";
import { output, run } from "../harness/command.ts";
import { startDaemon } from "../harness/daemon.ts";
import { sampanExecutable } from "../harness/executable.ts";

type Pair = { readonly ca: string; readonly cert: string; readonly key: string };

const folder = mkdtempSync(join(tmpdir(), "sampan-tls-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** An authority in a folder of its own with a certificate for a server on 127.0.0.1 and one for a client. */
async function authority(
  name: string,
): Promise<{ readonly server: Pair; readonly client: Pair; readonly folder: string }> {
  const at = join(folder, name);
  mkdirSync(at);
  const openssl = (...args: readonly string[]): Promise<string> => output(["openssl", ...args], { cwd: at });
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  await openssl(
    "req",
    "-x509",
    ...key,
    "-keyout",
    "ca-key.pem",
    "-out",
    "ca.pem",
    "-days",
    "2",
    "-subj",
    `/CN=${name}`,
  );
  const issued = async (who: string, purpose: string): Promise<Pair> => {
    await openssl("req", ...key, "-keyout", `${who}-key.pem`, "-out", `${who}.csr`, "-subj", `/CN=${who}`);
    await Bun.write(
      join(at, `${who}.ext`),
      `subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=${purpose}\n`,
    );
    const sign = ["-CA", "ca.pem", "-CAkey", "ca-key.pem", "-CAcreateserial", "-days", "2"];
    await openssl(
      "x509",
      "-req",
      "-in",
      `${who}.csr`,
      ...sign,
      "-extfile",
      `${who}.ext`,
      "-out",
      `${who}.pem`,
    );
    return { ca: join(at, "ca.pem"), cert: join(at, `${who}.pem`), key: join(at, `${who}-key.pem`) };
  };
  const server = await issued("server", "serverAuth");
  const client = await issued("client", "clientAuth");
  // Where the docker client looks for them.
  await output(["cp", "client.pem", "cert.pem"], { cwd: at });
  await output(["cp", "client-key.pem", "key.pem"], { cwd: at });
  return { server, client, folder: at };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}

const [ours, foreign, port] = [await authority("ours"), await authority("foreign"), await freePort()];
const daemon = await startDaemon({
  flags: [
    "-H",
    `tcp://127.0.0.1:${port}`,
    "--tlsverify",
    `--tlscacert=${ours.server.ca}`,
    `--tlscert=${ours.server.cert}`,
    `--tlskey=${ours.server.key}`,
  ],
});
afterAll(() => daemon.stop());

/** What a client with these certificates gets for a ping; "" when it is not let in. */
async function pingWith(pair: Partial<Pair>, more: ConnectionOptions = {}): Promise<string> {
  const read = (path: string | undefined): Promise<string> | undefined =>
    path === undefined ? undefined : Bun.file(path).text();
  const files = { ca: await read(pair.ca), cert: await read(pair.cert), key: await read(pair.key) };
  return new Promise((resolve) => {
    let text = "";
    const socket = connect({ host: "127.0.0.1", port, ...files, ...more });
    socket.on("secureConnect", () =>
      socket.write("GET /_ping HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
    );
    socket.on("data", (chunk) => (text += chunk.toString()));
    socket.on("error", () => {}); // Followed by close.
    socket.on("close", () => resolve(text));
  });
}

const docker = (pair: { readonly folder: string }, ...flags: readonly string[]) =>
  run(["docker", "-H", `tcp://127.0.0.1:${port}`, ...flags], {
    env: { DOCKER_CONFIG: join(folder, "config"), DOCKER_CERT_PATH: pair.folder, DOCKER_HOST: "" },
  });

describe("mutual TLS", () => {
  test("lets in who has a certificate of our authority", async () => {
    expect(await pingWith(ours.client)).toStartWith("HTTP/1.1 200 OK\r\n");
  });

  test("lets in nobody without a certificate, with a foreign one, or with one that is not for clients", async () => {
    const stubborn = { rejectUnauthorized: false };
    expect(await pingWith({ ca: ours.client.ca })).toBe("");
    expect(await pingWith({ ...foreign.client, ca: ours.client.ca })).toBe("");
    expect(await pingWith(foreign.client, stubborn)).toBe("");
    expect(await pingWith({ ...ours.server, ca: ours.client.ca }, stubborn)).toBe("");
    expect(await pingWith({ ...ours.client, cert: foreign.client.cert, key: foreign.client.key })).toBe("");
  });

  test("speaks no TLS before 1.2, and no plain HTTP", async () => {
    expect(await pingWith(ours.client, { minVersion: "TLSv1", maxVersion: "TLSv1.1" })).toBe("");
    expect(await pingWith(ours.client, { maxVersion: "TLSv1.2" })).toStartWith("HTTP/1.1 200 OK\r\n");
    const plain = await new Promise<string>((resolve) => {
      let text = "";
      const socket = connectPlain({ host: "127.0.0.1", port });
      socket.write("GET /containers/json HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
      socket.on("data", (chunk) => (text += chunk.toString("latin1")));
      socket.on("error", () => {}); // Followed by close.
      socket.on("close", () => resolve(text));
    });
    expect(plain).not.toContain("200");
  });

  test("carries the stock docker client with --tlsverify, streams too", async () => {
    const info = await docker(ours, "--tlsverify", "version", "--format", "{{.Server.Version}}");
    expect([info.exitCode, info.stderr]).toEqual([0, ""]);
    const made = await docker(ours, "--tlsverify", "run", "-i", "--rm", "host/busybox", "echo", "over TLS");
    expect([made.stdout, made.exitCode]).toEqual(["over TLS\n", 0]);
  });

  test("turns the stock docker client away with foreign certificates or none", async () => {
    const other = await docker(foreign, "--tlsverify", "--tlscacert", ours.client.ca, "version");
    expect(other.exitCode).not.toBe(0);
    expect(other.stderr).toMatch(/tls|certificate/);
    expect((await docker(ours, "--tls=false", "version")).exitCode).not.toBe(0);
  });

  test("is spoken by our own client", async () => {
    const flags = [
      "--tlsverify",
      "--tlscacert",
      ours.client.ca,
      "--tlscert",
      ours.client.cert,
      "--tlskey",
      ours.client.key,
    ];
    const asked = await run([sampanExecutable(), "-H", `tcp://127.0.0.1:${port}`, ...flags, "version"]);
    expect([asked.exitCode, asked.stderr]).toEqual([0, ""]);
    const refused = await run([sampanExecutable(), "-H", `tcp://127.0.0.1:${port}`, "version"]);
    expect(refused.exitCode).not.toBe(0);
  });
});

describe("plain tcp", () => {
  const at = join(folder, "refused");
  const daemonWith = (...flags: readonly string[]) => {
    const folders = [
      "--data-root",
      join(at, "root"),
      "--exec-root",
      join(at, "run"),
      "-p",
      join(at, "pid"),
      "--rcli=off",
    ];
    return run([sampanExecutable(), "daemon", ...folders, ...flags], { timeoutMs: 10_000 });
  };

  test("on an address that is not loopback is refused, and nothing is started", async () => {
    for (const host of ["tcp://0.0.0.0:0", "tcp://[::]:0", "tcp://10.1.2.3:2375"]) {
      const refused = await daemonWith("-H", host);
      expect(refused.exitCode).toBe(1);
      expect(refused.stderr).toContain("everybody who can reach it would be root on this machine");
    }
    expect(existsSync(at)).toBe(false);
  });

  test("with TLS but without --tlsverify is refused too", async () => {
    const half = await daemonWith(
      "-H",
      "tcp://0.0.0.0:0",
      `--tlscert=${ours.server.cert}`,
      `--tlskey=${ours.server.key}`,
    );
    expect([half.exitCode, half.stderr]).toEqual([1, expect.stringContaining("without TLS")]);
  });
});
