// Whether a zstd stream ends where a frame ends (RFC 8878, section 3). Bun 1.4's decompressor takes a stream that was cut
// short for a whole one, so the frames are followed beside it: headers are read, the data in them is passed over.

const frameMagic = 0xfd2fb528;
const blockHeaderBytes = 3;
const rleBlock = 1;

type Step = (field: Uint8Array) => void;

/** `push` every chunk in order; then `complete` says whether the last frame has ended. */
export class ZstdFrames {
  #skip = 0;
  #field: number[] = [];
  #wanted = 4;
  #step: Step = (field) => this.#magic(field);
  #between = true;

  get complete(): boolean {
    return this.#between && this.#skip === 0 && this.#field.length === 0;
  }

  push(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length;) {
      const skipped = Math.min(this.#skip, chunk.length - at);
      this.#skip -= skipped;
      at += skipped;
      for (; at < chunk.length && this.#skip === 0 && this.#field.length < this.#wanted; at++)
        this.#field.push(chunk[at] ?? 0);
      if (this.#field.length < this.#wanted) continue;
      const field = Uint8Array.from(this.#field);
      this.#field = [];
      this.#step(field);
    }
  }

  #expect(bytes: number, step: Step, between = false): void {
    this.#wanted = bytes;
    this.#step = step;
    this.#between = between;
  }

  /** Rubbish between frames is the decompressor's to refuse. */
  #magic(field: Uint8Array): void {
    if (littleEndian(field) === frameMagic) this.#expect(1, (descriptor) => this.#descriptor(descriptor));
    else this.#expect(4, (size) => this.#skippable(size));
  }

  #skippable(field: Uint8Array): void {
    this.#skip = littleEndian(field);
    this.#endFrame();
  }

  #descriptor([descriptor = 0]: Uint8Array): void {
    const singleSegment = (descriptor & 0x20) !== 0;
    const contentSize = [singleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
    const dictionaryId = [0, 1, 2, 4][descriptor & 3] ?? 0;
    this.#skip = (singleSegment ? 0 : 1) + dictionaryId + contentSize;
    const checksumBytes = (descriptor & 4) === 0 ? 0 : 4;
    this.#expect(blockHeaderBytes, (block) => this.#block(block, checksumBytes));
  }

  #block(field: Uint8Array, checksumBytes: number): void {
    const header = littleEndian(field);
    const isLast = (header & 1) === 1;
    const type = (header >> 1) & 3;
    this.#skip = type === rleBlock ? 1 : header >>> 3;
    if (!isLast) return;
    this.#skip += checksumBytes;
    this.#endFrame();
  }

  #endFrame(): void {
    this.#expect(4, (field) => this.#magic(field), true);
  }
}

function littleEndian(bytes: Uint8Array): number {
  return bytes.reduce((value, byte, at) => value + byte * 256 ** at, 0);
}
