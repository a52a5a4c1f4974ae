// `run` in one request, for our own client: create, attach, wait and start, where Docker's client makes four.
//
//   POST /containers/create?run=next-exit|removed&stdin=1&stdout=1&stderr=1     with the headers of an upgrade
//     101, Sampan-Created: the answer of a create in base64      once the program has been started; else that failure's status
//     frames of its output, and last one that says how it ended  (spec/stdcopy.ts)
import { InvalidParameterError } from "../base/errors.ts";
import { attachContainer } from "../engine/attach.ts";
import { startContainer } from "../engine/start.ts";
import { checkCondition, waitContainer } from "../engine/wait.ts";
import type { CreateContainerAnswer, CreateContainerBody, WaitAnswer } from "../spec/docker.ts";
import { encodeFrame, endStream } from "../spec/stdcopy.ts";
import type { Answer } from "./answer.ts";
import { clientOf } from "./call.ts";
import type { Call } from "./call.ts";
import { streamType } from "./container-streams.ts";
import { flagOf, textOf } from "./query.ts";

/** Whether the request is one. InvalidParameterError where it cannot be: before anything is made. */
export function isRun({ query, headers }: Call, { Tty }: CreateContainerBody): boolean {
  if (!query.has("run") || headers.upgrade === undefined) return false;
  checkCondition(textOf(query, "run"));
  if (Tty)
    throw new InvalidParameterError("run: the output of a terminal has no frames that could tell its end");
  return true;
}

/** A failure leaves the container as it leaves one whose start failed. */
export async function runCreated(call: Call, created: CreateContainerAnswer): Promise<Answer> {
  const { engine, query, version, signal } = call;
  const { Id: id } = created;
  const wants = {
    stdin: flagOf(query, "stdin"),
    stdout: flagOf(query, "stdout"),
    stderr: flagOf(query, "stderr"),
  };
  const stream = await attachContainer(engine, id, wants);
  const ended = waitContainer(engine, id, textOf(query, "run"), signal).then(endFrame);
  ended.catch(() => {}); // the client is gone: nobody waits any more
  try {
    await startContainer(engine, id, { action: "start", by: clientOf(call) });
  } catch (err) {
    stream.destroy();
    throw err;
  }
  const headers = { "Sampan-Created": Buffer.from(JSON.stringify(created)).toString("base64") };
  const type = streamType(false, version);
  return { kind: "hijack", type, headers, open: () => ({ stream, openUntil: ended }) };
}

export function endFrame(end: WaitAnswer): Uint8Array {
  return encodeFrame(endStream, Buffer.from(JSON.stringify(end)));
}
