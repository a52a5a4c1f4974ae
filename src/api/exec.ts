// Exec instances: made with a container, started once over a hijacked connection or detached.
import { errorText, InvalidParameterError } from "../base/errors.ts";
import { publishContainerEvent } from "../engine/engine.ts";
import { createExec, inspectExec, resizeExec, startExec } from "../engine/exec.ts";
import type { ExecStartBody } from "../spec/docker.ts";
import { encodeFrame, stdoutStream } from "../spec/stdcopy.ts";
import type { Answer, HijackAnswer, Hijacked } from "./answer.ts";
import { empty, json } from "./answer.ts";
import { execCreateBody, execStartBody } from "./bodies.ts";
import type { Call } from "./call.ts";
import { jsonBody, param } from "./call.ts";
import { endFrame } from "./container-run.ts";
import { streamType } from "./container-streams.ts";
import { parseDetachKeys } from "../base/detach-keys.ts";
import { statusOf } from "./http-status.ts";
import { flagOf, terminalSize } from "./query.ts";

/**
 * With `start`, which is ours, and a connection that may be upgraded the answer is that of the start; without a terminal it ends
 * with a frame that says how the program ended.
 */
export async function create(call: Call): Promise<Answer> {
  const { ConsoleSize, ...body } = await jsonBody(call, execCreateBody);
  if (!body.Cmd?.length) throw new InvalidParameterError("No exec command specified");
  parseDetachKeys(body.DetachKeys ?? "");
  // Not for health checks, which nobody waits for.
  call.engine.cgroupLock.warmUp();
  const size = call.version >= 42 && ConsoleSize ? { ConsoleSize } : {};
  const { id } = createExec(call.engine, param(call, "id"), { ...body, ...size }, true);
  if (flagOf(call.query, "start") && call.headers.upgrade !== undefined)
    return { ...(await startAttached(call, id, {}, true)), headers: { "Sampan-Exec": id } };
  return json({ Id: id }, 201);
}

export async function start(call: Call): Promise<Answer> {
  const { engine, version } = call;
  const id = param(call, "id");
  const body = await jsonBody(call, execStartBody);
  const options = startOptions(body, version);
  if (!body.Detach) return await startAttached(call, id, options);
  await startExec(engine, id, options);
  return empty(200);
}

/**
 * What is refused at once gets a status. A program that could not be started is told inside the stream, as dockerd does:
 * its client takes anything but an upgraded connection for a failure of the connection, and asks for the exit code after.
 */
async function startAttached(
  { engine, version }: Call,
  id: string,
  options: ExecStartBody,
  tellsEnd = false,
): Promise<HijackAnswer> {
  const { DetachKeys, ContainerID, ProcessConfig } = inspectExec(engine, id);
  const { tty } = ProcessConfig;
  const starting = startExec(engine, id, options);
  await refusedAtOnce(starting);
  const record = engine.containers.get(ContainerID);
  const onDetach = (): void => {
    if (record) publishContainerEvent(engine, record, "exec_detach", { execID: id });
  };
  const detach = tty ? { keys: parseDetachKeys(DetachKeys), onDetach } : undefined;
  const last = (): Uint8Array | undefined => {
    const state = engine.execs.get(id)?.state;
    return tellsEnd && !tty && state?.status === "exited"
      ? endFrame({ StatusCode: state.exitCode })
      : undefined;
  };
  const open = async (): Promise<Hijacked> => {
    try {
      return { stream: await starting, detach, openUntil: engine.execs.ended(id).then(last) };
    } catch (err) {
      if (statusOf(err) === 500) engine.host.log.error("exec failed", { exec: id, error: errorText(err) });
      return { before: errorOutput(err, tty, last()), stream: undefined };
    }
  };
  return { kind: "hijack", type: streamType(tty, version), open };
}

/** Throws what the work has failed with already, and returns while it is still under way. */
async function refusedAtOnce(work: Promise<unknown>): Promise<void> {
  await Promise.race([work, Promise.resolve()]);
}

async function* errorOutput(err: unknown, tty: boolean, last?: Uint8Array): AsyncGenerator<Uint8Array> {
  const text = Buffer.from(`${errorText(err)}\r\n`);
  yield tty ? text : encodeFrame(stdoutStream, text);
  if (last) yield last;
}

/** A terminal's size counts since 1.42, and only with a terminal. */
function startOptions({ ConsoleSize, ...body }: ExecStartBody, version: number): ExecStartBody {
  return ConsoleSize && version >= 42 && body.Tty ? { ...body, ConsoleSize } : body;
}

export async function resize(call: Call): Promise<Answer> {
  const { engine, query } = call;
  const size = { rows: terminalSize(query, "h", "height"), columns: terminalSize(query, "w", "width") };
  await resizeExec(engine, param(call, "id"), size);
  return empty(200);
}

/** With `wait`, which is ours, the answer comes when the program has ended; one that is not started is answered at once. */
export async function inspect(call: Call): Promise<Answer> {
  const { engine, query } = call;
  const id = param(call, "id");
  if (flagOf(query, "wait") && engine.execs.find(id).state.status !== "created") await engine.execs.ended(id);
  return json(inspectExec(engine, id));
}
