// How the blobs of an image are asked for at a registry on this machine: piece by piece, one piece at a time.
//
// Such a registry sends faster than anybody unpacks. What it has sent and nobody has read fills the buffers of both sockets,
// some 8 MiB for each blob that is under way, and is lost when this process dies. So no more than a piece is under way, and a
// piece is a part of what is still to come: who pulls again fetches that part twice at most. Pieces of equal size would lose
// less near the beginning, but each is a request, which costs a registry some 3 ms.
import { Limiter } from "../base/limiter.ts";

/** At 90 % of an image this makes pieces of at most 1.7 % of it. */
const partOfRest = 1 / 7;
const leastPart = 1 / 64;
const leastBytes = 256 << 10;
/** What takes longer does not come at memory speed, and fills no buffers: others may go beside it. */
const turnMs = 500;

export class Pieces {
  readonly #leastBytes: number;
  readonly #turns = new Limiter(1);
  #missingBytes: number;

  /** @param totalBytes of all blobs together. */
  constructor(totalBytes: number) {
    this.#missingBytes = totalBytes;
    this.#leastBytes = Math.max(leastBytes, Math.ceil(totalBytes * leastPart));
  }

  /** So many bytes more are here. */
  came(sizeBytes: number): void {
    this.#missingBytes -= sizeBytes;
  }

  nextBytes(): number {
    return Math.max(this.#leastBytes, Math.ceil(this.#missingBytes * partOfRest));
  }

  /** The right to have a piece under way. @throws the signal's reason when it is aborted before. */
  async turn(signal: AbortSignal): Promise<Disposable> {
    const turn = await this.#turns.take(signal);
    const slow = setTimeout(() => turn[Symbol.dispose](), turnMs);
    return {
      [Symbol.dispose]: () => {
        clearTimeout(slow);
        turn[Symbol.dispose]();
      },
    };
  }
}
