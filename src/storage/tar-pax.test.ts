import { expect, test } from "bun:test";
import { seededRandom } from "../../test/harness/random.ts";
import { InvalidParameterError } from "../base/errors.ts";
import { decodePax, encodePax, paxInteger, paxText, paxTime, paxXattrs } from "./tar-pax.ts";

const key = (text: string, random: { readonly below: (below: number) => number }): string =>
  text + String(random.below(1000));

test("decodePax after encodePax gives the same records, whatever bytes they hold", () => {
  const random = seededRandom(1);
  for (let round = 0; round < 500; round++) {
    const records = new Map(
      Array.from({ length: random.below(20) }, () => [
        key("SCHILY.xattr.user.é", random),
        Uint8Array.from(random.bytes(random.below(round % 10 === 0 ? 2000 : 120))),
      ]),
    );
    expect(decodePax(encodePax(records))).toEqual(records);
  }
});

test("damaged records give records or an InvalidParameterError, nothing else", () => {
  const random = seededRandom(2);
  const good = encodePax(
    new Map([
      ["path", Buffer.from("a/b")],
      ["mtime", Buffer.from("1700000000.123")],
      ["size", Buffer.from("77")],
      ["SCHILY.xattr.user.x", Buffer.from([0, 1, 255])],
      ["LIBARCHIVE.xattr.user%2Ey", Buffer.from("AAEC")],
    ]),
  );
  let refused = 0;
  for (let round = 0; round < 5000; round++) {
    const bytes = round % 5 === 0 ? random.bytes(random.below(100)) : Buffer.from(good);
    for (let hits = random.below(4); hits > 0; hits--) bytes[random.below(bytes.length)] = random.below(256);
    try {
      const records = decodePax(
        bytes.subarray(0, random.oneIn(3) ? random.below(bytes.length) : bytes.length),
      );
      paxText(records, "path");
      paxInteger(records, "size");
      paxTime(records, "mtime");
      paxXattrs(records);
    } catch (err) {
      expect(err).toBeInstanceOf(InvalidParameterError);
      refused += 1;
    }
  }
  expect(refused).toBeGreaterThan(1000);
});

test("a sparse map of many pieces takes no longer than it is long", () => {
  const record = (name: string, value: string): string => {
    const rest = ` ${name}=${value}\n`;
    return `${rest.length + 2}${rest}`;
  };
  const pairs = record("GNU.sparse.offset", "1") + record("GNU.sparse.numbytes", "2");
  const count = Math.floor(2 ** 20 / pairs.length);
  const began = performance.now();
  const records = decodePax(Buffer.from(pairs.repeat(count)));
  expect(paxText(records, "GNU.sparse.map")).toBe("1,2,".repeat(count).slice(0, -1));
  expect(performance.now() - began).toBeLessThan(300);
});

test("a flood of records is refused", () => {
  const flood = Array.from({ length: 5000 }, (_, at) => `10 ${String(at).padStart(4, "0")}=1\n`).join("");
  expect(() => decodePax(Buffer.from(flood))).toThrow(
    new InvalidParameterError("invalid tar header: more than 4096 pax records"),
  );
});
