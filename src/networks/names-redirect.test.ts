import { expect, test } from "bun:test";
import { aligned } from "../netlink/attribute.ts";
import { splitBody } from "../netlink/message.ts";
import { redirectNames } from "./names-redirect.ts";

type Nested = readonly { readonly type: number; readonly value: Uint8Array }[];

/** All attributes in their order, of one type too. */
function listOf(bytes: Uint8Array): Nested {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const list: { type: number; value: Uint8Array }[] = [];
  for (let at = 0; at < bytes.length; at += aligned(view.getUint16(at, true)))
    list.push({
      type: view.getUint16(at + 2, true) & 0x3fff,
      value: bytes.subarray(at + 4, at + view.getUint16(at, true)),
    });
  return list;
}
const valueOf = (list: Nested, type: number): Uint8Array =>
  list.find((one) => one.type === type)?.value ?? new Uint8Array(4);
const numberOf = (list: Nested, type: number): number => Buffer.from(valueOf(list, type)).readUInt32BE(0);
/** NFTA_DATA_VALUE. */
const dataOf = (list: Nested, type: number): Buffer => Buffer.from(valueOf(listOf(valueOf(list, type)), 1));

/** What the kernel does with a packet of a header without options; `checksums` collects the offsets that are kept right. */
function applyRule(expressions: Uint8Array, packet: Buffer, checksums: number[]): void {
  let register: Buffer = Buffer.alloc(0);
  for (const { value } of listOf(expressions)) {
    const name = Buffer.from(valueOf(listOf(value), 1))
      .toString()
      .replace("\0", "");
    const data = listOf(valueOf(listOf(value), 2));
    if (name === "immediate") register = dataOf(data, 2);
    else if (name === "cmp") {
      if (!dataOf(data, 3).equals(register)) return;
    } else if (name === "payload") {
      const at = (numberOf(data, 2) === 2 ? 20 : 0) + numberOf(data, 3);
      if (data.some(({ type }) => type === 5)) {
        register.copy(packet, at);
        checksums.push(numberOf(data, 7));
      } else register = packet.subarray(at, at + numberOf(data, 4));
    } else throw new Error(`expression ${name}`);
  }
}

type Packet = {
  readonly protocol: number;
  readonly from: readonly [string, number];
  readonly to: readonly [string, number];
};

/** What becomes of the ports of a packet that passes a chain. */
function through(chain: string, { protocol, from, to }: Packet) {
  const packet = Buffer.alloc(40);
  packet[9] = protocol;
  packet.set(from[0].split(".").map(Number), 12);
  packet.set(to[0].split(".").map(Number), 16);
  packet.writeUInt16BE(from[1], 20);
  packet.writeUInt16BE(to[1], 22);
  const checksums: number[] = [];
  for (const { what, body } of redirectNames(27_053))
    if (what === `add rule to ${chain}`)
      applyRule(splitBody(body, 4).attributes.get(4) ?? new Uint8Array(), packet, checksums);
  return { ports: [packet.readUInt16BE(20), packet.readUInt16BE(22)], checksums };
}

test("redirectNames: table and chains, nothing of an earlier port, then a rule for each protocol and direction", () => {
  expect(redirectNames(27_053).map(({ what }) => what)).toEqual([
    "add table sampan-names",
    "add chain questions",
    "add chain answers",
    "flush table sampan-names",
    "add rule to questions",
    "add rule to answers",
    "add rule to questions",
    "add rule to answers",
  ]);
});

test("redirectNames: questions to 127.0.0.11 get the resolver's port and answers port 53, with the protocol's checksum", () => {
  for (const [protocol, checksumAt] of [
    [17, 6],
    [6, 16],
  ] as const) {
    expect(through("questions", { protocol, from: ["127.0.0.1", 4000], to: ["127.0.0.11", 53] })).toEqual({
      ports: [4000, 27_053],
      checksums: [checksumAt],
    });
    expect(through("answers", { protocol, from: ["127.0.0.11", 27_053], to: ["127.0.0.1", 4000] })).toEqual({
      ports: [53, 4000],
      checksums: [checksumAt],
    });
  }
});

test("redirectNames: other addresses, ports, protocols and directions stay as they are", () => {
  const others: readonly [string, Packet][] = [
    ["questions", { protocol: 17, from: ["127.0.0.1", 4000], to: ["127.0.0.1", 53] }],
    ["questions", { protocol: 17, from: ["127.0.0.1", 4000], to: ["127.0.0.11", 54] }],
    ["questions", { protocol: 132, from: ["127.0.0.1", 4000], to: ["127.0.0.11", 53] }],
    ["questions", { protocol: 17, from: ["127.0.0.11", 53], to: ["127.0.0.1", 4000] }],
    ["answers", { protocol: 6, from: ["127.0.0.1", 27_053], to: ["127.0.0.1", 4000] }],
    ["answers", { protocol: 6, from: ["127.0.0.1", 4000], to: ["127.0.0.11", 27_053] }],
  ];
  for (const [chain, packet] of others)
    expect(through(chain, packet)).toEqual({ ports: [packet.from[1], packet.to[1]], checksums: [] });
});
