// One request as a handler sees it, and how its body is read.
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { GenericSchema } from "valibot";
import { InvalidParameterError } from "../base/errors.ts";
import type { Engine } from "../engine/engine.ts";
import type { Answer } from "./answer.ts";
import { decodeJson } from "./decode.ts";
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
  readonly body: IncomingMessage;
  /** Aborted when the client goes away before its answer is complete. */
  readonly signal: AbortSignal;
};

export type Handler = (call: Call) => Answer | Promise<Answer>;

/** Far above any create body; a guard against a client that never stops. */
const maxJsonBytes = 16 * 2 ** 20;

/** A part of the path that the route's pattern names. */
export function param(call: Call, name: string): string {
  const value = call.params[name];
  if (value === undefined) throw new Error(`the route has no parameter ${name}`);
  return value;
}

/** The JSON body; an absent one decodes like `{}`, as dockerd has it. InvalidParameterError for a wrong content type or body. */
export async function jsonBody<T>(call: Call, schema: GenericSchema<unknown, T>): Promise<T> {
  if (!hasBody(call.headers)) {
    if (call.headers["content-type"] !== undefined) requireJson(call.headers["content-type"]);
    return decodeJson(schema, "{}");
  }
  requireJson(call.headers["content-type"] ?? "");
  return decodeJson(schema, await readText(call.body));
}

export function hasBody(headers: IncomingHttpHeaders): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}

function requireJson(contentType: string): void {
  const [mediaType = ""] = contentType.split(";", 1);
  if (!/^[\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+$/.test(mediaType.trim()))
    throw new InvalidParameterError(
      `malformed Content-Type header (${contentType}): ${contentType === "" ? "mime: no media type" : "mime: expected a media type"}`,
    );
  if (mediaType.trim().toLowerCase() !== "application/json")
    throw new InvalidParameterError(
      `unsupported Content-Type header (${contentType}): must be 'application/json'`,
    );
}

async function readText(body: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxJsonBytes)
      throw new InvalidParameterError(`request body is larger than ${maxJsonBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
