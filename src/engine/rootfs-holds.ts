// Who else uses a container's root file system: copies, exports and commits of a container that may be stopped. It is
// mounted as long as one of them wants it, so that there is never a second mount of the same upper folder.
//
// INVARIANT: counts change under the container's lock only, as its mounting and unmounting do.

export class RootfsHolds {
  readonly #counts = new Map<string, number>();

  isHeld(id: string): boolean {
    return this.#counts.has(id);
  }

  add(id: string): void {
    this.#counts.set(id, (this.#counts.get(id) ?? 0) + 1);
  }

  drop(id: string): void {
    const left = (this.#counts.get(id) ?? 1) - 1;
    if (left > 0) this.#counts.set(id, left);
    else this.#counts.delete(id);
  }
}
