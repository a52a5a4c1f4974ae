// The client's calls to the engine of this very process: no socket, no HTTP, the same handlers.
import type { LocalAnswer, LocalCalls } from "../api/local-calls.ts";
import { ProtocolError } from "../client/errors.ts";
import type { HttpRequest } from "../client/http.ts";
import type { Exchange, RawStream, Transport } from "../client/transport.ts";

/** How the client of the command protocol is named in records and logs. */
const userAgent = "Sampan-Client/rcli";

export function inProcessTransport(calls: LocalCalls): Transport {
  /** Aborted, all at once, when the command is over: what it has left open goes with it. */
  const over = new AbortController();
  return {
    warm: () => Promise.resolve(),
    send: async ({ method, path, headers, body }: HttpRequest) => {
      if (over.signal.aborted) throw new Error("the client is closed");
      const one = new AbortController();
      const signal = AbortSignal.any([over.signal, one.signal]);
      const request = { method, url: path, headers: { "User-Agent": userAgent, ...headers }, body };
      return exchangeOf(await calls(request, signal), () => one.abort());
    },
    close: () => over.abort(),
  };
}

function exchangeOf(answer: LocalAnswer, close: () => void): Exchange {
  const { headers } = answer;
  const status = answer.kind === "stream" ? 101 : answer.status;
  const lower = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const);
  return {
    head: { status, statusText: "", headers: new Map(lower) },
    body: () => bodyOf(answer, close),
    stream: () => rawStream(answer, close),
    close,
  };
}

async function* bodyOf(answer: LocalAnswer, close: () => void): AsyncGenerator<Uint8Array, void, undefined> {
  if (answer.kind === "stream") throw new ProtocolError("the answer is a stream");
  try {
    for await (const chunk of answer.chunks) yield typeof chunk === "string" ? Buffer.from(chunk) : chunk;
  } finally {
    close();
  }
}

function rawStream(answer: LocalAnswer, close: () => void): RawStream {
  if (answer.kind !== "stream") throw new ProtocolError("the answer is no stream");
  const { input, output } = answer;
  const pieces = output[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  input.on("error", () => {}); // `destroyed` says it to whoever writes next
  return {
    read: async () => {
      try {
        const { done, value } = await pieces.next();
        return done ? undefined : [value];
      } catch {
        return undefined; // destroyed: the program or the command is over
      }
    },
    write: (bytes) =>
      new Promise((resolve) => {
        if (input.destroyed || input.writableEnded) resolve(false);
        else input.write(bytes, (err) => resolve(!err));
      }),
    endWrite: () => void input.end(),
    close,
  };
}
