// One output of a container (stdout, stderr or its terminal) on its way to the log and to whoever is attached.
import { crashPoint } from "../base/crash-point.ts";
import type { LogStream } from "../runtime/log-entry.ts";
import { EPOLLET, EPOLLHUP, EPOLLIN } from "../sys/epoll.ts";
import { inputStart, readBytesMax, type IoBuffers } from "./io-buffers.ts";
import type { LogFile } from "./log-file.ts";
import type { OutputSource } from "./output-source.ts";

/** Edge-triggered: output that is held back must not wake the loop again and again. */
export const outputEvents = EPOLLIN | EPOLLET;

/** Reads of one container before the others have their turn. */
const roundsMax = 4;
/**
 * A writer that fills a pipe and has to wait in the middle of its write wakes the reader only if the pipe was empty before
 * (pipe_write in fs/pipe.c, poll_usage or not), and an unfinished line stays in it: so one is looked at again by itself, soon
 * after something came, and less and less often while nothing does.
 */
const lookAgainMs = { first: 4, last: 1024 };
/** The most that is read of a container that has ended: a process that it left behind may go on writing for ever. */
const drainBytesMax = 8 << 20;

export type OutputSink = {
  readonly log: LogFile | undefined;
  /** A client does not keep up: its container waits. */
  readonly held: boolean;
  /** Hands `bytes[from, to)` to the clients; the 8 bytes in front of it may be written over. */
  forward(stream: LogStream, bytes: Uint8Array, from: number, to: number): void;
  /** There may be more: `pump` is to be called again after the others. */
  again(output: Output): void;
  /** Calls `work` after that time. */
  later(ms: number, work: () => void): void;
  /** The last byte has been dealt with. */
  ended(output: Output): void;
};

export class Output {
  readonly fd: number;
  readonly #io: IoBuffers;
  readonly #source: OutputSource;
  readonly #stream: LogStream;
  readonly #sink: OutputSink;
  /** Bytes of the unfinished line, not taken from the source yet, that the clients have. */
  #forwarded = 0;
  #ended = false;
  #looksAgain = false;
  #lookAgainMs = lookAgainMs.first;

  constructor(fd: number, io: IoBuffers, source: OutputSource, stream: LogStream, sink: OutputSink) {
    this.fd = fd;
    this.#io = io;
    this.#source = source;
    this.#stream = stream;
    this.#sink = sink;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Something happened to the descriptor. */
  onEvents(events: number): void {
    if ((events & EPOLLHUP) !== 0) this.#source.hungUp();
    this.pump();
  }

  /** Moves what there is, unless a client holds it back. */
  pump(): void {
    for (let round = 0; round < roundsMax; round++)
      if (this.#ended || this.#sink.held || !this.#move()) return this.#lookAgain();
    this.#sink.again(this);
  }

  #lookAgain(): void {
    if (this.#ended || this.#looksAgain || this.#forwarded === 0 || !this.#source.keepsInPipe) return;
    this.#looksAgain = true;
    this.#sink.later(this.#lookAgainMs, () => {
      this.#looksAgain = false;
      this.#lookAgainMs = Math.min(this.#lookAgainMs * 2, lookAgainMs.last);
      this.pump();
    });
  }

  /** The container has ended: moves all that is left. */
  drain(): void {
    for (let left = drainBytesMax; left > 0 && !this.#ended && this.#move(); left -= readBytesMax);
  }

  /** Nothing more will be read: an unfinished line is an entry too. */
  finish(): void {
    this.#source.hungUp();
    this.drain();
    this.#end();
  }

  /**
   * One read. Returns whether there may be more: it takes a read that shows nothing new to know, since a pipe of many
   * small writes shows less at once than there is room for.
   */
  #move(): boolean {
    const { input } = this.#io;
    const known = this.#forwarded;
    const shown = this.#source.look(input, inputStart, readBytesMax);
    if (shown === undefined) return false;
    const isNew = shown > known;
    if (isNew) this.#lookAgainMs = lookAgainMs.first;
    const last = !isNew && this.#source.atEnd;
    if (isNew || last) {
      crashPoint("output read");
      const done = this.#sink.log ? this.#log(this.#sink.log, shown, last) : shown;
      crashPoint("output logged");
      this.#source.take(done, shown, input, inputStart);
      this.#forwarded = shown - done;
      if (isNew) this.#sink.forward(this.#stream, input, inputStart + known, inputStart + shown);
    }
    if (shown === 0 || last) this.#end();
    return isNew;
  }

  /** Logs whole entries, and with `last` the rest too. Returns the bytes that are in the log. */
  #log(log: LogFile, shown: number, last: boolean): number {
    const { input, encoder } = this.#io;
    const end = inputStart + shown;
    let at = inputStart;
    encoder.look();
    for (;;) {
      encoder.encode(input, at, end, last, this.#stream);
      if (encoder.consumed === 0) return at - inputStart;
      log.append(encoder.output, encoder.produced);
      at += encoder.consumed;
    }
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#sink.ended(this);
  }
}
