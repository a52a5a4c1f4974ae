import { describe, expect, test } from "bun:test";
import { realHost } from "../base/host.ts";
import { silentLog } from "../base/log.ts";
import type { EventMessage } from "../spec/docker.ts";
import { EventBus, matchesEvent } from "./events.ts";

const clock = realHost(silentLog).clock;

async function collect(events: AsyncIterable<EventMessage>): Promise<string[]> {
  const actions: string[] = [];
  for await (const event of events) actions.push(event.Action);
  return actions;
}

/** The current time in nanoseconds: with `until`, a stream that ends at once. */
const now = (): number => clock.now().getTime() * 1e6;

describe("EventBus", () => {
  test("publish: times grow strictly even within one millisecond", () => {
    const bus = new EventBus(clock);
    const times = Array.from({ length: 500 }, () => bus.publish("container", "start", "a").timeNano);
    expect(new Set(times).size).toBe(500);
    expect(times.toSorted((a, b) => a - b)).toEqual(times);
  });

  test("subscribe: events published between the call and the first read are seen", async () => {
    const bus = new EventBus(clock);
    bus.publish("container", "before", "a");
    const stop = new AbortController();
    const events = bus.subscribe({}, stop.signal);
    bus.publish("container", "create", "a");
    bus.publish("container", "start", "a");
    const actions = collect(events);
    await clock.sleep(5);
    bus.publish("container", "die", "a");
    await clock.sleep(5);
    stop.abort();
    expect(await actions).toEqual(["create", "start", "die"]);
  });

  test("subscribe: since replays from that very event on, until in the past ends at once", async () => {
    const bus = new EventBus(clock);
    bus.publish("container", "create", "a");
    const { timeNano } = bus.publish("container", "start", "a");
    const last = bus.publish("container", "die", "a");
    const never = new AbortController().signal;
    expect(await collect(bus.subscribe({ since: timeNano, until: last.timeNano }, never))).toEqual([
      "start",
      "die",
    ]);
    expect(await collect(bus.subscribe({ since: 0, until: timeNano }, never))).toEqual(["create", "start"]);
  });

  test("subscribe: until in the future ends the stream by itself", async () => {
    const bus = new EventBus(clock);
    const actions = collect(bus.subscribe({ until: now() + 30e6 }, new AbortController().signal));
    bus.publish("container", "start", "a");
    expect(await actions).toEqual(["start"]);
  });

  test("subscribe: a reader that falls behind loses the oldest events and nothing else", async () => {
    const bus = new EventBus(clock, 4);
    const stop = new AbortController();
    const events = bus.subscribe({}, stop.signal);
    for (let i = 0; i < 10; i++) bus.publish("container", `e${i}`, "a");
    const actions = collect(events);
    await clock.sleep(5);
    stop.abort();
    expect(await actions).toEqual(["e6", "e7", "e8", "e9"]);
  });

  test("subscribe: an aborted reader ends, and the others go on", async () => {
    const bus = new EventBus(clock);
    const [one, two] = [new AbortController(), new AbortController()];
    const ended = collect(bus.subscribe({}, one.signal));
    const open = collect(bus.subscribe({}, two.signal));
    await clock.sleep(1);
    one.abort();
    expect(await ended).toEqual([]);
    bus.publish("image", "tag", "sha256:1");
    await clock.sleep(1);
    two.abort();
    expect(await open).toEqual(["tag"]);
  });
});

describe("matchesEvent", () => {
  const exec: EventMessage = {
    Type: "container",
    Action: "exec_start: ls -l",
    Actor: { ID: "abc123", Attributes: { name: "web", image: "shop/web:2", tier: "front" } },
    scope: "local",
    time: 1,
    timeNano: 1e9,
  };
  const tag: EventMessage = {
    ...exec,
    Type: "image",
    Action: "tag",
    Actor: { ID: "sha256:99", Attributes: { name: "shop/web:2" } },
  };

  const cases: readonly [string, EventMessage, Record<string, string[]>, boolean][] = [
    ["no filters", exec, {}, true],
    ["its type", exec, { type: ["container"] }, true],
    ["another type", exec, { type: ["image", "volume"] }, false],
    ["the whole action", exec, { event: ["exec_start: ls -l"] }, true],
    ["the action before the colon", exec, { event: ["exec_start"] }, true],
    ["a part of the action", exec, { event: ["exec"] }, false],
    ["an id prefix", exec, { container: ["abc"] }, true],
    ["a name prefix", exec, { container: ["we"] }, true],
    ["another container", exec, { container: ["db"] }, false],
    ["the image of a container", exec, { image: ["shop/web:2"] }, true],
    ["the image of a container without its tag", exec, { image: ["shop/web"] }, true],
    ["an image by name without tag", tag, { image: ["shop/web"] }, true],
    ["an image by id", tag, { image: ["sha256:99"] }, true],
    ["another image", tag, { image: ["shop"] }, false],
    ["a container filter on an image event", tag, { container: ["web"] }, false],
    ["a label", exec, { label: ["tier=front"] }, true],
    ["two labels of which one is absent", exec, { label: ["tier", "zone"] }, false],
    ["two keys that hold", exec, { type: ["container"], event: ["exec_start"] }, true],
    ["two keys of which one does not", exec, { type: ["container"], event: ["start"] }, false],
    ["a key that Docker does not know", exec, { colour: ["red"] }, true],
  ];
  for (const [name, event, filters, expected] of cases)
    test(`${name}: ${expected}`, () => {
      expect(matchesEvent(new Map(Object.entries(filters)), event)).toBe(expected);
    });
});
