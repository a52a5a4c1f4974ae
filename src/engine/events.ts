// The stream of what happened: verbs publish, clients of `GET /events` subscribe, and the newest events are kept for `since`.
import type { Clock } from "../base/host.ts";
import { matchesExactly, matchesLabels, matchesPrefix, noFilters } from "../base/filters.ts";
import type { Filters } from "../base/filters.ts";
import type { EventMessage } from "../spec/docker.ts";
import { familiarName, parseReference } from "../spec/reference.ts";

export type EventQuery = {
  /** Unix nanoseconds, inclusive: replay what is kept from then on. Without it only new events are seen. */
  readonly since?: number | undefined;
  /** Unix nanoseconds, inclusive: the stream ends then. */
  readonly until?: number | undefined;
  readonly filters?: Filters;
};

/** Longest delay that a timer takes (2^31-1 ms); a longer wait goes around once more. */
const longestTimerMs = 2 ** 31 - 1;

/**
 * A ring of the newest events, read by cursors. INVARIANTS: `timeNano` grows strictly, so that `since` with the last
 * event's time loses none; publishing costs the same for any number of readers and never waits for one; a reader that
 * falls behind by more than the ring loses the oldest events (dockerd drops them too) and the daemon's memory stays flat.
 */
export class EventBus {
  readonly #clock: Clock;
  readonly #ring: EventMessage[] = [];
  readonly #capacity: number;
  readonly #sleepers = new Set<() => void>();
  /** Number of events ever published: the cursor of the next one. */
  #next = 0;
  #lastNano = 0;

  constructor(clock: Clock, capacity = 4096) {
    this.#clock = clock;
    this.#capacity = capacity;
  }

  publish(
    type: EventMessage["Type"],
    action: string,
    id: string,
    attributes: Readonly<Record<string, string>> = {},
  ): EventMessage {
    // Doubles hold nanoseconds of this century to 256 ns: steps of a microsecond stay distinct.
    const timeNano = Math.max(this.#clock.now().getTime() * 1e6, this.#lastNano + 1000);
    const event: EventMessage = {
      Type: type,
      Action: action,
      Actor: { ID: id, Attributes: attributes },
      scope: "local",
      time: Math.floor(timeNano / 1e9),
      timeNano,
    };
    this.#lastNano = timeNano;
    this.#ring[this.#next % this.#capacity] = event;
    this.#next += 1;
    for (const wake of this.#sleepers) wake();
    return event;
  }

  /** Events from this call on (earlier ones by `since`), until the signal or `until`. Never throws for an abort: it ends. */
  subscribe(query: EventQuery, signal: AbortSignal): AsyncIterable<EventMessage> {
    return this.#follow(query.since === undefined ? this.#next : this.#cursorOf(query.since), query, signal);
  }

  async *#follow(
    start: number,
    { until = Infinity, filters = noFilters }: EventQuery,
    signal: AbortSignal,
  ): AsyncGenerator<EventMessage, void, undefined> {
    for (let cursor = start; ;) {
      while (cursor < this.#next && !signal.aborted) {
        cursor = Math.max(cursor, this.#next - this.#capacity);
        const event = this.#ring[cursor % this.#capacity];
        cursor += 1;
        if (!event || event.timeNano > until) return;
        if (matchesEvent(filters, event)) yield event;
      }
      const leftMs = until / 1e6 - this.#clock.now().getTime();
      if (signal.aborted || leftMs <= 0) return;
      await this.#changed(leftMs, signal);
    }
  }

  /** Cursor of the first kept event at or after `nano`. */
  #cursorOf(nano: number): number {
    let cursor = this.#next;
    const oldest = Math.max(0, this.#next - this.#capacity);
    while (cursor > oldest && (this.#ring[(cursor - 1) % this.#capacity]?.timeNano ?? 0) >= nano) cursor -= 1;
    return cursor;
  }

  /** Resolves at the next event, at the abort, or after `withinMs`, whichever is first. */
  #changed(withinMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#sleepers.delete(wake);
        signal.removeEventListener("abort", wake);
        clearTimeout(timer);
        resolve();
      };
      const timer = Number.isFinite(withinMs)
        ? setTimeout(wake, Math.min(Math.ceil(withinMs), longestTimerMs))
        : undefined;
      this.#sleepers.add(wake);
      signal.addEventListener("abort", wake, { once: true });
    });
  }
}

/** Kinds whose events are chosen by a beginning of id or name; images have rules of their own. */
const namedKinds = "container volume network daemon plugin service node secret config".split(" ");

/** Docker's event filters: different keys are and-ed, values of one key or-ed (labels and-ed); keys that it does not know match all. */
export function matchesEvent(filters: Filters, event: EventMessage): boolean {
  if (filters.size === 0) return true;
  const { ID, Attributes } = event.Actor;
  const isNamed = (key: string): boolean =>
    matchesPrefix(filters, key, ID) || matchesPrefix(filters, key, Attributes["name"] ?? "");
  return (
    matchesExactly(filters, "type", event.Type) &&
    matchesExactly(filters, "scope", event.scope) &&
    matchesAction(filters, event.Action) &&
    namedKinds.every(isNamed) &&
    matchesImage(filters, event) &&
    matchesLabels(filters, "label", Attributes)
  );
}

/** `exec_start: ls -l` and `health_status: healthy` are also found by what stands before the colon. */
function matchesAction(filters: Filters, action: string): boolean {
  const colon = action.indexOf(":");
  return (
    matchesExactly(filters, "event", action) ||
    (colon > 0 && matchesExactly(filters, "event", action.slice(0, colon)))
  );
}

/** An image's own events by id, name or name without tag; a container's by the image that it runs. */
function matchesImage(filters: Filters, event: EventMessage): boolean {
  const { ID, Attributes } = event.Actor;
  const name = Attributes[event.Type === "image" ? "name" : "image"] ?? "";
  return [ID, name, withoutTag(ID), withoutTag(name)].some((text) => matchesExactly(filters, "image", text));
}

function withoutTag(name: string): string {
  const { reference } = parseReference(name);
  return reference ? familiarName(reference) : name;
}
