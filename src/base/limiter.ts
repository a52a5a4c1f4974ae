// So many at once and no more; the others wait their turn in the order in which they came.

export class Limiter {
  readonly #most: number;
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  /** Whether the next to come has to wait. */
  get isFull(): boolean {
    return this.#running >= this.#most;
  }

  /** @throws the signal's reason when it is aborted before the turn comes. */
  async run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    using _place = await this.take(signal);
    return await work();
  }

  /** A place until it is disposed of. @throws as `run`. */
  async take(signal?: AbortSignal): Promise<Disposable> {
    await this.#turn(signal);
    let isLeft = false;
    return {
      [Symbol.dispose]: () => {
        if (!isLeft) this.#leave();
        isLeft = true;
      },
    };
  }

  #leave(): void {
    const next = this.#waiting.shift();
    // The place is handed on: in between nobody else can take it.
    if (next === undefined) this.#running -= 1;
    else next();
  }

  async #turn(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    if (this.#running < this.#most) {
      this.#running += 1;
      return;
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.push(resolve);
    const leave = (): void => {
      const at = this.#waiting.indexOf(resolve);
      if (at < 0) return;
      this.#waiting.splice(at, 1);
      reject(signal?.reason as Error);
    };
    signal?.addEventListener("abort", leave, { once: true });
    await promise.finally(() => signal?.removeEventListener("abort", leave));
  }
}
