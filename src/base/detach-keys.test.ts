import { describe, expect, test } from "bun:test";
import { InvalidParameterError } from "./errors.ts";
import { detachScanner, parseDetachKeys } from "./detach-keys.ts";

describe("parseDetachKeys", () => {
  test("names control keys, single keys and DEL as Docker does", () => {
    expect([...parseDetachKeys("")]).toEqual([16, 17]);
    expect([...parseDetachKeys("ctrl-@,ctrl-a,ctrl-z,ctrl-[,ctrl-\\,ctrl-],ctrl-^,ctrl-_")]).toEqual([
      0, 1, 26, 27, 28, 29, 30, 31,
    ]);
    expect([...parseDetachKeys("a,Z,DEL,~")]).toEqual([97, 90, 127, 126]);
  });

  for (const bad of ["ctrl-A", "ctrl-1", "ctrl-", "ab", "a,,b", "é", "del"])
    test(`refuses ${JSON.stringify(bad)} and says it back`, () => {
      expect(() => parseDetachKeys(bad)).toThrow(
        new InvalidParameterError(`Invalid detach keys (${bad}) provided`),
      );
    });
});

/** Feeds the pieces and returns what reached the container, with `|` where the scanner said "detached". */
function scan(keys: string, ...pieces: string[]): string {
  const feed = detachScanner(Buffer.from(keys));
  let out = "";
  for (const piece of pieces) {
    const { pass, detached } = feed(Buffer.from(piece));
    out += Buffer.from(pass).toString();
    if (detached) return `${out}|`;
  }
  return out;
}

describe("detachScanner", () => {
  const cases: readonly [string, string, string[], string][] = [
    ["passes input without the keys", "PQ", ["ls -l\n", "exit\n"], "ls -l\nexit\n"],
    ["removes the sequence and drops what follows", "PQ", ["abPQcd"], "ab|"],
    ["sees a sequence split over chunks", "PQ", ["aP", "Qb"], "a|"],
    ["gives back a beginning that was broken off", "PQ", ["aP", "xQ"], "aPxQ"],
    ["sees the sequence right after a broken beginning", "PQ", ["PPQ"], "P|"],
    ["keeps a beginning back until it is decided", "PQ", ["aP"], "a"],
    ["restarts inside a sequence that repeats itself", "aab", ["aaab"], "a|"],
    ["works with a single key", "Q", ["xQy"], "x|"],
  ];
  for (const [name, keys, pieces, expected] of cases)
    test(name, () => expect(scan(keys, ...pieces)).toBe(expected));

  test("agrees with a search in the whole text however it is cut", () => {
    for (let seed = 1; seed < 2000; seed++) {
      let state = seed;
      const next = (below: number): number => (state = (state * 48271) % 2147483647) % below;
      const keys = Array.from({ length: 1 + next(3) }, () => "ab"[next(2)]).join("");
      const text = Array.from({ length: next(12) }, () => "abc"[next(3)]).join("");
      const cut = next(text.length + 1);
      const at = text.indexOf(keys);
      // Without a sequence the end of the text may be held back, so a byte that is no key follows.
      const expected = at < 0 ? `${text}.` : `${text.slice(0, at)}|`;
      expect(scan(keys, text.slice(0, cut), `${text.slice(cut)}.`)).toBe(expected);
    }
  });
});
