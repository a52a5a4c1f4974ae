import { expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { decode, encode, type Answer, type DecodedPacket, type Packet, type RecordType } from "dns-packet";
import { responder, type Client } from "./responder.ts";

const table: Readonly<Record<string, readonly string[]>> = {
  web: ["172.18.0.2"],
  six: ["fd00::2"],
  both: ["172.18.0.3", "fd00::3"],
  app: ["172.18.0.2", "172.18.0.3", "172.18.0.4"],
  many: Array.from({ length: 100 }, (_, i) => `172.18.1.${i}`),
};
const names: Readonly<Record<string, string>> = { "172.18.0.2": "web.front", "fd00::2": "six.front" };
const client: Client = {
  addressesOf: (name) => table[name],
  nameOf: (address) => names[address],
  singleLabelsStay: false,
  servers: () => [],
};

const forwarded = encode({
  type: "response",
  questions: [{ type: "A", name: "elsewhere.example" }],
  answers: Array.from({ length: 60 }, (_, i): Answer => {
    return { type: "A", name: "elsewhere.example", ttl: 60, data: `192.0.2.${i}` };
  }),
});
const respond = responder((address) => (address === "172.18.0.9" ? client : undefined), {
  answer: () => forwarded,
});

const query = (name: string, type: string, more: Partial<Packet> = {}): Buffer =>
  encode({ id: 77, type: "query", flags: 0x0100, questions: [{ name, type: type as RecordType }], ...more });
const opt = (udpPayloadSize: number, ednsVersion = 0): Answer => ({
  type: "OPT",
  name: ".",
  udpPayloadSize,
  extendedRcode: 0,
  ednsVersion,
  flags: 0,
  flag_do: false,
  options: [],
});
type Decoded = DecodedPacket & { readonly rcode: string };
async function ask(
  packet: Buffer,
  transport: "udp" | "tcp" = "udp",
  own = respond,
): Promise<Decoded | undefined> {
  const answer = await own(packet, "172.18.0.9", transport);
  return answer && (decode(answer) as Decoded);
}
const data = (answer: DecodedPacket | undefined): unknown[] =>
  answer?.answers?.map((record) => ("data" in record ? record.data : undefined)) ?? [];

const isForwarded = "forwarded";
const answers: readonly [string, string, readonly string[] | typeof isForwarded][] = [
  ["web", "A", ["172.18.0.2"]],
  ["WEB.", "A", ["172.18.0.2"]],
  ["web", "AAAA", []],
  ["six", "A", []],
  ["six", "AAAA", ["fd00::2"]],
  ["both", "A", ["172.18.0.3"]],
  ["both", "AAAA", ["fd00::3"]],
  ["both", "ANY", ["172.18.0.3", "fd00::3"]],
  ["web", "MX", []],
  ["web", "TXT", []],
  ["web", "UNKNOWN_65", []],
  ["nobody", "A", isForwarded],
  ["web.example", "A", isForwarded],
  [".", "NS", isForwarded],
  ["2.0.18.172.in-addr.arpa", "PTR", ["web.front"]],
  ["2.0.18.172.IN-ADDR.arpa", "PTR", ["web.front"]],
  ["9.0.18.172.in-addr.arpa", "PTR", isForwarded],
  ["2.0.18.172.in-addr.arpa", "A", isForwarded],
  ["1.2.3.in-addr.arpa", "PTR", isForwarded],
  ["999.0.18.172.in-addr.arpa", "PTR", isForwarded],
  [`2.${"0.".repeat(28)}0.d.f.ip6.arpa`.replace("0.0.d.f", "0.d.f"), "PTR", isForwarded],
  [`2.${"0.".repeat(29)}d.f.ip6.arpa`, "PTR", ["six.front"]],
];

for (const [name, type, expected] of answers)
  test(`responder: ${type} ${name} -> ${String(expected) || "none"}`, async () => {
    const answer = await ask(query(name, type), "tcp");
    if (expected === isForwarded) return expect(answer?.answers).toHaveLength(60);
    expect(data(answer)).toEqual([...expected]);
    expect(answer).toMatchObject({
      id: 77,
      rcode: "NOERROR",
      flag_qr: true,
      flag_rd: true,
      flag_ra: true,
      flag_tc: false,
    });
  });

test("responder: the question comes back as it was spelled", async () => {
  const answer = await ask(query("wEb", "A"));
  expect(answer?.questions?.[0]?.name).toBe("wEb");
  expect(answer?.answers?.[0]?.name).toBe("wEb");
});

test("responder: several addresses take turns at being first", async () => {
  const firsts = new Set<unknown>();
  for (let i = 0; i < 3; i++) {
    firsts.add(data(await ask(query("app", "A")))[0]);
    // As C libraries ask.
    await ask(query("app", "AAAA"));
    await ask(query("both", "A"));
    await ask(query("both", "A"));
  }
  expect(firsts).toEqual(new Set(table["app"]));
});

test("responder: an answer over UDP keeps to what the client can take, and says when it was cut", async () => {
  const plain = await ask(query("many", "A"));
  expect([plain?.flag_tc, (plain?.answers?.length ?? 0) > 10]).toEqual([true, true]);
  for (const [size, limit] of [
    [100, 512],
    [512, 512],
    [1232, 1232],
    [65_000, 4096],
  ] as const) {
    const packet = query("many", "A", { additionals: [opt(size)] });
    const answer = (await respond(packet, "172.18.0.9", "udp")) as Buffer;
    expect(answer.length).toBeLessThanOrEqual(limit);
    const { flag_tc, additionals } = decode(answer);
    expect({ size, flag_tc, opt: additionals?.length }).toEqual({ size, flag_tc: limit < 2000, opt: 1 });
  }
  expect(data(await ask(query("many", "A"), "tcp"))).toHaveLength(100);
});

test("responder: what others answered is cut too, to nothing", async () => {
  const answer = await ask(query("elsewhere.example", "A"));
  expect([answer?.flag_tc, answer?.answers?.length, answer?.questions?.length]).toEqual([true, 0, 1]);
});

test("responder: with ndots set, a name without dots is not asked of others", async () => {
  const staying = responder(() => ({ ...client, singleLabelsStay: true }), { answer: () => forwarded });
  expect(await ask(query("nobody", "AAAA"), "tcp", staying)).toMatchObject({ rcode: "NOERROR", answers: [] });
  expect((await ask(query("nobody", "MX"), "tcp", staying))?.answers).toHaveLength(60);
  expect((await ask(query("nobody.example", "A"), "tcp", staying))?.answers).toHaveLength(60);
});

test("responder: strangers, responses and broken packets get nothing", async () => {
  expect(respond(query("web", "A"), "172.18.0.10", "udp")).toBeUndefined();
  const broken: readonly Buffer[] = [
    Buffer.alloc(0),
    Buffer.alloc(12),
    query("web", "A").subarray(0, -1),
    encode({ type: "response", questions: [{ name: "web", type: "A" }] }),
    encode({
      type: "query",
      questions: [
        { name: "web", type: "A" },
        { name: "six", type: "A" },
      ],
    }),
    encode({ type: "query", questions: [] }),
  ];
  for (const packet of broken) expect(respond(packet, "172.18.0.9", "udp")).toBeUndefined();
});

test("responder: other opcodes, zone transfers and unknown versions of EDNS are refused by name", async () => {
  expect((await ask(query("web", "A", { flags: 4 << 11 })))?.rcode).toBe("NOTIMP");
  expect((await ask(query("web", "AXFR"), "tcp"))?.rcode).toBe("NOTIMP");
  const later = await ask(query("web", "A", { additionals: [opt(1232, 1)] }));
  expect(later?.additionals?.[0]).toMatchObject({ type: "OPT", extendedRcode: 1, ednsVersion: 0 });
});

test("responder: whatever the bytes, it does not throw, and what it answers can be read", async () => {
  const seeds = [query("web", "A"), query("both", "ANY", { additionals: [opt(1232)] }), forwarded];
  let answered = 0;
  for (let round = 0; round < 20_000; round++) {
    const seed = Buffer.from(seeds[round % seeds.length] as Buffer);
    const noise = randomBytes(6);
    for (let i = 0; i < 3; i++) seed[(noise[i] as number) % seed.length] = noise[i + 3] as number;
    const packet =
      round % 7 === 0
        ? randomBytes((noise[0] as number) % 60)
        : seed.subarray(0, seed.length - (round % 5 === 0 ? round % 9 : 0));
    const answer = await respond(packet, "172.18.0.9", "udp");
    if (answer === undefined) continue;
    answered += 1;
    if (answer !== forwarded) decode(answer);
  }
  expect(answered).toBeGreaterThan(1000);
});
