// Of which containers nothing is left of a run, and of which it is being taken away right now. In memory: what a daemon before
// this one has left is not known, and taken away once more.
export class TakeDowns {
  readonly #down = new Set<string>();
  readonly #goingDown = new Set<string>();

  /** Nothing has to be taken down: it was, or there never was anything. */
  isDown(id: string): boolean {
    return this.#down.has(id);
  }

  /** The container's lock is held for this, and for nothing that would need its record again. */
  isGoingDown(id: string): boolean {
    return this.#goingDown.has(id);
  }

  /** A new container. */
  isNew(id: string): void {
    this.#down.add(id);
  }

  /** A start sets things up from here on. */
  starts(id: string): void {
    this.#down.delete(id);
  }

  /** `work` takes down what there is. */
  async during(id: string, work: () => Promise<void>): Promise<void> {
    this.#goingDown.add(id);
    try {
      await work();
      this.#down.add(id);
    } finally {
      this.#goingDown.delete(id);
    }
  }

  /** The container is no more. */
  forget(id: string): void {
    this.#down.delete(id);
  }
}
