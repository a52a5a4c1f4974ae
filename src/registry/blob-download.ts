// The bytes of a blob, from any byte on, over as many connections as it takes: what breaks off or stalls goes on where it was.
// Never more bytes than the descriptor declares; whether they are the right ones only the digest of all of them tells.
import type { Clock } from "../base/host.ts";
import { InvalidParameterError } from "../base/errors.ts";
import { digestOf } from "../spec/digest.ts";
import type { Descriptor } from "../spec/oci-image.ts";
import { isLoopbackHost } from "./endpoint.ts";
import { RegistryResponseError, UnreachableError } from "./registry-error.ts";
import type { Pieces } from "./pieces.ts";
import type { Repository } from "./repository.ts";

export type DownloadOptions = {
  /** Bytes that the caller has already. */
  readonly from: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Told before the next attempt, with the seconds until then. */
  readonly onRetry?: (seconds: number) => void;
  /** For a registry on this machine. */
  readonly pieces?: Pieces;
};

type Blob = Pick<Descriptor, "digest" | "size">;

/** As dockerd: so many in a row without a byte, each a while after the last. */
const attempts = 5;
const afterProgressMs = 100;
const stallMs = 60_000;
const nearMs = 100;

/** @throws UnreachableError, RegistryResponseError, InvalidParameterError for a blob that is longer or shorter than declared. */
export async function* downloadBlob(
  repository: Repository,
  blob: Blob,
  { from, clock, signal, onRetry, pieces }: DownloadOptions,
): AsyncGenerator<Uint8Array> {
  const { size } = blob;
  let at = from;
  pieces?.came(from);
  let inPieces = isLoopbackHost(new URL(repository.endpoint.origin).host);
  for (let attempt = 0; at < size;) {
    const before = at;
    try {
      const piece = inPieces ? pieces : undefined;
      using _turn = await piece?.turn(signal);
      const until = Math.min(size, at + (piece?.nextBytes() ?? size));
      for await (const { bytes, isNear } of oneConnection(repository, blob, at, until, { clock, signal })) {
        at += bytes.length;
        pieces?.came(bytes.length);
        inPieces = isNear;
        yield bytes;
      }
      attempt = 0;
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

type Received = {
  readonly bytes: Uint8Array;
  /** Another request costs hardly any time. */
  readonly isNear: boolean;
};

/** The bytes from `from` to before `until`, or all the rest where the registry does not send parts. */
async function* oneConnection(
  repository: Repository,
  blob: Blob,
  from: number,
  until: number,
  { clock, signal }: Pick<DownloadOptions, "clock" | "signal">,
): AsyncGenerator<Received> {
  const { digest, size } = blob;
  const asked = clock.monotonicMs();
  const connection = new AbortController();
  const stop = (): void => connection.abort(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  const stall = (): void =>
    connection.abort(new UnreachableError(`no byte of blob ${digest} came for a minute`));
  try {
    const { response, start, end } = await repository.blob(blob, from, until, connection.signal);
    checkLength(response, digest, end - start);
    // What listens on this machine may send us to another one, or be the near end of a tunnel.
    const isNear = isLoopbackHost(new URL(response.url).host) && clock.monotonicMs() - asked < nearMs;
    let at = start;
    let timer = setTimeout(stall, stallMs);
    try {
      for await (const chunk of broken(response, digest)) {
        clearTimeout(timer);
        if (at + chunk.length > size)
          throw new InvalidParameterError(
            `blob ${digest} is longer than the ${size} bytes that its manifest declares`,
          );
        if (at + chunk.length > end)
          throw new UnreachableError(`the registry sent more of blob ${digest} than was asked for`);
        // A registry that knows no ranges sends again what is here.
        const known = Math.min(Math.max(from - at, 0), chunk.length);
        at += chunk.length;
        if (known < chunk.length) yield { bytes: chunk.subarray(known), isNear };
        timer = setTimeout(stall, stallMs);
      }
    } finally {
      clearTimeout(timer);
    }
    if (at < end) throw new UnreachableError(`blob ${digest} broke off after ${at} of ${size} bytes`);
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
