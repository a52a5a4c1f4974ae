// The heart of the monitor: waiting for many descriptors at once, with nothing allocated per wait.
import { errnoOf, SyscallError } from "./errno.ts";
import { closeFd, O_CLOEXEC } from "./file.ts";
import { check, lastErrno, libc } from "./libc.ts";

export const EPOLLIN = 0x1;
export const EPOLLOUT = 0x4;
export const EPOLLHUP = 0x10;
export const EPOLLRDHUP = 0x2000;
/** Report a change once instead of a state for as long as it lasts. Bit 31, as the kernel's words are read here. */
export const EPOLLET = 1 << 31;

const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const EPOLL_CTL_MOD = 3;

// struct epoll_event { u32 events; u64 data } is packed on x86-64 only. As 32-bit words:
const packed = process.arch === "x64";
const wordsPerEvent = packed ? 3 : 4;
const dataWord = packed ? 1 : 2;

const EINTR = errnoOf("EINTR");

/**
 * Level-triggered unless EPOLLET is asked for. The descriptor itself is the event's data.
 * ```ts
 * const ready = epoll.wait(-1);
 * for (let i = 0; i < ready; i++) handle(epoll.fdAt(i), epoll.eventsAt(i));
 * ```
 * A descriptor closed while a round is handled may still come up later in that round: check that you know it.
 */
export class Epoll implements Disposable {
  readonly fd: number;
  readonly #capacity: number;
  readonly #words: Int32Array;
  readonly #event = new Int32Array(wordsPerEvent);

  /** `capacity`: how many events one `wait` can bring; the rest come with the next. */
  constructor(capacity = 64) {
    this.#capacity = capacity;
    this.#words = new Int32Array(new ArrayBuffer(capacity * wordsPerEvent * 4));
    this.fd = check(libc.epoll_create1(O_CLOEXEC), "epoll_create1");
  }

  /** EEXIST when it is there already; EPERM for a regular file, which is always ready. */
  add(fd: number, events: number): void {
    this.#control(EPOLL_CTL_ADD, fd, events);
  }

  /** EPOLLERR and EPOLLHUP are always reported, with `events` 0 too. */
  modify(fd: number, events: number): void {
    this.#control(EPOLL_CTL_MOD, fd, events);
  }

  /** Needed before the descriptor is closed when another process or a duplicate still holds the same open file. */
  remove(fd: number): void {
    this.#control(EPOLL_CTL_DEL, fd, 0);
  }

  /**
   * Waits up to `timeoutMs` (-1: for ever; 0: not at all).
   * @returns how many descriptors are ready; 0 when the time is up or a signal came.
   */
  wait(timeoutMs: number): number {
    const ready = libc.epoll_wait(this.fd, this.#words, this.#capacity, timeoutMs);
    if (ready !== -1) return ready;
    const errno = lastErrno();
    if (errno === EINTR) return 0;
    throw new SyscallError("epoll_wait", errno);
  }

  /** The descriptor of the `index`th event of the last `wait`. */
  fdAt(index: number): number {
    return this.#words[index * wordsPerEvent + dataWord] ?? -1;
  }

  /** The EPOLL… bits of the `index`th event of the last `wait`. */
  eventsAt(index: number): number {
    return this.#words[index * wordsPerEvent] ?? 0;
  }

  close(): void {
    closeFd(this.fd);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #control(operation: number, fd: number, events: number): void {
    this.#event[0] = events;
    this.#event[dataWord] = fd;
    check(libc.epoll_ctl(this.fd, operation, fd, this.#event), "epoll_ctl");
  }
}
