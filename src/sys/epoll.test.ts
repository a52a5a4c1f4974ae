import { expect, test } from "bun:test";
import { Epoll, EPOLLHUP, EPOLLIN, EPOLLOUT } from "./epoll.ts";
import { closeFd, O_NONBLOCK, openPipe, write } from "./file.ts";

test("Epoll: says which descriptors are ready and for what", () => {
  using epoll = new Epoll();
  const pipes = [0, 1, 2].map(() => openPipe(O_NONBLOCK));
  for (const { reader } of pipes) epoll.add(reader, EPOLLIN);
  expect(epoll.wait(0)).toBe(0);
  const [first, second, third] = pipes;
  if (!first || !second || !third) throw new Error("no pipes");
  write(first.writer, Uint8Array.of(1));
  closeFd(third.writer);
  const ready = epoll.wait(1000);
  const found = Array.from({ length: ready }, (_, i) => [epoll.fdAt(i), epoll.eventsAt(i)]);
  expect(found.sort((a, b) => Number(a[0]) - Number(b[0]))).toEqual([
    [first.reader, EPOLLIN],
    [third.reader, EPOLLHUP],
  ]);
  epoll.modify(first.reader, 0);
  epoll.remove(third.reader);
  expect(epoll.wait(0)).toBe(0);
  epoll.add(second.writer, EPOLLOUT);
  expect([epoll.wait(0), epoll.fdAt(0), epoll.eventsAt(0)]).toEqual([1, second.writer, EPOLLOUT]);
  for (const fd of [first.reader, first.writer, second.reader, second.writer, third.reader]) closeFd(fd);
});

test("Epoll: more are ready than fit into one wait, the rest come with the next", () => {
  using epoll = new Epoll(2);
  const pipes = [0, 1, 2].map(() => openPipe());
  for (const { reader, writer } of pipes) {
    epoll.add(reader, EPOLLIN);
    write(writer, Uint8Array.of(1));
  }
  const seen = new Set<number>();
  for (let round = 0; round < 2; round++)
    for (let i = epoll.wait(0) - 1; i >= 0; i--) {
      seen.add(epoll.fdAt(i));
      epoll.modify(epoll.fdAt(i), 0);
    }
  expect(seen).toEqual(new Set(pipes.map(({ reader }) => reader)));
  for (const { reader, writer } of pipes) [reader, writer].forEach(closeFd);
});

test("Epoll: waits as long as told", () => {
  using epoll = new Epoll();
  const before = performance.now();
  expect(epoll.wait(50)).toBe(0);
  expect(performance.now() - before).toBeGreaterThanOrEqual(45);
});

test("Epoll: adding twice and adding a closed descriptor are errors", () => {
  using epoll = new Epoll();
  const { reader, writer } = openPipe();
  epoll.add(reader, EPOLLIN);
  expect(() => epoll.add(reader, EPOLLIN)).toThrow("EEXIST");
  closeFd(reader);
  closeFd(writer);
  expect(() => epoll.add(reader, EPOLLIN)).toThrow("EBADF");
});
