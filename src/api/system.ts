// The daemon itself: ping, version, info and events.
import { InvalidParameterError } from "../base/errors.ts";
import { systemInfo, versionInfo } from "../engine/info.ts";
import type { EventMessage } from "../spec/docker.ts";
import type { Answer, Headers } from "./answer.ts";
import { json, jsonType, stream } from "./answer.ts";
import { eventByVersion, forVersion, hidesEvent, infoByVersion } from "./answers-by-version.ts";
import { clientOf } from "./call.ts";
import type { Call } from "./call.ts";
import { filtersOf, textOf, timestampOf } from "./query.ts";
import type { Query } from "./query.ts";
import type { ApiVersion } from "./version.ts";
import { oldestVersion, versionNamedTo, versionText } from "./version.ts";

const pingHeaders = {
  "Cache-Control": "no-cache, no-store, must-revalidate",
  Pragma: "no-cache",
  // 1 is the classic builder, 2 BuildKit; clients choose how they build by it.
  "Builder-Version": "1",
  Swarm: "inactive",
};

/** A header of our own: where clients hand files over. */
function pingHeadersOf({ files }: Call): Headers {
  return files === undefined ? pingHeaders : { ...pingHeaders, "Sampan-Files": files.path };
}

export function ping(call: Call): Answer {
  return { kind: "text", status: 200, text: "OK", headers: pingHeadersOf(call) };
}

export function pingHead(call: Call): Answer {
  const headers = {
    ...pingHeadersOf(call),
    "Content-Type": "text/plain; charset=utf-8",
    "Content-Length": "0",
  };
  return { kind: "empty", status: 200, headers };
}

export function options(): Answer {
  return { kind: "empty", status: 200, headers: { "Content-Length": "0" } };
}

export function versions(call: Call): Answer {
  const newest = versionText(versionNamedTo(clientOf(call)));
  return json(versionInfo(call.engine, { newest, oldest: versionText(oldestVersion) }));
}

export function info({ engine, version }: Call): Answer {
  return json(forVersion(systemInfo(engine), infoByVersion, version));
}

const jsonLinesType = "application/jsonl";
const jsonSequenceType = "application/json-seq";
const streamTypes: ReadonlySet<string> = new Set([jsonLinesType, "application/x-ndjson", jsonSequenceType]);

export function events({ engine, query, version, headers, signal }: Call): Answer {
  const since = nanosecondsOf(query, "since");
  const until = nanosecondsOf(query, "until");
  if (since !== undefined && until !== undefined && until < since)
    throw new InvalidParameterError(
      `\`since\` time (${textOf(query, "since")}) cannot be after \`until\` time (${textOf(query, "until")})`,
    );
  const happened = engine.events.subscribe({ filters: filtersOf(query), since, until }, signal);
  const type = eventStreamType(headers.accept ?? "", version);
  return stream(type, eventLines(happened, version, type === jsonSequenceType ? "\u001e" : ""), true);
}

/** Exact for the `timeNano` of an event: both are rounded to the same double. */
function nanosecondsOf(query: Query, key: string): number | undefined {
  const time = timestampOf(query, key, "'");
  return time && time.seconds * 1e9 + time.nanoseconds;
}

/** Named types count since 1.52; wildcards in Accept are not heeded. Before it was said to be plain JSON, which it was not. */
function eventStreamType(accept: string, version: ApiVersion): string {
  const asked = accept.split(",").map((part) => part.split(";", 1)[0]?.trim() ?? "");
  const found = asked.find((type) => streamTypes.has(type));
  return found ?? (version < 52 ? jsonType : jsonLinesType);
}

/** `before` is the record separator that a JSON text sequence (RFC 7464) starts each text with. */
async function* eventLines(
  happened: AsyncIterable<EventMessage>,
  version: ApiVersion,
  before: string,
): AsyncGenerator<string> {
  for await (const event of happened)
    if (!hidesEvent(event, version))
      yield `${before}${JSON.stringify(legacyFirst(forVersion(event, eventByVersion, version)))}\n`;
}

/** Docker writes the fields of old versions first, and its client prints what it gets. */
function legacyFirst(event: object): object {
  const { status, id, from } = event as Readonly<Record<string, unknown>>;
  return { ...(status !== undefined && { status, id, ...(from !== undefined && { from }) }), ...event };
}
