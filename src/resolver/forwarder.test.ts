import { expect, test } from "bun:test";
import { decode, encode, type Answer, type DecodedPacket } from "dns-packet";
import { realHost, type Host } from "../base/host.ts";
import { silentLog } from "../base/log.ts";
import type { Exchange, Server } from "./exchange.ts";
import { Forwarder } from "./forwarder.ts";
import { readQuery, type Query } from "./query.ts";

type Decoded = DecodedPacket & { readonly rcode: string };
const [one, two]: readonly [Server, Server] = [
  { address: "192.0.2.1" },
  { address: "192.0.2.2", port: 5353 },
];

function world(exchange: Exchange) {
  const warnings: string[] = [];
  const asked: string[] = [];
  let nowMs = 0;
  const real = realHost({ ...silentLog, warn: (message) => warnings.push(message) });
  const host: Host = { ...real, clock: { ...real.clock, monotonicMs: () => nowMs } };
  const forwarder = new Forwarder(host, (server, question, signal) => {
    asked.push(`${server.address} ${decode(question).questions?.[0]?.name}`);
    return exchange(server, question, signal);
  });
  const answer = async (query: Query, ...servers: readonly Server[]): Promise<Decoded> =>
    decode(await forwarder.answer(query, servers)) as Decoded;
  return { forwarder, answer, asked, warnings, pass: (ms: number) => void (nowMs += ms) };
}
const query = (name: string, id = 1): Query =>
  readQuery(encode({ id, type: "query", flags: 0x0100, questions: [{ name, type: "A" }] })) as Query;
const a = (ttl: number): Answer[] => [{ type: "A", name: "x", ttl, data: "192.0.2.9" }];
const reply = (question: Buffer, code: number, answers: Answer[] = [], flags = 0): Buffer => {
  const { id, questions } = decode(question);
  return encode({
    ...(id === undefined ? {} : { id }),
    type: "response",
    flags: flags | code,
    ...(questions === undefined ? {} : { questions }),
    answers,
  });
};
const never: Exchange = (_server, _question, signal) =>
  new Promise((resolve) => signal.addEventListener("abort", () => resolve(undefined)));

test("Forwarder: a question asked by many at once goes out once, and everybody gets the answer with his own id", async () => {
  let answerNow = (): void => {};
  const { answer, asked } = world(
    (_server, question) => new Promise((resolve) => (answerNow = () => resolve(reply(question, 0, a(0))))),
  );
  const all = Promise.all(
    [7, 8, 9].map((id) => answer(query(id === 8 ? "X.example" : "x.example", id), one)),
  );
  answerNow();
  expect((await all).map(({ id, questions }) => [id, questions?.[0]?.name])).toEqual([
    [7, "x.example"],
    [8, "X.example"],
    [9, "x.example"],
  ]);
  expect(asked).toEqual(["192.0.2.1 x.example"]);
});

test("Forwarder: an answer is kept for its TTL, which runs meanwhile, and for those who ask the same servers only", async () => {
  const { answer, asked, pass } = world((_server, question) => Promise.resolve(reply(question, 0, a(10))));
  await answer(query("x"), one);
  pass(4000);
  expect((await answer(query("X", 3), one)).answers?.[0]).toMatchObject({ ttl: 6 });
  expect(asked).toHaveLength(1);
  await answer(query("x"), two);
  expect(asked).toHaveLength(2);
  pass(6000);
  await answer(query("x"), one);
  expect(asked).toHaveLength(3);
});

test("Forwarder: what is cut, fails or has no term is not kept", async () => {
  for (const [code, answers, flags] of [
    [0, a(10), 0x0200],
    [2, a(10), 0],
    [0, a(0), 0],
    [3, [], 0],
  ] as const) {
    const { answer, asked } = world((_server, question) =>
      Promise.resolve(reply(question, code, [...answers], flags)),
    );
    await answer(query("x"), one);
    await answer(query("x"), one);
    expect(asked).toHaveLength(2);
  }
});

test("Forwarder: a server that fails or refuses is passed over, and its word handed on when nobody knows better", async () => {
  const codes: Record<string, number> = { [one.address]: 5, [two.address]: 0 };
  const { answer, asked } = world((server, question) => {
    const code = codes[server.address] as number;
    return Promise.resolve(reply(question, code, code === 0 ? a(0) : []));
  });
  expect(await answer(query("x"), one, two)).toMatchObject({ rcode: "NOERROR" });
  expect(asked).toEqual(["192.0.2.1 x", "192.0.2.2 x"]);
  codes[two.address] = 2;
  expect(await answer(query("y"), one, two)).toMatchObject({ rcode: "SERVFAIL", id: 1 });
  expect(await answer(query("y"), one)).toMatchObject({ rcode: "REFUSED" });
});

test("Forwarder: no such name is an answer: nobody else is asked", async () => {
  const { answer, asked } = world((_server, question) => Promise.resolve(reply(question, 3)));
  expect(await answer(query("x"), one, two)).toMatchObject({ rcode: "NXDOMAIN" });
  expect(asked).toHaveLength(1);
});

test("Forwarder: a server that nobody answers for is passed over at once, and asked last for a while", async () => {
  const { answer, asked, pass } = world((server, question) =>
    Promise.resolve(server === one ? undefined : reply(question, 0, a(0))),
  );
  await answer(query("x"), one, two);
  await answer(query("y"), one, two);
  expect(asked).toEqual(["192.0.2.1 x", "192.0.2.2 x", "192.0.2.2 y"]);
  pass(11_000);
  await answer(query("z"), one, two);
  expect(asked.slice(3)).toEqual(["192.0.2.1 z", "192.0.2.2 z"]);
});

test("Forwarder: no servers, or none that answers, is a server failure, and one warning", async () => {
  const { answer, warnings } = world(() => Promise.resolve(undefined));
  expect(await answer(query("x"))).toMatchObject({ rcode: "SERVFAIL" });
  expect(warnings).toEqual([]);
  for (let i = 0; i < 5; i++)
    expect(await answer(query(`x${i}`), one, two)).toMatchObject({ rcode: "SERVFAIL" });
  expect(warnings).toEqual(["name servers do not answer"]);
});

test("Forwarder: an exchange that breaks is a server failure", async () => {
  const { answer, warnings } = world(() => Promise.reject(new Error("out of sockets")));
  expect(await answer(query("x"), one)).toMatchObject({ rcode: "SERVFAIL" });
  expect(warnings).toEqual(["a question could not be asked"]);
});

test("Forwarder: questions under way are bounded; those beyond fail at once", async () => {
  const { forwarder, answer, asked } = world(never);
  for (let i = 0; i < 1024; i++) void forwarder.answer(query(`x${i}`), [one]);
  expect(await answer(query("one-more"), one)).toMatchObject({ rcode: "SERVFAIL" });
  expect(asked).toHaveLength(1024);
});
