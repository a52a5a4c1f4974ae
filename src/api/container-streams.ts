// Containers: the endpoints whose answer is a stream: wait, logs and attach.
import { InvalidParameterError } from "../base/errors.ts";
import { attachContainer } from "../engine/attach.ts";
import type { AttachOptions } from "../engine/attach.ts";
import { publishContainerEvent } from "../engine/engine.ts";
import type { Engine } from "../engine/engine.ts";
import { containerStats } from "../engine/stats.ts";
import { containerLogs } from "../engine/logs.ts";
import { waitContainer } from "../engine/wait.ts";
import type { WaitAnswer } from "../spec/docker.ts";
import type { ContainerStats } from "../spec/docker-stats.ts";
import type { Answer, Hijacked } from "./answer.ts";
import { jsonType, multiplexedStreamType, rawStreamType, stream } from "./answer.ts";
import { containerStatsByVersion, forVersion } from "./answers-by-version.ts";
import type { Call } from "./call.ts";
import { param } from "./call.ts";
import { parseDetachKeys } from "../base/detach-keys.ts";
import { flagOf, textOf, timestampOf } from "./query.ts";
import type { ApiVersion } from "./version.ts";
import { requireWebSocket } from "./web-socket.ts";

/** The head is sent as soon as the wait is registered: `docker run` starts the container when it sees it. */
export function wait(call: Call): Answer {
  const { engine, query, version, signal } = call;
  // Conditions came with 1.30, and so did the early head.
  const condition = version < 30 ? "" : textOf(query, "condition");
  const ended = waitContainer(engine, param(call, "id"), condition, signal);
  // Until the answer's stream is read nobody listens to the promise; a client that is gone by then is no failure.
  ended.catch(() => {});
  return stream(jsonType, waitAnswer(ended), version >= 30);
}

async function* waitAnswer(ended: Promise<WaitAnswer>): AsyncGenerator<string> {
  yield `${JSON.stringify(await ended)}\n`;
}

export async function logs(call: Call): Promise<Answer> {
  const { engine, query, signal, version } = call;
  const [stdout, stderr] = [flagOf(query, "stdout"), flagOf(query, "stderr")];
  if (!stdout && !stderr)
    throw new InvalidParameterError("Bad parameters: you must choose at least one stream");
  const ref = param(call, "id");
  const { config } = engine.containers.find(ref);
  const until = timestampOf(query, "until");
  const chunks = containerLogs(
    engine,
    ref,
    {
      stdout,
      stderr,
      follow: flagOf(query, "follow"),
      timestamps: flagOf(query, "timestamps"),
      tail: tailOf(textOf(query, "tail")),
      since: timestampOf(query, "since"),
      // Clients of all ages send 0 for "no end".
      until: until?.seconds === 0 ? undefined : until,
    },
    signal,
  );
  // A client that has the answer's head may remove the container, as docker-py does: by then the log must be open.
  await chunks.next();
  return stream(streamType(config.Tty, version), chunks, true);
}

/** Without `stream=0` a sample a second. `one-shot` came with 1.41. */
export function stats(call: Call): Answer {
  const { engine, query, version, signal } = call;
  const options = {
    stream: flagOf(query, "stream", true),
    oneShot: version >= 41 && flagOf(query, "one-shot"),
  };
  const samples = containerStats(engine, param(call, "id"), options, signal);
  return stream(jsonType, statsLines(samples, version), options.stream);
}

async function* statsLines(
  samples: AsyncIterable<ContainerStats>,
  version: ApiVersion,
): AsyncGenerator<string> {
  for await (const sample of samples)
    yield `${JSON.stringify(forVersion(sample, containerStatsByVersion, version))}\n`;
}

/** A number of lines; everything else, `all` included, means all of them, as dockerd has it. */
function tailOf(text: string): number | undefined {
  return /^\+?\d+$/.test(text) ? Number(text) : undefined;
}

export async function attach(call: Call): Promise<Answer> {
  const { query, version } = call;
  const wants = {
    stdin: flagOf(query, "stdin"),
    stdout: flagOf(query, "stdout"),
    stderr: flagOf(query, "stderr"),
  };
  const { tty, attached } = await attachedStream(call, wants);
  return { kind: "hijack", type: streamType(tty, version), open: () => attached };
}

/** Which streams a client wants counts since 1.42; messages are binary since 1.28. */
export async function attachByWebSocket(call: Call): Promise<Answer> {
  const { query, version } = call;
  requireWebSocket(call.headers);
  const wanted = (key: string): boolean => version < 42 || flagOf(query, key);
  const wants = { stdin: wanted("stdin"), stdout: wanted("stdout"), stderr: wanted("stderr") };
  const { tty, attached } = await attachedStream(call, wants);
  return { kind: "websocket", framed: !tty, text: version < 28, open: () => attached };
}

async function attachedStream(
  call: Call,
  wants: AttachOptions,
): Promise<{ readonly tty: boolean; readonly attached: Hijacked }> {
  const { engine, query, signal } = call;
  const ref = param(call, "id");
  const keys = parseDetachKeys(textOf(query, "detachKeys"));
  const record = engine.containers.find(ref);
  const tty = record.config.Tty;
  const past = flagOf(query, "logs")
    ? { before: withoutFirst(pastOutput(engine, record.id, wants, signal)) }
    : {};
  if (!flagOf(query, "stream")) {
    publishContainerEvent(engine, record, "attach");
    return { tty, attached: { ...past, stream: undefined } };
  }
  const container = await attachContainer(engine, ref, wants);
  const onDetach = (): void => publishContainerEvent(engine, record, "detach");
  const detach = tty ? { keys, onDetach } : undefined;
  return { tty, attached: { ...past, stream: container, detach } };
}

/** What the container has written so far, for clients that come late. */
function pastOutput(
  engine: Engine,
  id: string,
  { stdout, stderr }: AttachOptions,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  return containerLogs(engine, id, { stdout, stderr, follow: false, timestamps: false }, signal);
}

async function* withoutFirst<T>(items: AsyncGenerator<T>): AsyncGenerator<T> {
  await items.next();
  yield* items;
}

/** Before 1.42 framed and raw streams had one name. */
export function streamType(tty: boolean, version: ApiVersion): string {
  return !tty && version >= 42 ? multiplexedStreamType : rawStreamType;
}
