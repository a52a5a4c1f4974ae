// How calls reach the engine: over a socket (socket-transport.ts), or inside the daemon with no socket at all.

import type { HttpRequest, ResponseHead } from "./http.ts";

/** Raw bytes both ways: what a call that was hijacked turns into. */
export type RawStream = {
  /** Everything that has arrived since the last call, at least one piece; undefined at the end. */
  readonly read: () => Promise<readonly Uint8Array[] | undefined>;
  /** Resolves when it has been handed on; false when nobody takes it any more. */
  readonly write: (bytes: Uint8Array | string) => Promise<boolean>;
  /** Half-close: the other side sees the end of our bytes and can go on sending. */
  readonly endWrite: () => void;
  readonly close: () => void;
};

/** A call whose head has been answered. Its body is read, or its stream taken, or it is closed: one of the three. */
export type Exchange = {
  readonly head: ResponseHead;
  readonly body: () => AsyncGenerator<Uint8Array, void, undefined>;
  readonly stream: () => RawStream;
  /** Gives the rest up. */
  readonly close: () => void;
};

export type Transport = {
  /** Opens connections ahead of their use, so that connecting and the caller's own work overlap. */
  readonly warm: (count: number) => Promise<void>;
  readonly send: (request: HttpRequest) => Promise<Exchange>;
  readonly close: () => void;
};
