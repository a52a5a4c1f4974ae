// The pieces of work that scenarios are made of.
import { run } from "../test/harness/command.ts";
import { clientsOf } from "../test/harness/engine.ts";
import type { BenchEngine } from "./engine.ts";

/** The image that every engine runs, and imported into each as. */
export const image = "bench/busybox";

export type Streams = { readonly input?: string; readonly output?: string };

/**
 * Runs the engine's own client to its end.
 * @returns milliseconds from its start to its exit
 */
export async function clientMs(
  engine: BenchEngine,
  args: readonly string[],
  streams: Streams = {},
): Promise<number> {
  const startedAt = performance.now();
  const child = Bun.spawn([...engine.client(...args)], {
    env: { ...process.env, ...engine.env },
    stdin: streams.input === undefined ? "ignore" : Bun.file(streams.input),
    stdout: streams.output === undefined ? "ignore" : Bun.file(streams.output),
    stderr: "pipe",
  });
  const exitCode = await child.exited;
  const tookMs = performance.now() - startedAt;
  if (exitCode !== 0)
    throw new Error(`${engine.name} ${args.join(" ")}: exit code ${exitCode}\n${await child.stderr.text()}`);
  return tookMs;
}

/** Runs the engine's own client, which must succeed; its output. */
export async function clientOutput(engine: BenchEngine, ...args: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await run(engine.client(...args), {
    env: engine.env,
    timeoutMs: 300_000,
  });
  if (exitCode !== 0) throw new Error(`${engine.name} ${args.join(" ")}: exit code ${exitCode}\n${stderr}`);
  return stdout.trim();
}

/** One API call that must succeed; its JSON. All three engines speak this version. */
export async function api(
  engine: BenchEngine,
  method: string,
  path: string,
  body?: unknown,
): Promise<unknown> {
  const answer = await clientsOf(engine.socket, engine.folder).api(method, `/v1.41${path}`, body);
  if (answer.status >= 400)
    throw new Error(`${engine.name} ${method} ${path}: ${answer.status} ${answer.body}`);
  return answer.body.trim() === "" ? undefined : answer.json();
}

/** Creates a container by the API; `network` is "bridge" or "none". */
export async function create(
  engine: BenchEngine,
  network: string,
  ...Cmd: readonly string[]
): Promise<string> {
  const HostConfig = { ...engine.hostConfig, NetworkMode: network };
  return (
    (await api(engine, "POST", "/containers/create", { Image: image, Cmd, HostConfig })) as { Id: string }
  ).Id;
}

/** Create, start, wait, remove by the API. */
export async function cycle(engine: BenchEngine, network: string): Promise<void> {
  const id = await create(engine, network, "true");
  await api(engine, "POST", `/containers/${id}/start`);
  await api(engine, "POST", `/containers/${id}/wait`);
  await api(engine, "DELETE", `/containers/${id}`);
}

/** Does `work` `count` times, `atOnce` of them side by side. */
export async function sideBySide(
  count: number,
  atOnce: number,
  work: (index: number) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

export async function timedMs(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}
