import { expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { decode, encode, type Answer, type Packet } from "dns-packet";
import { aged, handOn, isAnswerTo, lifetimeOf, questionFor, questionKey } from "./message.ts";
import { readQuery, type Query } from "./query.ts";

const ask = (name: string, more: Partial<Packet> = {}): Query =>
  readQuery(
    encode({ id: 5, type: "query", flags: 0x0100, questions: [{ name, type: "A" }], ...more }),
  ) as Query;
const edns = (flags: number, options: unknown[] = []): Partial<Packet> => ({
  additionals: [
    {
      type: "OPT",
      name: ".",
      udpPayloadSize: 4096,
      extendedRcode: 0,
      ednsVersion: 0,
      flags,
      options,
    } as never,
  ],
});
const respond = (answers: Answer[], more: Partial<Packet> = {}): Buffer =>
  encode({
    id: 9,
    type: "response",
    flags: 0x0180,
    questions: [{ name: "a.example", type: "A" }],
    answers,
    ...more,
  });
const a = (ttl: number): Answer => ({ type: "A", name: "a.example", ttl, data: "192.0.2.1" });
const soa = (ttl: number, minimum: number): Answer => ({
  type: "SOA",
  name: "example",
  ttl,
  data: { mname: "ns.example", rname: "root.example", serial: 1, refresh: 2, retry: 3, expire: 4, minimum },
});

test("questionFor: the same question with our id, and none of the client's own options", () => {
  const cookie = edns(0x8000, [{ code: 10, data: Buffer.from("12345678") }]);
  const sent = decode(questionFor(ask("A.Example", cookie), 1234));
  expect(sent).toMatchObject({
    id: 1234,
    type: "query",
    flag_rd: true,
    questions: [{ name: "A.Example", type: "A" }],
  });
  expect(sent.additionals).toEqual([
    expect.objectContaining({ type: "OPT", udpPayloadSize: 1232, flag_do: true, options: [] }),
  ]);
  expect(decode(questionFor(ask("a.example"), 1)).additionals).toEqual([]);
});

test("questionKey: one for all spellings, another for what changes the answer", () => {
  expect(questionKey(ask("A.example"))).toBe(questionKey(ask("a.EXAMPLE", { id: 99 })));
  const keys = [
    ask("a.example"),
    ask("b.example"),
    ask("a.example", { flags: 0 }),
    ask("a.example", { flags: 0x0110 }),
    ask("a.example", edns(0)),
    ask("a.example", edns(0x8000)),
    ask("a.example", { questions: [{ name: "a.example", type: "AAAA" }] }),
  ].map(questionKey);
  expect(new Set(keys).size).toBe(keys.length);
});

test("isAnswerTo: id and question must be the same, the spelling need not", () => {
  const question = questionFor(ask("A.example"), 9);
  expect(isAnswerTo(question, respond([a(1)]))).toBe(true);
  for (const other of [
    respond([a(1)], { id: 8 }),
    respond([a(1)], { questions: [{ name: "b.example", type: "A" }] }),
    respond([a(1)], { questions: [{ name: "a.example", type: "AAAA" }] }),
    encode({ id: 9, type: "query", questions: [{ name: "a.example", type: "A" }] }),
    respond([a(1)]).subarray(0, 20),
    Buffer.alloc(0),
  ])
    expect(isAnswerTo(question, other)).toBe(false);
});

test("isAnswerTo: a refusal may come without the question, an answer may not", () => {
  const question = questionFor(ask("a.example"), 9);
  const bare = (flags: number): Buffer => encode({ id: 9, type: "response", flags });
  expect([isAnswerTo(question, bare(1)), isAnswerTo(question, bare(0))]).toEqual([true, false]);
  expect(decode(handOn(ask("a.example"), bare(1)))).toMatchObject({ id: 5, rcode: "FORMERR" });
});

test("handOn: the client's id and spelling, and every record as it came", () => {
  const answer = respond([
    a(7),
    { type: "NULL", name: "a.example", ttl: 9, data: Buffer.from([0, 255, 192, 12]) },
  ]);
  const handed = decode(handOn(ask("a.EXAMPLE"), answer));
  expect(handed).toMatchObject({ id: 5, questions: [{ name: "a.EXAMPLE" }] });
  expect(handed.answers).toEqual(decode(answer).answers as Answer[]);
});

const lifetimes: readonly [string, Buffer, number | undefined][] = [
  [
    "the shortest TTL",
    respond([a(60), a(7)], { authorities: [{ type: "NS", name: "example", ttl: 30, data: "ns.example" }] }),
    7,
  ],
  ["none for an answer with no records and no SOA", respond([]), undefined],
  ["the SOA's TTL for no such name", respond([], { authorities: [soa(20, 300)] }), 20],
  ["the SOA's minimum for no such name", respond([], { authorities: [soa(600, 30)] }), 30],
  ["nothing for TTL 0", respond([a(0)]), 0],
  ["nothing for a TTL with its top bit set", respond([a(0xffffffff)]), 0],
  [
    "no matter what is in the additional section",
    respond([a(60)], { additionals: [a(3), ...(edns(0).additionals ?? [])] }),
    60,
  ],
  ["none for a message that ends too early", respond([a(60)]).subarray(0, -2), undefined],
];
for (const [what, packet, seconds] of lifetimes)
  test(`lifetimeOf: ${what}`, () => expect(lifetimeOf(packet)?.seconds).toBe(seconds as number));

test("aged: every TTL is less by the time that has passed, the message else the same", () => {
  const packet = respond([a(60)], { additionals: [a(3), ...(edns(0x8000).additionals ?? [])] });
  const later = decode(aged(packet, lifetimeOf(packet) as never, 10));
  expect(later.answers?.[0]).toMatchObject({ ttl: 50, data: "192.0.2.1" });
  expect(later.additionals).toEqual([
    expect.objectContaining({ ttl: 0 }),
    expect.objectContaining({ udpPayloadSize: 4096, flag_do: true }),
  ]);
});

test("lifetimeOf, isAnswerTo, handOn: never throw, whatever a name server sends", () => {
  const query = ask("a.example");
  const question = questionFor(query, 9);
  const seed = respond([a(60), a(7)], { authorities: [soa(1, 2)] });
  for (let round = 0; round < 20_000; round++) {
    const packet = Buffer.from(seed.subarray(0, round % 3 === 0 ? round % seed.length : seed.length));
    const noise = randomBytes(4);
    for (let i = 0; i < 2 && packet.length > 12; i++)
      packet[4 + ((noise[i] as number) % (packet.length - 4))] = noise[i + 2] as number;
    const life = lifetimeOf(packet);
    if (life) aged(packet, life, 5);
    if (isAnswerTo(question, packet)) handOn(query, packet);
  }
});
