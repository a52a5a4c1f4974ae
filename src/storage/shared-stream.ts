// A stream of bytes from the main thread to another, through a ring in shared memory. The thread stands still where nothing
// has come yet; the main thread waits for room without holding its other work up. One writer, one reader.
//
//   words   written: bytes so far, ~bytes when they are all, or givenUp           bytes    the ring
//           read: bytes so far

const ringBytes = 2 << 20;
const words = { written: 0, read: 1 } as const;
const headBytes = Object.keys(words).length * BigInt64Array.BYTES_PER_ELEMENT;
/** A writer that waits is woken up for this much room, not for each piece. */
const wakeBytes = 512 << 10;
const givenUp = -(2n ** 63n);

type Ring = { readonly words: BigInt64Array<SharedArrayBuffer>; readonly bytes: Uint8Array };

function ringIn(memory: SharedArrayBuffer): Ring {
  const count = headBytes / BigInt64Array.BYTES_PER_ELEMENT;
  return { words: new BigInt64Array(memory, 0, count), bytes: new Uint8Array(memory, headBytes) };
}

export class SharedWriter {
  readonly memory: SharedArrayBuffer;
  readonly #ring: Ring;
  #written = 0;
  #isLeft = false;

  /** @param memory of another writer, whose reader has come to its end. */
  constructor(memory = new SharedArrayBuffer(headBytes + ringBytes)) {
    this.memory = memory;
    this.#ring = ringIn(memory);
    this.#ring.words.fill(0n);
  }

  /** False when nobody reads any more: then it need not be called again. */
  async write(chunk: Uint8Array): Promise<boolean> {
    for (let at = 0; at < chunk.length && !this.#isLeft;) {
      const read = Atomics.load(this.#ring.words, words.read);
      const room = ringBytes - (this.#written - Number(read));
      if (room === 0) {
        await Atomics.waitAsync(this.#ring.words, words.read, read).value;
        continue;
      }
      const place = this.#written % ringBytes;
      const piece = chunk.subarray(at, at + Math.min(room, ringBytes - place));
      this.#ring.bytes.set(piece, place);
      at += piece.length;
      this.#written += piece.length;
      this.#tell(BigInt(this.#written));
    }
    return !this.#isLeft;
  }

  /** That was all. */
  end(): void {
    this.#tell(~BigInt(this.#written));
  }

  /** There will be no end. */
  giveUp(): void {
    this.#tell(givenUp);
  }

  /** Nobody reads any more: the memory may be another writer's from now on. */
  leave(): void {
    this.#isLeft = true;
    Atomics.notify(this.#ring.words, words.read);
  }

  #tell(written: bigint): void {
    if (this.#isLeft) return;
    Atomics.store(this.#ring.words, words.written, written);
    Atomics.notify(this.#ring.words, words.written);
  }
}

const nothing = Buffer.alloc(0);

export class SharedReader {
  readonly #ring: Ring;
  #read = 0;
  /** Given out, and not the writer's again yet. */
  #heldBytes = 0;

  constructor(memory: SharedArrayBuffer) {
    this.#ring = ringIn(memory);
  }

  /**
   * What has come, at most `limit` bytes, where it lies in the ring: good until the next call. Waits for something. Empty at the
   * end; undefined when it was given up.
   */
  next(limit: number): Buffer | undefined {
    this.#giveBack();
    for (;;) {
      const written = Atomics.load(this.#ring.words, words.written);
      if (written === givenUp) return undefined;
      const available = Number(written < 0n ? ~written : written) - this.#read;
      if (available > 0) return this.#hold(Math.min(available, limit));
      if (written < 0n) return nothing;
      Atomics.wait(this.#ring.words, words.written, written);
    }
  }

  #hold(sizeBytes: number): Buffer {
    const place = this.#read % ringBytes;
    this.#heldBytes = Math.min(sizeBytes, ringBytes - place);
    const { buffer, byteOffset } = this.#ring.bytes;
    return Buffer.from(buffer, byteOffset + place, this.#heldBytes);
  }

  #giveBack(): void {
    const before = this.#read;
    this.#read += this.#heldBytes;
    this.#heldBytes = 0;
    Atomics.store(this.#ring.words, words.read, BigInt(this.#read));
    const isWorth = Math.floor(before / wakeBytes) < Math.floor(this.#read / wakeBytes);
    if (isWorth) Atomics.notify(this.#ring.words, words.read);
  }
}
