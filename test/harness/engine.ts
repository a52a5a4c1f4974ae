// What the API tests see of an engine, whichever it is: the same test files run on Sampan and, to check that what they
// expect is true of the original, on a real dockerd (SAMPAN_TEST_ENGINE=dockerd).
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import {
  inTerminal,
  output,
  run,
  type CommandOptions,
  type Finished,
  type TerminalProgram,
  slowness,
} from "./command.ts";
import { startDaemon } from "./daemon.ts";
import { startDockerd } from "./dockerd.ts";

export type ApiAnswer = { readonly status: number; readonly body: string; json(): unknown };

export type Engine = {
  readonly kind: "sampan" | "dockerd";
  /** Path of the unix socket. */
  readonly socket: string;
  /** A folder of the test's own, removed with the engine. */
  readonly folder: string;
  /** The stock docker client, run to its end. */
  readonly docker: (...args: readonly string[]) => Promise<Finished>;
  readonly dockerWith: (options: CommandOptions, ...args: readonly string[]) => Promise<Finished>;
  /** The stock docker client, which must succeed: its output without the last newline. */
  readonly ok: (...args: readonly string[]) => Promise<string>;
  /** The stock docker client in a terminal. */
  readonly terminal: (...args: readonly string[]) => TerminalProgram;
  /** One request; `body` is sent as JSON unless it is bytes. */
  readonly api: (method: string, path: string, body?: unknown) => Promise<ApiAnswer>;
  /** Runs a program in the network namespace that is the engine's host. */
  readonly onHost: (...command: readonly string[]) => Promise<Finished>;
  /** Removes all containers, ends the engine, and fails if it left anything. */
  readonly stop: () => Promise<void>;
};

export async function startEngine(): Promise<Engine> {
  return process.env["SAMPAN_TEST_ENGINE"] === "dockerd" ? startDockerd() : startDaemon();
}

/** The parts of an engine that need no more than its socket. */
export function clientsOf(socket: string, folder: string): Omit<Engine, "kind" | "stop" | "onHost"> {
  const config = join(folder, "client-config");
  mkdirSync(config, { recursive: true });
  const env = { DOCKER_HOST: `unix://${socket}`, DOCKER_CONFIG: config, DOCKER_CLI_HINTS: "false" };
  return {
    socket,
    folder,
    docker: (...args) => run(["docker", ...args], { env }),
    dockerWith: (options, ...args) =>
      run(["docker", ...args], { ...options, env: { ...env, ...options.env } }),
    ok: (...args) => output(["docker", ...args], { env }),
    terminal: (...args) => inTerminal(["docker", ...args], env),
    api: (method, path, body) => request(socket, method, path, body),
  };
}

async function request(socket: string, method: string, path: string, body: unknown): Promise<ApiAnswer> {
  const isJson = body !== undefined && !(body instanceof Uint8Array);
  const response = await fetch(`http://engine${path}`, {
    unix: socket,
    method,
    // No connection is kept for later: tests count the daemon's.
    keepalive: false,
    ...(body === undefined ? {} : { body: isJson ? JSON.stringify(body) : body }),
    headers: isJson ? { "Content-Type": "application/json" } : {},
    signal: AbortSignal.timeout(60_000 * slowness),
  });
  const text = await response.text();
  return { status: response.status, body: text, json: () => JSON.parse(text) as unknown };
}

/** Waits until the engine answers; `alive` says whether there is still something to wait for. */
export async function untilReady(socket: string, alive: () => boolean, timeoutMs = 20_000): Promise<void> {
  const end = performance.now() + timeoutMs * slowness;
  while (performance.now() < end && alive()) {
    const status = await request(socket, "GET", "/_ping", undefined).then(
      (answer) => answer.status,
      () => 0, // Not listening yet.
    );
    if (status === 200) return;
    await Bun.sleep(10);
  }
  throw new Error(alive() ? `the engine did not answer within ${timeoutMs} ms` : "the engine ended at once");
}

/** Removes every container, running or not. */
export async function removeAllContainers({ api }: Pick<Engine, "api">): Promise<void> {
  const containers = (await api("GET", "/containers/json?all=1")).json() as { Id: string }[];
  await Promise.all(containers.map(({ Id }) => api("DELETE", `/containers/${Id}?force=1&v=1`)));
}
