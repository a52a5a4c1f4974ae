// What a handler gives back: a plain description of the answer. Only write-answer.ts turns it into bytes on a connection.
import type { Duplex } from "node:stream";

export type Headers = Readonly<Record<string, string>>;
export type Chunk = Uint8Array | string;

export type Answer =
  | { readonly kind: "empty"; readonly status: number; readonly headers?: Headers }
  | { readonly kind: "text"; readonly status: number; readonly text: string; readonly headers?: Headers }
  | { readonly kind: "json"; readonly status: number; readonly value: unknown }
  | StreamAnswer
  | HijackAnswer
  | WebSocketAnswer;

export type StreamAnswer = {
  readonly kind: "stream";
  readonly type: string;
  /** A failure before the first chunk gets its own status; after it, the connection is cut. */
  readonly chunks: AsyncIterable<Chunk>;
  /** Send the head before the first chunk is there: clients of `wait`, `logs` and `events` go on when they see it. */
  readonly headFirst: boolean;
  readonly headers?: Headers;
};

/** The connection turns into a two-way byte stream: attach and exec start. */
export type HijackAnswer = {
  readonly kind: "hijack";
  readonly type: string;
  readonly headers?: Headers;
  /**
   * Asked for once the head is on its way. An exec must not have written anything by then: clients that read the head
   * through a buffer (python's http.client) lose what arrives together with it.
   */
  readonly open: () => Hijacked | Promise<Hijacked>;
};

/** The same by messages of a websocket, for browsers: output without frames, as Docker has it. */
export type WebSocketAnswer = {
  readonly kind: "websocket";
  /** The stream comes in stdcopy frames, which are taken off. */
  readonly framed: boolean;
  /** Output goes as text messages instead of binary ones. */
  readonly text: boolean;
  readonly open: HijackAnswer["open"];
};

export type Hijacked = {
  /** Sent first: what a container has written so far, or why an exec did not start. */
  readonly before?: AsyncIterable<Uint8Array>;
  /** What comes out goes to the client; what is written in is the client's input; `end()` is its end of input. */
  readonly stream: Duplex | undefined;
  /** Absent where no key can detach (no terminal): bytes are then moved without a look at them. */
  readonly detach?: { readonly keys: Uint8Array; onDetach(): void } | undefined;
  /** The client sees the end only after this: it asks for an exec's code when it does. What it resolves with is sent last. */
  readonly openUntil?: Promise<Uint8Array | void>;
};

export const json = (value: unknown, status = 200): Answer => ({ kind: "json", status, value });
export const empty = (status = 204): Answer => ({ kind: "empty", status });

/** `{ changed: false }` of a verb: dockerd answers 304 to a start of what runs and a stop of what does not. */
export const changedOr304 = ({ changed }: { readonly changed: boolean }): Answer =>
  empty(changed ? 204 : 304);

export function stream(type: string, chunks: AsyncIterable<Chunk>, headFirst = false): Answer {
  return { kind: "stream", type, chunks, headFirst };
}

/** A tar archive as it is made. */
export function tarArchive(chunks: AsyncIterable<Chunk>, headers: Headers = {}): Answer {
  return { kind: "stream", type: "application/x-tar", chunks, headFirst: false, headers };
}

export const jsonType = "application/json";
export const rawStreamType = "application/vnd.docker.raw-stream";
export const multiplexedStreamType = "application/vnd.docker.multiplexed-stream";
