import { expect, test } from "bun:test";
import { silentLog } from "../base/log.ts";
import { EPOLLET, EPOLLIN } from "../sys/epoll.ts";
import { openPipe, read, writeAll, closeFd } from "../sys/file.ts";
import { Loop } from "./loop.ts";

const buffer = new Uint8Array(16);

test("timers run in the order of their times, cancelled ones not at all", () => {
  const loop = new Loop(silentLog);
  const ran: string[] = [];
  loop.after(15, () => ran.push("second"));
  loop.after(5, () => ran.push("first"));
  loop.cancel(loop.after(1, () => ran.push("never")));
  loop.cancel(undefined);
  loop.after(20, () => loop.stop());
  loop.run();
  expect(ran).toEqual(["first", "second"]);
});

test("a handler is called for what it watches until it is closed", () => {
  const loop = new Loop(silentLog);
  const pipe = openPipe();
  const seen: number[] = [];
  loop.watch(pipe.reader, EPOLLIN, () => {
    const got = read(pipe.reader, buffer) ?? -1;
    seen.push(got);
    if (got === 0) {
      loop.close(pipe.reader);
      loop.stop();
    }
  });
  writeAll(pipe.writer, Buffer.from("abc"));
  loop.after(5, () => closeFd(pipe.writer));
  loop.run();
  expect(seen).toEqual([3, 0]);
  expect(() => read(pipe.reader, buffer)).toThrow("EBADF");
});

test("what was closed in a round gets no event of that round", () => {
  const loop = new Loop(silentLog);
  const [first, second] = [openPipe(), openPipe()];
  let calls = 0;
  const closeBoth = (): void => {
    calls++;
    loop.close(first.reader);
    loop.close(second.reader);
  };
  for (const { reader, writer } of [first, second]) {
    writeAll(writer, Buffer.from("x"));
    loop.watch(reader, EPOLLIN, closeBoth);
  }
  loop.after(5, () => loop.stop());
  loop.run();
  expect(calls).toBe(1);
  for (const { writer } of [first, second]) closeFd(writer);
});

test("rearm reports again what an edge-triggered descriptor still holds", () => {
  const loop = new Loop(silentLog);
  const { reader, writer } = openPipe();
  let calls = 0;
  loop.watch(reader, EPOLLIN | EPOLLET, () => {
    if (++calls < 3) loop.rearm(reader, EPOLLIN | EPOLLET);
  });
  writeAll(writer, Buffer.from("x"));
  loop.after(10, () => loop.stop());
  loop.run();
  expect(calls).toBe(3);
  for (const fd of [reader, writer]) closeFd(fd);
});

test("a handler that throws is said in the log, loses its descriptor, and stops nothing", () => {
  const errors: string[] = [];
  const loop = new Loop({
    ...silentLog,
    error: (message, fields) => errors.push(`${message}: ${String(fields?.["error"])}`),
  });
  const { reader, writer } = openPipe();
  writeAll(writer, Buffer.from("x"));
  loop.watch(reader, EPOLLIN, () => {
    throw new Error("broken");
  });
  loop.after(5, () => {
    throw new Error("late");
  });
  loop.after(10, () => loop.stop());
  loop.run();
  expect(errors).toEqual(["event not handled: broken", "event not handled: late"]);
  for (const fd of [reader, writer]) closeFd(fd);
});
