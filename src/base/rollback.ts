// The undo list of a multi-step verb: each step that acquires says on its next line how it is undone.

type Undo = { readonly what: string; readonly run: () => void | Promise<void> };

/**
 * ```ts
 * await using rollback = new Rollback((what, err) => log.error("undo failed", { what, err }));
 * await acquire();
 * rollback.onFailure("release it", () => release());
 * …
 * rollback.commit();
 * ```
 * Without `commit()` the steps are undone newest first. An undo that fails is reported and the rest go on:
 * a disposer that threw would hide the real error behind a SuppressedError.
 */
export class Rollback implements AsyncDisposable {
  readonly #undos: Undo[] = [];
  readonly #report: (what: string, err: unknown) => void;

  constructor(report: (what: string, err: unknown) => void) {
    this.#report = report;
  }

  onFailure(what: string, run: () => void | Promise<void>): void {
    this.#undos.push({ what, run });
  }

  commit(): void {
    this.#undos.length = 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (let undo = this.#undos.pop(); undo; undo = this.#undos.pop()) {
      try {
        await undo.run();
      } catch (err) {
        this.#report(undo.what, err);
      }
    }
  }
}

export type TeardownStep = readonly [what: string, run: () => void | Promise<void>];

/**
 * Runs every step in order, even after one failed; throws one error at the end that names all that failed.
 * Teardown goes on and collects; set-up stops and rolls back.
 */
export async function settleAll(steps: readonly TeardownStep[]): Promise<void> {
  const failures: { what: string; err: unknown }[] = [];
  for (const [what, run] of steps) {
    try {
      await run();
    } catch (err) {
      failures.push({ what, err });
    }
  }
  if (failures.length === 0) return;
  const text = failures
    .map(({ what, err }) => `${what}: ${err instanceof Error ? err.message : String(err)}`)
    .join("; ");
  throw new AggregateError(
    failures.map(({ err }) => err),
    text,
  );
}
