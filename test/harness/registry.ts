// A real registry (Debian's docker-registry) on a free loopback port, with the kinds of authentication and TLS that it knows.
import { X509Certificate, createPrivateKey, sign } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually, output } from "./command.ts";

export type Registry = {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  readonly port: number;
  /** Its blobs and manifests. */
  readonly data: string;
  /** What it has logged: one line a request among other things. */
  readonly log: () => string;
  readonly stop: () => Promise<void>;
};

export type RegistryOptions = {
  /** A user that it knows; without one everybody may do everything. */
  readonly basic?: { readonly user: string; readonly password: string };
  readonly token?: TokenServer;
  readonly tls?: Certificate;
  /** Words to start it with, such as `nsenter …`. */
  readonly enter?: readonly string[];
  /** Where another one keeps its data. */
  readonly data?: string;
};

export async function freePort(): Promise<number> {
  const server = createTcpServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export async function startRegistry(options: RegistryOptions = {}): Promise<Registry> {
  const folder = mkdtempSync(join(tmpdir(), "registry-test-"));
  const port = await freePort();
  const data = options.data ?? join(folder, "data");
  const config = join(folder, "config.json");
  const { basic, token, tls, enter = [] } = options;
  if (basic !== undefined)
    writeFileSync(
      join(folder, "htpasswd"),
      `${basic.user}:${await Bun.password.hash(basic.password, { algorithm: "bcrypt", cost: 4 })}\n`,
    );
  const auth =
    basic !== undefined
      ? { htpasswd: { realm: "test", path: join(folder, "htpasswd") } }
      : token === undefined
        ? undefined
        : {
            token: {
              realm: token.realm,
              service: token.service,
              issuer: token.issuer,
              rootcertbundle: token.certificate.cert,
            },
          };
  // YAML takes JSON.
  writeFileSync(
    config,
    JSON.stringify({
      version: "0.1",
      log: { level: "info", accesslog: { disabled: false } },
      storage: { filesystem: { rootdirectory: data }, delete: { enabled: true } },
      http: {
        addr: `127.0.0.1:${port}`,
        ...(tls === undefined ? {} : { tls: { certificate: tls.cert, key: tls.key } }),
      },
      ...(auth === undefined ? {} : { auth }),
    }),
  );
  const logFile = join(folder, "log");
  writeFileSync(logFile, "");
  const child = Bun.spawn([...enter, "docker-registry", "serve", config], {
    stdio: ["ignore", Bun.file(logFile), Bun.file(logFile)],
    env: { PATH: process.env["PATH"] ?? "", OTEL_TRACES_EXPORTER: "none" },
  });
  const log = (): string => readFileSync(logFile, "utf8");
  await eventually(
    () => log().includes("listening on") || child.exitCode !== null,
    () => `the registry: ${log()}`,
    20_000,
  );
  if (child.exitCode !== null) throw new Error(`docker-registry ended: ${log()}`);
  return {
    host: `127.0.0.1:${port}`,
    port,
    data,
    log,
    stop: async () => {
      child.kill("SIGKILL");
      await child.exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export type Certificate = { readonly cert: string; readonly key: string };

/** A CA of its own, and a certificate by it for 127.0.0.1, localhost and registry.test; paths of PEM files in `folder`. */
export async function makeCertificates(
  folder: string,
): Promise<{ readonly ca: string; readonly server: Certificate }> {
  mkdirSync(folder, { recursive: true });
  const at = (name: string): string => join(folder, name);
  const [ca, caKey, cert, key, request] = [
    at("ca.crt"),
    at("ca.key"),
    at("server.crt"),
    at("server.key"),
    at("server.csr"),
  ];
  const fresh = ["-newkey", "rsa:2048", "-nodes"];
  await output([
    "openssl",
    "req",
    "-x509",
    ...fresh,
    "-keyout",
    caKey,
    "-out",
    ca,
    "-days",
    "2",
    "-subj",
    "/CN=test ca",
  ]);
  const names = "subjectAltName=DNS:localhost,DNS:registry.test,IP:127.0.0.1";
  await output([
    "openssl",
    "req",
    ...fresh,
    "-keyout",
    key,
    "-out",
    request,
    "-subj",
    "/CN=localhost",
    "-addext",
    names,
  ]);
  const by = ["-CA", ca, "-CAkey", caKey, "-CAcreateserial", "-copy_extensions", "copy"];
  await output(["openssl", "x509", "-req", "-in", request, ...by, "-out", cert, "-days", "2"]);
  return { ca, server: { cert, key } };
}

export type TokenServer = {
  readonly realm: string;
  readonly service: string;
  readonly issuer: string;
  readonly certificate: Certificate;
  /** What it was asked, one URL (or form) a request, with the user's name before it. */
  readonly asked: string[];
  readonly stop: () => void;
};

export type TokenUsers = Readonly<
  Record<string, { readonly password: string; readonly actions: readonly string[] }>
>;

/**
 * A token server as the distribution specification has it: anonymous users may pull from `public/…`, others what the table
 * says. A name and password can be exchanged for the identity token `identity-of-NAME`.
 */
export async function startTokenServer(folder: string, users: TokenUsers): Promise<TokenServer> {
  const { server: certificate } = await makeCertificates(folder);
  const der = new X509Certificate(readFileSync(certificate.cert)).raw.toString("base64");
  const key = createPrivateKey(readFileSync(certificate.key));
  const asked: string[] = [];
  const [service, issuer] = ["test registry", "test issuer"];
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

  function tokenFor(user: string | undefined, scopes: readonly string[]): string {
    const access = scopes.flatMap((scope) => {
      const [type = "", ...rest] = scope.split(":");
      const wanted = rest.at(-1) ?? "";
      const name = rest.slice(0, -1).join(":");
      const allowed =
        user === undefined ? (name.startsWith("public/") ? ["pull"] : []) : (users[user]?.actions ?? []);
      const actions = wanted.split(",").filter((action) => allowed.includes(action));
      return type === "repository" && actions.length > 0 ? [{ type, name, actions }] : [];
    });
    const now = Math.floor(Date.now() / 1000);
    const head = encode({ typ: "JWT", alg: "RS256", x5c: [der] });
    const body = encode({
      iss: issuer,
      sub: user ?? "",
      aud: service,
      exp: now + 300,
      nbf: now - 10,
      iat: now,
      jti: String(Math.random()),
      access,
    });
    return `${head}.${body}.${sign("sha256", Buffer.from(`${head}.${body}`), key).toString("base64url")}`;
  }

  const server = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const url = new URL(request.url ?? "/", "http://x");
      const form =
        request.method === "POST" ? new URLSearchParams(Buffer.concat(chunks).toString()) : url.searchParams;
      let user: string | undefined;
      const basic = /^Basic (.*)$/.exec(request.headers.authorization ?? "")?.[1];
      if (basic !== undefined) {
        const [, name = "", password] = /^([^:]*):(.*)$/.exec(Buffer.from(basic, "base64").toString()) ?? [];
        if (password === undefined || users[name]?.password !== password) {
          response
            .writeHead(401, { "Content-Type": "application/json" })
            .end('{"details":"incorrect username or password"}');
          return;
        }
        user = name;
      }
      const refresh = form.get("refresh_token");
      if (refresh !== null) {
        user = refresh.replace("identity-of-", "");
        if (!(user in users)) {
          response.writeHead(401).end();
          return;
        }
      }
      asked.push(`${user ?? ""} ${request.method} ${form.toString()}`);
      const scopes = form.getAll("scope").flatMap((scope) => scope.split(" ").filter((part) => part !== ""));
      const token = tokenFor(user, scopes);
      const offline = form.get("offline_token") === "true" && user !== undefined;
      response.writeHead(200, { "Content-Type": "application/json" }).end(
        JSON.stringify({
          token,
          expires_in: 300,
          ...(offline ? { refresh_token: `identity-of-${user}` } : {}),
        }),
      );
    })();
  });
  server.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    realm: `http://127.0.0.1:${port}/token`,
    service,
    issuer,
    certificate,
    asked,
    stop: () => void server.close(),
  };
}

export type Cutter = {
  readonly host: string;
  /** Bytes that went from the registry to its clients so far. */
  readonly sentBytes: () => number;
  /** Cuts each connection after so many bytes to the client, from now on; Infinity: never. */
  cutAfter: number;
  /** Bytes a second to a client. */
  ratePerSecond: number;
  /** Bytes a second from a client. */
  uploadRatePerSecond: number;
  /** Called whenever bytes went to a client, before any more do. */
  onSent: () => void;
  readonly stop: () => void;
};

/** A wire to a registry that can be slow and can break. */
export async function startCutter(port: number): Promise<Cutter> {
  let sent = 0;
  const open = new Set<Socket>();
  const cutter = {
    cutAfter: Number.POSITIVE_INFINITY,
    ratePerSecond: Number.POSITIVE_INFINITY,
    uploadRatePerSecond: Number.POSITIVE_INFINITY,
    onSent: () => {},
  };
  const server = createTcpServer((client) => {
    const upstream = connect(port, "127.0.0.1");
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.on("error", () => {}).on("close", () => open.delete(socket));
    }
    let toClient = 0;
    client.on("data", (chunk: Buffer) => {
      const isFull = !upstream.write(chunk);
      if (!isFull && cutter.uploadRatePerSecond === Number.POSITIVE_INFINITY) return;
      client.pause();
      const resume = (): void => void client.resume();
      if (isFull) upstream.once("drain", resume);
      else setTimeout(resume, (1000 * chunk.length) / cutter.uploadRatePerSecond);
    });
    client.on("end", () => upstream.end());
    upstream.on("data", (chunk: Buffer) => {
      const allowed = Math.max(0, Math.min(chunk.length, cutter.cutAfter - toClient));
      toClient += allowed;
      sent += allowed;
      const isCut = allowed < chunk.length;
      if (!client.write(chunk.subarray(0, allowed))) {
        upstream.pause();
        client.once("drain", () => upstream.resume());
      }
      cutter.onSent();
      if (isCut) {
        client.end();
        upstream.destroy();
      } else if (cutter.ratePerSecond !== Number.POSITIVE_INFINITY) {
        upstream.pause();
        setTimeout(() => upstream.resume(), (1000 * chunk.length) / cutter.ratePerSecond);
      }
    });
    upstream.on("close", () => client.end());
    client.on("close", () => upstream.destroy());
  });
  server.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  return Object.assign(cutter, {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    sentBytes: () => sent,
    stop: () => {
      server.close();
      for (const socket of open) socket.destroy();
    },
  });
}
