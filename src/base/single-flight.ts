// Work that several ask for at the same time is done once and serves them all. It is given up when nobody waits any more.

/** What the work is given: when to give up, and where to tell how far it is. `part` names what the event is about. */
export type Cockpit<E> = { readonly signal: AbortSignal; readonly tell: (part: string, event: E) => void };

type Flight<T, E> = {
  readonly result: Promise<T>;
  readonly control: AbortController;
  readonly passengers: Set<(event: E) => void>;
  /** The last event of each part, for those who come later. */
  readonly seen: Map<string, E>;
};

/** The right to a result: as long as somebody holds one, the result is kept for the next to ask. */
export type Ticket<T> = Disposable & {
  /** @throws the signal's reason when it is aborted: the others go on. */
  arrival(signal: AbortSignal): Promise<T>;
};

export class SingleFlight<T, E> {
  readonly #flights = new Map<string, Flight<T, E>>();
  readonly #discard: (result: T) => void;

  /** @param discard what to do with a result that nobody holds any more. */
  constructor(discard: (result: T) => void = () => {}) {
    this.#discard = discard;
  }

  /** A place in the work under `key` that is under way or was done and is still held, or in `work`, which starts now. */
  board(key: string, onEvent: (event: E) => void, work: (cockpit: Cockpit<E>) => Promise<T>): Ticket<T> {
    const flight = this.#flights.get(key) ?? this.#start(key, work);
    for (const event of flight.seen.values()) onEvent(event);
    const passenger = (event: E): void => onEvent(event);
    flight.passengers.add(passenger);
    return {
      arrival: async (signal) => await orAborted(flight.result, signal),
      [Symbol.dispose]: () => {
        if (flight.passengers.delete(passenger) && flight.passengers.size === 0) this.#end(key, flight);
      },
    };
  }

  #start(key: string, work: (cockpit: Cockpit<E>) => Promise<T>): Flight<T, E> {
    const control = new AbortController();
    const passengers = new Set<(event: E) => void>();
    const seen = new Map<string, E>();
    const tell = (part: string, event: E): void => {
      seen.set(part, event);
      for (const passenger of passengers) passenger(event);
    };
    const result = Promise.resolve().then(() => work({ signal: control.signal, tell }));
    const flight = { result, control, passengers, seen };
    this.#flights.set(key, flight);
    // What failed is not kept: the next to ask begins anew.
    result.catch(() => this.#forget(key, flight));
    return flight;
  }

  #end(key: string, flight: Flight<T, E>): void {
    this.#forget(key, flight);
    flight.control.abort(new DOMException("nobody waits for it any more", "AbortError"));
    void flight.result.then(this.#discard, () => {});
  }

  #forget(key: string, flight: Flight<T, E>): void {
    if (this.#flights.get(key) === flight) this.#flights.delete(key);
  }
}

async function orAborted<T>(result: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const leave = (): void => aborted.reject(signal.reason as Error);
  signal.addEventListener("abort", leave, { once: true });
  try {
    return await Promise.race([result, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", leave);
  }
}
