// Reading a stream of byte chunks by exact lengths, without copying where a chunk holds what is asked for.

export type ByteSource = AsyncIterable<Uint8Array>;

const empty = new Uint8Array(0);

/** Views that it hands out are the source's own chunks, good until the next call: a source may use its memory again. */
export class ByteReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #chunk: Uint8Array = empty;
  /** What comes after `#chunk` and before the source's next chunk. */
  #following: Uint8Array = empty;
  #at = 0;
  #position = 0;

  constructor(source: ByteSource) {
    this.#chunks = source[Symbol.asyncIterator]();
  }

  /** Bytes taken so far. */
  get position(): number {
    return this.#position;
  }

  /** `length` bytes in one piece, or fewer at the end of the stream. */
  async take(length: number): Promise<Uint8Array> {
    const bytes = await this.peek(length);
    this.#at += bytes.length;
    this.#position += bytes.length;
    return bytes;
  }

  /** As `take`, and the same bytes come again. */
  async peek(length: number): Promise<Uint8Array> {
    if (this.#chunk.length - this.#at < length) await this.#gather(length);
    return this.#chunk.subarray(this.#at, Math.min(this.#at + length, this.#chunk.length));
  }

  /** Whatever is there, at most `limit` bytes; empty at the end of the stream. */
  async some(limit: number): Promise<Uint8Array> {
    if (this.#at === this.#chunk.length) await this.#gather(1);
    const bytes = this.#chunk.subarray(this.#at, Math.min(this.#at + limit, this.#chunk.length));
    this.#at += bytes.length;
    this.#position += bytes.length;
    return bytes;
  }

  /** Everything that is left, piece by piece. */
  async *rest(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const bytes = await this.some(Number.POSITIVE_INFINITY);
      if (bytes.length === 0) return;
      yield bytes;
    }
  }

  /** Tells the source that no more is wanted. */
  async close(): Promise<void> {
    await this.#chunks.return?.();
  }

  /** Makes the current chunk begin with `length` bytes. Only those are copied when they lie across chunks. */
  async #gather(length: number): Promise<void> {
    const parts: Uint8Array[] = [];
    let last = this.#chunk.subarray(this.#at);
    let gathered = last.length;
    while (gathered < length) {
      // The source's next chunk may lie where this one does.
      if (last.length > 0) parts.push(Buffer.from(last));
      last = empty;
      const next = await this.#pull();
      if (next === undefined) break;
      last = next;
      gathered += next.length;
    }
    const before = gathered - last.length;
    this.#at = 0;
    if (before === 0) {
      this.#chunk = last;
      return;
    }
    const wanted = Math.max(0, Math.min(length - before, last.length));
    this.#chunk = Buffer.concat([...parts, last.subarray(0, wanted)]);
    this.#following = last.subarray(wanted);
  }

  async #pull(): Promise<Uint8Array | undefined> {
    if (this.#following.length > 0) {
      const following = this.#following;
      this.#following = empty;
      return following;
    }
    const next = await this.#chunks.next();
    return next.done === true ? undefined : next.value;
  }
}
