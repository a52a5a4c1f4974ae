// The API from within the daemon: the same routes and handlers, with no HTTP and no socket in between.
import { PassThrough, Readable } from "node:stream";
import type { Writable } from "node:stream";
import type { Engine } from "../engine/engine.ts";
import type { Answer, Chunk, Headers, HijackAnswer, StreamAnswer } from "./answer.ts";
import { jsonType } from "./answer.ts";
import { pumpHijacked } from "./pump.ts";
import { compileRoutes } from "./router.ts";
import type { Router } from "./router.ts";
import { routes } from "./routes.ts";
import { answerTo, errorAnswer } from "./serve.ts";
import type { ApiRequest } from "./serve.ts";

export type LocalRequest = {
  readonly method: string;
  /** Path with version and query, escaped. */
  readonly url: string;
  /** Names in any case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | AsyncIterable<Uint8Array> | undefined;
};

export type LocalAnswer =
  | {
      readonly kind: "body";
      readonly status: number;
      readonly headers: Headers;
      readonly chunks: AsyncIterable<Chunk>;
    }
  /** A hijacked call: what is read from `output` comes from the engine, what is written to `input` goes there. */
  | {
      readonly kind: "stream";
      readonly headers: Headers;
      readonly input: Writable;
      readonly output: Readable;
    };

/** Resolves when the head of an HTTP answer would be sent, and never rejects: a failure is an answer with a status from 400 on. */
export type LocalCalls = (request: LocalRequest, signal: AbortSignal) => Promise<LocalAnswer>;

export function localCalls(engine: Engine): LocalCalls {
  // Most daemons never need it: half a megabyte of compiled patterns.
  let router: Router | undefined;
  return async (local, signal) => {
    router ??= compileRoutes(routes);
    const request = requestOf(local);
    try {
      return await described(await answerTo({ engine, router, files: undefined }, request, signal), signal);
    } catch (err) {
      return await described(errorAnswer(engine, request, err, signal), signal);
    }
  };
}

/** With the headers that tell a handler whether there is a body. */
function requestOf({ method, url, headers, body }: LocalRequest): ApiRequest {
  const length: Record<string, string> =
    body === undefined
      ? {}
      : typeof body === "string"
        ? { "content-length": String(Buffer.byteLength(body)) }
        : { "transfer-encoding": "chunked" };
  const lower = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const);
  const bytes = typeof body === "string" ? [Buffer.from(body)] : (body ?? []);
  return Object.assign(Readable.from(bytes, { objectMode: false }), {
    method,
    url,
    headers: { ...Object.fromEntries(lower), ...length },
  });
}

async function described(answer: Answer, signal: AbortSignal): Promise<LocalAnswer> {
  switch (answer.kind) {
    case "empty":
      return withBody(answer.status, answer.headers, Readable.from([]));
    case "text":
      return withBody(answer.status, answer.headers, Readable.from([answer.text]));
    case "json":
      return withBody(
        answer.status,
        { "Content-Type": jsonType },
        Readable.from([JSON.stringify(answer.value)]),
      );
    case "stream":
      return withBody(200, { "Content-Type": answer.type, ...answer.headers }, await streamed(answer));
    case "hijack":
      return hijacked(answer, signal);
    case "websocket":
      throw new Error("nobody asks for websockets in here");
  }
}

function withBody(status: number, headers: Headers | undefined, chunks: AsyncIterable<Chunk>): LocalAnswer {
  return { kind: "body", status, headers: headers ?? {}, chunks };
}

/** As over HTTP, a failure before the first chunk is an answer of its own unless the head goes first. */
async function streamed({ chunks, headFirst }: StreamAnswer): Promise<AsyncIterable<Chunk>> {
  if (headFirst) return chunks;
  const rest = chunks[Symbol.asyncIterator]();
  return withFirst(await rest.next(), rest);
}

async function* withFirst(
  first: IteratorResult<Chunk, unknown>,
  rest: AsyncIterator<Chunk>,
): AsyncGenerator<Chunk> {
  try {
    for (let step = first; !step.done; step = await rest.next()) yield step.value;
  } finally {
    await rest.return?.();
  }
}

async function hijacked(answer: HijackAnswer, signal: AbortSignal): Promise<LocalAnswer> {
  const input = new PassThrough();
  const output = new PassThrough();
  const opened = await answer.open();
  const gone = (): void => {
    input.destroy();
    output.destroy();
  };
  signal.addEventListener("abort", gone, { once: true });
  void pumpHijacked(input, output, opened, signal).then(gone, gone);
  return { kind: "stream", headers: answer.headers ?? {}, input, output };
}
