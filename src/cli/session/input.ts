// Carries our stdin to a container.

import { detachScanner } from "../../base/detach-keys.ts";
import type { RawStream } from "../../client/transport.ts";
import type { Input } from "../streams.ts";

export type InputEnd = "closed" | "detached";

export type InputCopy = {
  /** Resolves when stdin has ended (the container has been told by a half-close) or the user has left. */
  readonly done: Promise<InputEnd>;
  /** Stops reading, so that the program can end while stdin is still open. */
  readonly stop: () => void;
};

/** @param detachKeys the keys that leave the container; undefined where stdin is no terminal. */
export function copyInput(
  stdin: Input,
  connection: RawStream,
  detachKeys: Uint8Array | undefined,
): InputCopy {
  const reader = stdin.bytes().getReader();
  const scan = detachKeys === undefined ? undefined : detachScanner(detachKeys);
  const copy = async (): Promise<InputEnd> => {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      const { pass, detached } = scan === undefined ? { pass: value, detached: false } : scan(value);
      if (!(await connection.write(pass))) return "closed";
      if (detached) return "detached";
    }
    connection.endWrite();
    return "closed";
  };
  return {
    done: copy(),
    stop: () => void reader.cancel().catch(() => undefined),
  };
}
