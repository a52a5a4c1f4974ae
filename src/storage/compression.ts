// Archives come as they are or compressed; their first bytes say how.
import { spawn } from "node:child_process";
import { Readable, pipeline, type Transform } from "node:stream";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { InvalidParameterError, SystemError } from "../base/errors.ts";
import { ByteReader, type ByteSource } from "./byte-reader.ts";
import { InlineDecompressor } from "./inline-decompressor.ts";
import { ZstdFrames } from "./zstd-frames.ts";

export type Compression = "none" | "gzip" | "zstd" | "xz" | "bzip2";

/** How many first bytes `compressionOf` looks at. */
export const magicBytes = 6;

const magics: readonly (readonly [Compression, readonly number[]])[] = [
  ["gzip", [0x1f, 0x8b, 0x08]],
  ["zstd", [0x28, 0xb5, 0x2f, 0xfd]],
  ["xz", [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ["bzip2", [0x42, 0x5a, 0x68]],
];

export function compressionOf(firstBytes: Uint8Array): Compression {
  // zstd may begin with a frame to skip (pzstd, zstd:chunked): 0x184d2a50 to 0x184d2a5f, little-endian.
  const [first = 0, second, third, fourth] = firstBytes;
  if ((first & 0xf0) === 0x50 && second === 0x2a && third === 0x4d && fourth === 0x18) return "zstd";
  const found = magics.find(([, magic]) => magic.every((byte, at) => firstBytes[at] === byte));
  return found?.[0] ?? "none";
}

/**
 * The plain bytes of a source that may be compressed, by several members or frames too.
 * gzip and zstd are done by zlib, on another thread or `here`, then in pieces that are good until the next one is asked
 * for; xz and bzip2 by the programs of that name where they are installed. Damaged data is an InvalidParameterError.
 */
export async function* decompressed(
  source: ByteSource,
  where: "elsewhere" | "here" = "elsewhere",
): AsyncGenerator<Uint8Array> {
  const reader = new ByteReader(source);
  try {
    const compression = compressionOf(await reader.peek(magicBytes));
    switch (compression) {
      case "none":
        yield* reader.rest();
        return;
      case "gzip":
        yield* where === "here"
          ? inline(reader.rest(), "gzip")
          : through(reader.rest(), createGunzip({ chunkSize }));
        return;
      case "zstd":
        yield* unzstd(reader.rest(), where);
        return;
      case "xz":
      case "bzip2":
        yield* throughProgram(reader.rest(), compression);
    }
  } finally {
    await reader.close();
  }
}

/** Half the time of zlib's own 16 KiB goes into passing chunks between threads. */
const chunkSize = 256 * 1024;

async function* through(source: ByteSource, transform: Transform): AsyncGenerator<Uint8Array> {
  const input = new Input(source);
  // A failure arrives where the transform is read.
  pipeline(input.stream, transform, () => {});
  try {
    for await (const chunk of transform) yield chunk as Uint8Array;
  } catch (err) {
    if (input.failure !== undefined) throw input.failure;
    throw new InvalidParameterError("the archive is damaged: it cannot be decompressed", { cause: err });
  } finally {
    await input.close();
  }
}

async function* inline(source: ByteSource, format: "gzip" | "zstd"): AsyncGenerator<Uint8Array> {
  using decompressor = new InlineDecompressor(format);
  const checked = function* (pieces: Generator<Uint8Array>): Generator<Uint8Array> {
    try {
      yield* pieces;
    } catch (cause) {
      if (cause instanceof InvalidParameterError) throw cause;
      throw new InvalidParameterError("the archive is damaged: it cannot be decompressed", { cause });
    }
  };
  for await (const chunk of source) yield* checked(decompressor.push(chunk));
  yield* checked(decompressor.end());
}

async function* unzstd(source: ByteSource, where: "elsewhere" | "here"): AsyncGenerator<Uint8Array> {
  const frames = new ZstdFrames();
  async function* watched(): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      frames.push(chunk);
      yield chunk;
    }
  }
  yield* where === "here"
    ? inline(watched(), "zstd")
    : through(watched(), createZstdDecompress({ chunkSize }));
  if (!frames.complete) throw new InvalidParameterError("the archive is damaged: it ends in mid-frame");
}

async function* throughProgram(source: ByteSource, program: string): AsyncGenerator<Uint8Array> {
  const child = spawn(program, ["-dc"], { stdio: ["pipe", "pipe", "pipe"] });
  const stderr: string[] = [];
  child.stderr.setEncoding("utf8").on("data", (text: string) => stderr.push(text.slice(0, 1000)));
  const ended = new Promise<number | string>((resolve) => {
    child.on("error", (err: NodeJS.ErrnoException) => resolve(err.code ?? err.message));
    child.on("close", (code, signal) => resolve(code ?? signal ?? "unknown"));
  });
  const input = new Input(source);
  // A program that gives up early closes its stdin: its exit code tells why.
  pipeline(input.stream, child.stdin, () => {});
  try {
    for await (const chunk of child.stdout) yield chunk as Uint8Array;
    const status = await ended;
    if (input.failure !== undefined) throw input.failure;
    if (status === "ENOENT")
      throw new SystemError(
        `the archive is compressed by ${program}, and the program ${program} is not installed`,
      );
    if (status !== 0)
      throw new InvalidParameterError(
        `the archive is damaged: ${stderr.join("").trim() || `${program}: ${status}`}`,
      );
  } finally {
    child.kill();
    await ended;
    await input.close();
  }
}

/**
 * A source as a node stream. Its failure is remembered, so that it is not taken for one of the data, and after `close` it
 * is not being read any more: a source within an archive goes on to be read by somebody else.
 */
class Input {
  readonly stream: Readable;
  failure: unknown;
  #reading = false;
  readonly #left = Promise.withResolvers<void>();

  constructor(source: ByteSource) {
    this.stream = Readable.from(this.#pass(source), { objectMode: false });
  }

  async close(): Promise<void> {
    this.stream.destroy();
    if (this.#reading) await this.#left.promise;
  }

  async *#pass(source: ByteSource): AsyncGenerator<Uint8Array> {
    this.#reading = true;
    try {
      // A stream holds pieces that it was given, while the source uses their memory again.
      for await (const chunk of source) yield Buffer.from(chunk);
    } catch (err) {
      this.failure = err;
      throw err;
    } finally {
      this.#left.resolve();
    }
  }
}
