import { expect, test } from "bun:test";
import type { Streams } from "../streams.ts";
import { proxySignals } from "./signals.ts";

/** Signals that come when the test says so. */
function signalSource(): { readonly streams: Streams; readonly raise: (signal: string) => void } {
  const handlers = new Map<string, () => void>();
  const onSignal: Streams["onSignal"] = (signal, handler) => {
    handlers.set(signal, handler);
    return () => void handlers.delete(signal);
  };
  return { streams: { onSignal } as Streams, raise: (signal) => handlers.get(signal)?.() };
}

test("proxySignals: what comes before the start is sent once it is there", async () => {
  const { streams, raise } = signalSource();
  const started = Promise.withResolvers<void>();
  const sent: string[] = [];
  proxySignals(streams, started.promise, async (signal) => void sent.push(signal));
  raise("SIGINT");
  await Bun.sleep(0);
  expect(sent).toEqual([]);
  started.resolve();
  await Bun.sleep(0);
  raise("SIGUSR1");
  await Bun.sleep(0);
  expect(sent).toEqual(["INT", "USR1"]);
});

test("proxySignals: a start that fails, and a program that is gone, get nothing", async () => {
  const { streams, raise } = signalSource();
  const failing = Promise.reject(new Error("no start"));
  failing.catch(() => undefined);
  proxySignals(streams, failing, async () => expect.unreachable());
  raise("SIGTERM");
  proxySignals(streams, Promise.resolve(), () => Promise.reject(new Error("not running")));
  raise("SIGTERM");
  await Bun.sleep(0);
});

test("proxySignals: three requests to end are patience enough", async () => {
  const { streams, raise } = signalSource();
  const { impatience } = proxySignals(streams, Promise.resolve(), async () => undefined);
  raise("SIGINT");
  raise("SIGUSR1");
  raise("SIGTERM");
  raise("SIGINT");
  expect(impatience).rejects.toThrow("got 3 SIGTERM/SIGINTs, forcefully exiting");
});

test("proxySignals: after the stop, signals are nobody's", async () => {
  const { streams, raise } = signalSource();
  const sent: string[] = [];
  const { stop } = proxySignals(streams, Promise.resolve(), async (signal) => void sent.push(signal));
  stop();
  raise("SIGINT");
  await Bun.sleep(0);
  expect(sent).toEqual([]);
});
