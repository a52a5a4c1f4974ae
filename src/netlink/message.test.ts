import { expect, test } from "bun:test";
import { decodeAddress } from "./address.ts";
import {
  decodeAttributes,
  encodeAttributes,
  NetlinkFormatError,
  readText,
  readU32,
  text,
  u32,
  type Attribute,
} from "./attribute.ts";
import { decodeLink } from "./link.ts";
import {
  decodeMessages,
  decodeOutcome,
  encodeMessages,
  NLMSG_DONE,
  NLMSG_ERROR,
  splitBody,
  type Message,
} from "./message.ts";
import { decodeRoute } from "./route.ts";

const rounds = 3000;

/** Numbers that are the same in every run: a failing case can be looked at again. */
function numbers(seed: number) {
  let state = seed;
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  const below = (limit: number) => Math.floor(next() * limit);
  return { below, bytes: (length: number) => Uint8Array.from({ length }, () => below(256)) };
}

test("attributes: decode after encode gives the same types and values, whatever their lengths", () => {
  const random = numbers(1);
  for (let round = 0; round < rounds; round++) {
    const attributes = Array.from({ length: random.below(8) }, (_, index) => ({
      type: index * 2000 + random.below(2000),
      value: random.bytes(random.below(40)),
    }));
    const decoded = decodeAttributes(encodeAttributes(attributes));
    expect([...decoded].map(([type, value]) => ({ type, value }))).toEqual(attributes);
  }
});

test("attributes: a nested value is read back as the bytes of its own list", () => {
  const inner: Attribute[] = [
    { type: 1, value: text("veth") },
    { type: 2, value: u32(7) },
  ];
  const outer = decodeAttributes(encodeAttributes([{ type: 18, value: inner }]));
  expect(outer.get(18)).toEqual(encodeAttributes(inner));
  const nested = decodeAttributes(outer.get(18) ?? new Uint8Array(0));
  expect([readText(nested, 1), readU32(nested, 2), readU32(nested, 3)]).toEqual(["veth", 7, undefined]);
});

test("attributes: the bytes are those of the kernel's layout", () => {
  expect([
    ...encodeAttributes([
      { type: 3, value: text("lo") },
      { type: 18, value: [{ type: 4, value: u32(1500) }] },
    ]),
  ]).toEqual(
    // prettier-ignore
    [7, 0, 3, 0, 0x6c, 0x6f, 0, 0, 12, 0, 18, 0x80, 8, 0, 4, 0, 0xdc, 5, 0, 0],
  );
});

test("attributes: a value that does not fit its length field is refused", () => {
  expect(() => encodeAttributes([{ type: 1, value: new Uint8Array(65_532) }])).toThrow(NetlinkFormatError);
  expect(encodeAttributes([{ type: 1, value: new Uint8Array(65_531) }]).length).toBe(65_536);
});

test("messages: decode after encode gives the same messages", () => {
  const random = numbers(2);
  for (let round = 0; round < rounds; round++) {
    const messages: Message[] = Array.from({ length: random.below(5) }, () => ({
      type: random.below(0x10000),
      flags: random.below(0x10000),
      sequence: random.below(2 ** 32),
      body: random.bytes(random.below(60)),
    }));
    expect(decodeMessages(encodeMessages(messages))).toEqual(messages);
  }
});

/** Random bytes, and good datagrams with a few bytes changed or the end cut off: those get deeper into a decoder. */
function* brokenDatagrams(seed: number): Generator<Uint8Array> {
  const random = numbers(seed);
  for (let round = 0; round < rounds; round++) {
    yield random.bytes(random.below(80));
    const attributes = Array.from({ length: random.below(6) }, () => ({
      type: random.below(40),
      value: random.bytes(random.below(20)),
    }));
    const body = Uint8Array.from([...random.bytes(random.below(20)), ...encodeAttributes(attributes)]);
    const good = encodeMessages([{ type: random.below(30), flags: random.below(0x400), sequence: 1, body }]);
    for (let i = random.below(4); i > 0; i--) good[random.below(good.length)] = random.below(256);
    yield good.subarray(0, random.below(4) === 0 ? random.below(good.length) : good.length);
  }
}

test.each([
  ["decodeLink", decodeLink],
  ["decodeAddress", decodeAddress],
  ["decodeRoute", decodeRoute],
  ["splitBody", (body: Uint8Array) => splitBody(body, 12)],
  [
    "decodeOutcome of an error",
    (body: Uint8Array) => decodeOutcome({ type: NLMSG_ERROR, flags: 0x200, sequence: 1, body }),
  ],
  [
    "decodeOutcome of a capped error",
    (body: Uint8Array) => decodeOutcome({ type: NLMSG_ERROR, flags: 0x300, sequence: 1, body }),
  ],
  [
    "decodeOutcome of an end",
    (body: Uint8Array) => decodeOutcome({ type: NLMSG_DONE, flags: 0x200, sequence: 1, body }),
  ],
])("%s: any bytes give a value or a NetlinkFormatError, nothing else", (_, decode) => {
  let decoded = 0;
  let refused = 0;
  for (const datagram of brokenDatagrams(3)) {
    try {
      for (const { body } of decodeMessages(datagram)) {
        decode(body);
        decoded += 1;
      }
      decode(datagram);
    } catch (err) {
      if (!(err instanceof NetlinkFormatError)) throw err;
      refused += 1;
    }
  }
  // Both happen often, or this test would look at nothing.
  expect(Math.min(decoded, refused)).toBeGreaterThan(100);
});

test("decodeOutcome: success, an error with the kernel's sentence behind a copied or a capped request", () => {
  const error = (errno: number, behind: readonly number[]) =>
    Uint8Array.from([...new Uint8Array(Int32Array.of(-errno).buffer), ...behind]);
  const header = [20, 0, 0, 0, ...Array<number>(12).fill(0)];
  const said = [...encodeAttributes([{ type: 1, value: text("Invalid MTU") }])];
  const outcome = (flags: number, body: Uint8Array) =>
    decodeOutcome({ type: NLMSG_ERROR, flags, sequence: 1, body });
  expect(outcome(0x100, error(0, header))).toEqual({ errno: 0, detail: undefined });
  expect(outcome(0x300, error(22, [...header, ...said]))).toEqual({ errno: 22, detail: "Invalid MTU" });
  expect(outcome(0x200, error(22, [...header, 1, 2, 3, 4, ...said]))).toEqual({
    errno: 22,
    detail: "Invalid MTU",
  });
});
