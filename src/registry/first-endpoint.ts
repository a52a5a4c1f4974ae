// Trying the places of a registry in turn.
import type { Endpoint } from "./endpoint.ts";
import { UnreachableError } from "./registry-error.ts";

/**
 * Does `work` with the first of the endpoints that can do it: mirrors may fail in any way, others only by not being there.
 * @throws what the registry itself failed with; where none could be reached, the last one's failure.
 */
export async function atFirstEndpoint<T>(
  endpoints: readonly Endpoint[],
  signal: AbortSignal,
  work: (endpoint: Endpoint, isLast: boolean) => Promise<T>,
): Promise<T> {
  const failures: unknown[] = [];
  for (const [at, endpoint] of endpoints.entries()) {
    try {
      return await work(endpoint, at === endpoints.length - 1);
    } catch (err) {
      signal.throwIfAborted();
      if (!endpoint.isMirror && !(err instanceof UnreachableError)) throw err;
      failures.push(err);
    }
  }
  throw failures.find((err) => !(err instanceof UnreachableError)) ?? failures.at(-1);
}
