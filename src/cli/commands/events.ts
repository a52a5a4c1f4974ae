// `events`: what happens in the engine, as it happens.

import { bodyLines } from "../../client/json-lines.ts";
import { openEvents } from "../../client/system.ts";
import type { EventMessage } from "../../spec/docker.ts";
import type { Context } from "../command.ts";
import { CommandError } from "../failure.ts";
import type { Flags } from "../flags.ts";
import { rfc3339 } from "../format/words.ts";
import { parseTemplate, renderTemplate, TemplateError } from "../template/template.ts";
import { markStruct } from "../template/values.ts";
import type { Fields } from "../template/values.ts";
import { parseTimestamp } from "../timestamp.ts";

export async function events(
  { client, stdout }: Context,
  flags: Flags,
  _operands: readonly string[],
): Promise<number> {
  const write = writer(flags.text("format"));
  const nowMs = Date.now();
  const time = (name: string) =>
    flags.text(name) === "" ? undefined : parseTimestamp(flags.text(name), nowMs);
  const query = { since: time("since"), until: time("until"), filters: flags.filters("filter") };
  const { body } = await openEvents(client, query);
  for await (const line of bodyLines(body)) await stdout.write(`${write(line)}\n`);
  return 0;
}

/** From a line of the daemon's to a line of ours. */
function writer(format: string): (line: string) => string {
  if (format === "") return (line) => sentence(line);
  if (format === "json" || format === "{{json .}}") return withoutHtmlEscapes;
  try {
    const template = parseTemplate(format);
    // What is wrong with it is told before the first event.
    renderTemplate(template, eventData(emptyEvent));
    return (line) => renderEvent(template, line);
  } catch (err) {
    if (err instanceof TemplateError) throw new CommandError(`Error parsing format: ${err.message}`, 64);
    throw err;
  }
}

/** Go's server escapes what HTML would misread, Docker's client does not. */
function withoutHtmlEscapes(line: string): string {
  return line.replaceAll(/\\u(003c|003e|0026)/g, (_all, code: string) =>
    String.fromCodePoint(Number.parseInt(code, 16)),
  );
}

const emptyEvent =
  '{"Type":"","Action":"","Actor":{"ID":"","Attributes":{}},"scope":"","time":0,"timeNano":0}';

function renderEvent(template: ReturnType<typeof parseTemplate>, line: string): string {
  try {
    return renderTemplate(template, eventData(line));
  } catch (err) {
    if (err instanceof TemplateError) throw new CommandError(err.message);
    throw err;
  }
}

function eventData(line: string): Fields {
  const event = JSON.parse(line) as EventMessage;
  const { ID, Attributes } = event.Actor;
  // A template sees Go's names of the fields, of which some differ from those on the wire.
  const data = {
    ...event,
    ID,
    // Old fields of containers and images, which new versions of the API no longer send.
    Status: ["container", "image"].includes(event.Type) ? event.Action : "",
    From: event.Type === "container" ? (Attributes["image"] ?? "") : "",
    Scope: event.scope,
    Time: event.time,
    TimeNano: nanoseconds(line),
  };
  markStruct(data, "*events.Message");
  return data;
}

/** "2026-11-23T21:59:36.782504907Z container destroy ID (image=busybox, name=web)". */
function sentence(line: string): string {
  const { Type, Action, Actor } = JSON.parse(line) as EventMessage;
  const nanos = nanoseconds(line);
  const time = rfc3339(Number(nanos / 1_000_000_000n), nanos % 1_000_000_000n);
  const attributes = Object.keys(Actor.Attributes ?? {})
    .sort()
    .map((key) => `${key}=${Actor.Attributes[key]}`);
  const details = attributes.length === 0 ? "" : ` (${attributes.join(", ")})`;
  return `${time} ${Type} ${Action} ${Actor.ID}${details}`;
}

/** Read from the text: it is beyond what JavaScript's numbers hold. */
function nanoseconds(line: string): bigint {
  return BigInt(/"timeNano":(\d+)/.exec(line)?.[1] ?? "0");
}
