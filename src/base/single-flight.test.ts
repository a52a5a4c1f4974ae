import { expect, test } from "bun:test";
import { SingleFlight } from "./single-flight.ts";

const never = new AbortController().signal;

function slowWork() {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let starts = 0;
  let tell: (part: string, event: number) => void = () => {};
  let signal: AbortSignal = never;
  return {
    resolve,
    reject,
    starts: () => starts,
    tell: (part: string, event: number) => tell(part, event),
    signal: () => signal,
    work: (cockpit: { signal: AbortSignal; tell: typeof tell }) => {
      starts += 1;
      ({ tell, signal } = cockpit);
      return promise;
    },
  };
}

test("SingleFlight: the work is done once for all who ask, and late ones hear the last news of each part", async () => {
  const flights = new SingleFlight<string, number>();
  const slow = slowWork();
  const [first, second]: number[][] = [[], []];
  using one = flights.board("k", (event) => first?.push(event), slow.work);
  await Promise.resolve();
  slow.tell("a", 1);
  slow.tell("a", 2);
  slow.tell("b", 3);
  using two = flights.board("k", (event) => second?.push(event), slow.work);
  slow.tell("a", 4);
  slow.resolve("done");
  expect(await Promise.all([one.arrival(never), two.arrival(never)])).toEqual(["done", "done"]);
  expect([slow.starts(), first, second]).toEqual([1, [1, 2, 3, 4], [2, 3, 4]]);
});

test("SingleFlight: who gives up leaves the others alone; the last one ends the work", async () => {
  const flights = new SingleFlight<string, number>();
  const slow = slowWork();
  const stop = new AbortController();
  const one = flights.board("k", () => {}, slow.work);
  const two = flights.board("k", () => {}, slow.work);
  const gone = one.arrival(stop.signal);
  stop.abort(new Error("enough"));
  expect(await gone.catch(String)).toBe("Error: enough");
  one[Symbol.dispose]();
  await Promise.resolve();
  expect(slow.signal().aborted).toBe(false);
  two[Symbol.dispose]();
  expect(slow.signal().aborted).toBe(true);
});

test("SingleFlight: a result is kept while it is held and discarded once with the last", async () => {
  const discarded: string[] = [];
  const flights = new SingleFlight<string, number>((result) => void discarded.push(result));
  const one = flights.board(
    "k",
    () => {},
    async () => "x",
  );
  await one.arrival(never);
  const two = flights.board(
    "k",
    () => {},
    async () => "y",
  );
  expect(await two.arrival(never)).toBe("x");
  one[Symbol.dispose]();
  one[Symbol.dispose]();
  expect(discarded).toEqual([]);
  two[Symbol.dispose]();
  await Bun.sleep(0);
  expect(discarded).toEqual(["x"]);
});

test("SingleFlight: what failed is tried anew by the next", async () => {
  const flights = new SingleFlight<string, number>();
  using one = flights.board(
    "k",
    () => {},
    () => Promise.reject(new Error("no")),
  );
  expect(await one.arrival(never).catch(String)).toBe("Error: no");
  using two = flights.board(
    "k",
    () => {},
    async () => "yes",
  );
  expect(await two.arrival(never)).toBe("yes");
});
