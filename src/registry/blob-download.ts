// The bytes of a blob, from any byte on, over as many connections as it takes: what breaks off or stalls goes on where it was.
// Never more bytes than the descriptor declares; whether they are the right ones only the digest of all of them tells.
import type { Clock } from "../base/host.ts";
import { InvalidParameterError } from "../base/errors.ts";
import { digestOf } from "../spec/digest.ts";
import type { Descriptor } from "../spec/oci-image.ts";
import { RegistryResponseError, UnreachableError } from "./registry-error.ts";
import type { Repository } from "./repository.ts";

export type DownloadOptions = {
  /** Bytes that the caller has already. */
  readonly from: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Told before the next attempt, with the seconds until then. */
  readonly onRetry?: (seconds: number) => void;
};

/** As dockerd: so many in a row without a byte, each a while after the last. */
const attempts = 5;
const afterProgressMs = 100;
const stallMs = 60_000;

/** @throws UnreachableError, RegistryResponseError, InvalidParameterError for a blob that is longer or shorter than declared. */
export async function* downloadBlob(
  repository: Repository,
  { digest, size }: Pick<Descriptor, "digest" | "size">,
  { from, clock, signal, onRetry }: DownloadOptions,
): AsyncGenerator<Uint8Array> {
  let at = from;
  for (let attempt = 0; at < size;) {
    const before = at;
    try {
      for await (const bytes of oneConnection(repository, digest, at, size, signal)) {
        at += bytes.length;
        yield bytes;
      }
    } catch (err) {
      signal.throwIfAborted();
      attempt = at > before ? 0 : attempt + 1;
      if (!mayHelpToRepeat(err) || attempt === attempts) throw err;
      if (attempt > 0) onRetry?.(attempt);
      // What brought something is worth another try at once.
      await clock.sleep(attempt > 0 ? attempt * 1000 : afterProgressMs, signal);
    }
  }
}

/** A small blob in one piece, verified: a config. */
export async function downloadBytes(
  repository: Repository,
  blob: Pick<Descriptor, "digest" | "size">,
  options: Pick<DownloadOptions, "clock" | "signal">,
): Promise<Uint8Array> {
  const parts = await Array.fromAsync(downloadBlob(repository, blob, { ...options, from: 0 }));
  const bytes = Buffer.concat(parts);
  const found = digestOf(bytes);
  if (found !== blob.digest)
    throw new InvalidParameterError(
      `image config verification failed for digest ${blob.digest}: got ${found}`,
    );
  return bytes;
}

function mayHelpToRepeat(err: unknown): boolean {
  return err instanceof UnreachableError || (err instanceof RegistryResponseError && err.isTemporary);
}

async function* oneConnection(
  repository: Repository,
  digest: string,
  from: number,
  size: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const connection = new AbortController();
  const stop = (): void => connection.abort(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  const stall = (): void =>
    connection.abort(new UnreachableError(`no byte of blob ${digest} came for a minute`));
  try {
    const { response, start } = await repository.blob(digest, from, connection.signal);
    checkLength(response, digest, size - start);
    let at = start;
    let timer = setTimeout(stall, stallMs);
    try {
      for await (const chunk of broken(response, digest)) {
        clearTimeout(timer);
        if (at + chunk.length > size)
          throw new InvalidParameterError(
            `blob ${digest} is longer than the ${size} bytes that its manifest declares`,
          );
        // A registry that knows no ranges sends again what is here.
        const known = Math.min(Math.max(from - at, 0), chunk.length);
        at += chunk.length;
        if (known < chunk.length) yield chunk.subarray(known);
        timer = setTimeout(stall, stallMs);
      }
    } finally {
      clearTimeout(timer);
    }
    if (at < size) throw new UnreachableError(`blob ${digest} broke off after ${at} of ${size} bytes`);
  } catch (err) {
    // An abort hides the reason why it was made.
    throw connection.signal.aborted ? connection.signal.reason : err;
  } finally {
    signal.removeEventListener("abort", stop);
    connection.abort();
  }
}

/** A length that is announced and wrong is not worth a byte. */
function checkLength(response: Response, digest: string, expected: number): void {
  const announced = response.headers.get("content-length");
  if (announced !== null && Number(announced) !== expected)
    throw new InvalidParameterError(
      `blob ${digest} has not the size that its manifest declares: ${expected} bytes are wanted, ${Number(announced)} announced`,
    );
}

/** Failures of the connection as such: everything that is thrown while a body is read. */
async function* broken(response: Response, digest: string): AsyncGenerator<Uint8Array> {
  const body = response.body;
  if (body === null) return;
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((cause: unknown) => {
        throw new UnreachableError(`blob ${digest}: the connection broke off`, { cause });
      });
      if (done) return;
      yield value as Uint8Array;
    }
  } finally {
    await reader.cancel().catch(() => {}); // it is over either way
  }
}
