// Several ways to one result, each begun when the one before failed or has taken too long; none is given up for the next.

/** What an attempt is: `undefined` is a failure. It ends when the signal says so. */
export type Attempt<T> = (signal: AbortSignal) => Promise<T | undefined>;

/**
 * The first result, or `undefined` when all attempts failed or `deadlineMs` has passed. Attempts still under way are
 * ended then. Never rejects if no attempt does.
 */
export function staggered<T>(
  attempts: readonly Attempt<T>[],
  times: { readonly nextAfterMs: number; readonly deadlineMs: number },
): Promise<T | undefined> {
  const end = new AbortController();
  return new Promise<T | undefined>((resolve, reject) => {
    let begun = 0;
    let failed = 0;
    let timer: NodeJS.Timeout | undefined;
    const settle = (result: T | undefined): void => {
      clearTimeout(timer);
      clearTimeout(deadline);
      resolve(result);
      end.abort();
    };
    const next = (): void => {
      clearTimeout(timer);
      const attempt = attempts[begun];
      if (attempt === undefined || end.signal.aborted) return;
      begun += 1;
      timer = setTimeout(next, times.nextAfterMs);
      attempt(end.signal).then((result) => {
        if (result !== undefined) return settle(result);
        failed += 1;
        if (failed === attempts.length) settle(undefined);
        // A failure brings on the next attempt, if that has not been begun for lack of patience already.
        else if (failed === begun) next();
      }, reject);
    };
    const deadline = setTimeout(() => settle(undefined), times.deadlineMs);
    if (attempts.length === 0) settle(undefined);
    else next();
  });
}
