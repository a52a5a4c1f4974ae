// One run of a health check: an exec whose output and exit code become a HealthcheckResult.
import type { Duplex } from "node:stream";
import { errorText } from "../base/errors.ts";
import { goDuration } from "../base/go-duration.ts";
import { onReadEnd } from "../base/stream-end.ts";
import type { HealthCheck } from "../containers/health.ts";
import type { HealthcheckResult } from "../spec/docker.ts";
import { FrameSplitter } from "../spec/stdcopy.ts";
import type { Engine } from "./engine.ts";
import { createExec, startExec } from "./exec.ts";
import { sendSignal, sigkill } from "./kill.ts";

/** More of a probe's output is not kept. */
const outputBytesMax = 4096;
/** How long a probe that was told to end may take for it. */
const graceMs = 10_000;

const sigterm = 15;

/** Never rejects: what could not be run is a result with the exit code -1, as in Docker. */
export async function runProbe(
  engine: Engine,
  id: string,
  check: HealthCheck,
  signal: AbortSignal,
): Promise<HealthcheckResult> {
  const now = (): string => engine.host.clock.now().toISOString();
  const Start = now();
  const outcome = await probe(engine, id, check, signal).catch((err: unknown) => ({
    ExitCode: -1,
    Output: errorText(err),
  }));
  return { Start, End: now(), ...outcome };
}

type Outcome = Pick<HealthcheckResult, "ExitCode" | "Output">;

async function probe(engine: Engine, id: string, check: HealthCheck, signal: AbortSignal): Promise<Outcome> {
  const body = { AttachStdout: true, AttachStderr: true, Cmd: check.command };
  const exec = createExec(engine, id, body);
  const stream = await startExec(engine, exec.id, {});
  const output = new ProbeOutput();
  const read = stream ? readOutput(stream, output) : Promise.resolve();
  const ended = engine.execs.ended(exec.id).then(() => read);
  if (await within(engine, ended, check.timeoutNs / 1e6, signal)) {
    const state = engine.execs.get(exec.id)?.state;
    return { ExitCode: state?.status === "exited" ? state.exitCode : -1, Output: output.text() };
  }
  await end(engine, exec.id, ended, signal.aborted);
  stream?.destroy();
  const said = output.text();
  const message = `Health check exceeded timeout (${goDuration(check.timeoutNs)})`;
  return { ExitCode: -1, Output: said === "" ? message : `${message}: ${said}` };
}

/** Whether `work` is done before the time is up and nobody has called it off. */
async function within(
  engine: Engine,
  work: Promise<void>,
  ms: number,
  signal?: AbortSignal,
): Promise<boolean> {
  const over = new AbortController();
  const either = AbortSignal.any(signal ? [signal, over.signal] : [over.signal]);
  const timer = engine.host.clock.sleep(Math.min(ms, 2 ** 31 - 1), either).then(
    () => false,
    () => false,
  );
  try {
    return await Promise.race([work.then(() => true), timer]);
  } finally {
    over.abort();
  }
}

/** Asks it to end, then makes it: probes that hang must not pile up. `atOnce`: nobody waits for it. */
async function end(engine: Engine, execId: string, ended: Promise<void>, atOnce: boolean): Promise<void> {
  const send = (signal: number): Promise<void> =>
    sendSignal(engine, execId, signal).catch((err: unknown) => {
      engine.host.log.debug("probe not signalled", { exec: execId, error: errorText(err) });
    });
  if (!atOnce) {
    await send(sigterm);
    if (await within(engine, ended, graceMs)) return;
  }
  await send(sigkill);
  if (!atOnce) await within(engine, ended, graceMs);
}

/** Resolves at the end of the stream, however that comes. */
function readOutput(stream: Duplex, output: ProbeOutput): Promise<void> {
  return new Promise((resolve) => {
    const frames = new FrameSplitter();
    stream.on("data", (piece: Uint8Array) => frames.push(piece, (_stream, part) => output.take(part)));
    onReadEnd(stream, resolve);
  });
}

class ProbeOutput {
  readonly #parts: Uint8Array[] = [];
  #left = outputBytesMax;
  #isCut = false;

  take(part: Uint8Array): void {
    if (part.length > this.#left) this.#isCut = true;
    // A copy: what is received in a buffer that is used again.
    const kept = part.slice(0, this.#left);
    if (kept.length > 0) this.#parts.push(kept);
    this.#left -= kept.length;
  }

  text(): string {
    return `${Buffer.concat(this.#parts).toString("utf8")}${this.#isCut ? "..." : ""}`;
  }
}
