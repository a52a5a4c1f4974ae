// `why`: why a container is in the state it is in, in plain words.

import { explainContainer, inspectContainer, openLogs } from "../../client/containers.ts";
import type { EngineClient } from "../../client/engine-client.ts";
import { ResponseError } from "../../client/errors.ts";
import { inspectImageText } from "../../client/images.ts";
import type { ContainerInspect } from "../../spec/docker.ts";
import type { ImageInspect } from "../../spec/docker-images.ts";
import { FrameSplitter } from "../../spec/stdcopy.ts";
import type { Context } from "../command.ts";
import type { Flags } from "../flags.ts";
import { readFormat } from "../format/one-value.ts";
import { describe } from "../report.ts";
import { renderTemplate } from "../template/template.ts";
import { findCause } from "../why/causes.ts";
import { imageAnswer } from "../why/image-cause.ts";
import type { Evidence } from "../why/evidence.ts";
import { nameOf } from "../why/evidence.ts";
import { answerPage } from "../why/page.ts";
import type { Answer } from "../why/page.ts";

export async function why(context: Context, flags: Flags, operands: readonly string[]): Promise<number> {
  const { client, stdout, stderr } = context;
  const format = flags.text("format");
  const template = format === "" || format === "json" ? undefined : readFormat(format);
  const answers = await Promise.allSettled(operands.map((name) => answerFor(client, name)));
  const texts: string[] = [];
  let exitCode = 0;
  for (const answer of answers) {
    if (answer.status === "rejected") {
      await stderr.write(`${describe(answer.reason)}\n`);
      exitCode = 1;
    } else if (template !== undefined) texts.push(`${renderTemplate(template, answer.value)}\n`);
    else texts.push(format === "json" ? `${JSON.stringify(answer.value)}\n` : answerPage(answer.value));
  }
  await stdout.write(texts.join(format === "" ? "\n" : ""));
  return exitCode;
}

async function answerFor(client: EngineClient, name: string): Promise<Answer> {
  let evidence: Evidence;
  try {
    evidence = await gather(client, name);
  } catch (err) {
    if (!isMissing(err)) throw err;
    const image = await imageNamed(client, name);
    if (image === undefined) throw err;
    return imageAnswer(name, image);
  }
  const { container, logTail } = evidence;
  const { cause, why: text, details = [], next = "" } = findCause(evidence);
  return {
    Name: nameOf(evidence),
    ID: container.Id,
    Status: container.State.Status,
    ExitCode: container.State.ExitCode,
    Cause: cause,
    Why: text,
    Details: details,
    LastLines: logTail,
    Next: next,
  };
}

const shownLines = 5;

async function gather(client: EngineClient, name: string): Promise<Evidence> {
  const { Sampan: extra, ...container } = await explainContainer(client, name);
  const [logTail, joined] = await Promise.all([lastLines(client, container), joinedBy(client, container)]);
  return {
    container,
    ...(extra && { extra }),
    ...(joined && { joined }),
    logTail,
    nowMs: Date.now(),
  };
}

/** Nothing, where its log driver cannot be read. */
async function lastLines(client: EngineClient, { Id, Config }: ContainerInspect): Promise<readonly string[]> {
  try {
    const { body } = await openLogs(client, Id, { stdout: true, stderr: true, tail: shownLines });
    const parts: Uint8Array[] = [];
    const splitter = new FrameSplitter();
    for await (const piece of body) {
      if (Config.Tty) parts.push(piece);
      else splitter.push(piece, (_stream, part) => parts.push(part.slice()));
    }
    const text = Buffer.concat(parts).toString("utf8");
    return text === "" ? [] : text.replace(/\n$/, "").split(/\r?\n/);
  } catch (err) {
    if (err instanceof ResponseError) return [];
    throw err;
  }
}

/** The container whose namespace this one shares. */
async function joinedBy(client: EngineClient, { HostConfig }: ContainerInspect): Promise<Evidence["joined"]> {
  const mode = [HostConfig.NetworkMode, HostConfig.PidMode, HostConfig.IpcMode].find((one) =>
    one?.startsWith("container:"),
  );
  const name = mode?.slice("container:".length);
  if (name === undefined) return undefined;
  try {
    const { Name, State } = await inspectContainer(client, name);
    return { name: Name.replace(/^\//, ""), state: State.Status };
  } catch (err) {
    if (isMissing(err)) return { name, state: undefined };
    throw err;
  }
}

async function imageNamed(client: EngineClient, name: string): Promise<ImageInspect | undefined> {
  try {
    return JSON.parse(await inspectImageText(client, name)) as ImageInspect;
  } catch (err) {
    if (err instanceof ResponseError && err.status < 500) return undefined;
    throw err;
  }
}

function isMissing(err: unknown): boolean {
  return err instanceof ResponseError && err.status === 404;
}
