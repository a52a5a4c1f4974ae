// One request as a handler sees it, and how its body is read.
import type { IncomingHttpHeaders } from "node:http";
import type { Readable } from "node:stream";
import type { GenericSchema } from "valibot";
import { InvalidParameterError, TooLargeError } from "../base/errors.ts";
import type { Engine } from "../engine/engine.ts";
import type { Answer } from "./answer.ts";
import { decodeJson, decodeNothing } from "./decode.ts";
import type { HandedFiles } from "./handed-files.ts";
import type { Query } from "./query.ts";
import type { ApiVersion } from "./version.ts";

export type Call = {
  readonly engine: Engine;
  /** The version that the client asked for; the newest where it named none. */
  readonly version: ApiVersion;
  /** Parts of the path, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: Query;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readable;
  /** Where clients of this machine hand over files in place of a body. */
  readonly files: HandedFiles | undefined;
  /** Aborted when the client goes away before its answer is complete. */
  readonly signal: AbortSignal;
};

export type Handler = (call: Call) => Answer | Promise<Answer>;

/** Far above any create body; a guard against a client that never stops. */
const maxJsonBytes = 16 * 2 ** 20;

/** Longer ones are cut: they are kept in records. */
const longestClientName = 120;

/** The client as it names itself; "" when it does not. */
export function clientOf({ headers }: Pick<Call, "headers">): string {
  return (headers["user-agent"] ?? "").slice(0, longestClientName);
}

/** A part of the path that the route's pattern names. */
export function param(call: Call, name: string): string {
  const value = call.params[name];
  if (value === undefined) throw new Error(`the route has no parameter ${name}`);
  return value;
}

/** A request header that is sent once; several of one name count as none of any use. */
export function headerOf({ headers }: Call, name: string): string | undefined {
  const value = headers[name];
  return typeof value === "string" ? value : undefined;
}

/**
 * The JSON body; an absent one decodes like `{}`, as dockerd has it, unless the endpoint makes no sense without.
 * InvalidParameterError for a wrong content type or body.
 */
export async function jsonBody<T>(
  call: Call,
  schema: GenericSchema<unknown, T>,
  options: { readonly required?: boolean } = {},
): Promise<T> {
  const { "content-type": contentType } = call.headers;
  if (hasBody(call.headers)) {
    requireJson(contentType ?? "");
    return decodeJson(schema, await readText(call.body));
  }
  if (contentType !== undefined) requireJson(contentType);
  return options.required ? decodeJson(schema, "") : decodeNothing(schema);
}

export function hasBody(headers: IncomingHttpHeaders): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}

const token = "[\\w!#$%&'*+.^`|~-]+";
const parameters = new RegExp(`^(?:\\s*;\\s*${token}=(?:${token}|"(?:[^"\\\\]|\\\\.)*"))*\\s*;?\\s*$`);

/** Go's mime.ParseMediaType, with what it says of a header that it cannot read. */
function requireJson(contentType: string): void {
  const semicolon = contentType.indexOf(";");
  const mediaType = (semicolon < 0 ? contentType : contentType.slice(0, semicolon)).trim().toLowerCase();
  const rest = semicolon < 0 ? "" : contentType.slice(semicolon);
  const problem =
    mediaTypeProblem(mediaType) ?? (parameters.test(rest) ? undefined : "invalid media parameter");
  if (problem !== undefined)
    throw new InvalidParameterError(`malformed Content-Type header (${contentType}): mime: ${problem}`);
  if (mediaType !== "application/json")
    throw new InvalidParameterError(
      `unsupported Content-Type header (${contentType}): must be 'application/json'`,
    );
}

function mediaTypeProblem(mediaType: string): string | undefined {
  const [, type = "", slash, subtype = "", more] =
    new RegExp(`^(${token})?(/)?(${token})?([^]*)$`).exec(mediaType) ?? [];
  if (type === "") return "no media type";
  if (slash === undefined) return more === "" ? undefined : "expected slash after first token";
  if (subtype === "") return "expected token after slash";
  return more === "" ? undefined : "unexpected content after media subtype";
}

async function readText(body: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxJsonBytes) throw new TooLargeError(`request body is larger than ${maxJsonBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
