// What is done to DNS messages as bytes (RFC 1035 section 4.1): an answer of a name server is handed on as it came, whatever
// records are in it, with the client's id and spelling of the name and with the time that has passed taken from its TTLs.
//
//   id 2 | flags 2 | questions 2 | answers 2 | authorities 2 | additionals 2 | name … type 2 class 2 | records …
//   record: name … type 2 class 2 ttl 4 length 2 data
//   flags:  QR | opcode 4 | AA TC RD | RA Z AD CD | rcode 4
import type { Query } from "./query.ts";

export const headerBytes = 12;
/** What goes over UDP to a client that does not say what it can take. */
const plainPayloadBytes = 512;
/** More than this is not sent over UDP, whatever the client can take. */
const payloadBytesMax = 4096;
/** What gets through everywhere in one piece (the DNS flag day of 2020): asked of name servers, and said to clients. */
export const payloadBytesAsked = 1232;

const flag = { response: 0x8000, truncated: 0x0200, recursionDesired: 0x0100, recursionAvailable: 0x0080 };
/** RD, AD and CD: what a client may ask of the server behind us. */
const askableFlags = 0x0130;

export const rcode = {
  ok: 0,
  formatError: 1,
  serverFailure: 2,
  nameError: 3,
  notImplemented: 4,
  refused: 5,
  badVersion: 16,
};

const soaType = 6;
const optType = 41;

/** The offset after the name at `offset`. RangeError when the message ends within it. */
export function nameEnd(packet: Buffer, offset: number): number {
  let at = offset;
  for (;;) {
    const length = packet.readUInt8(at);
    if (length === 0) return at + 1;
    // A pointer to a name that was written before: two bytes, and the last part of this one.
    if (length >= 0xc0) return at + 2;
    at += 1 + length;
  }
}

/** How much one message to this client may hold. */
export function payloadLimit({ edns }: Query, transport: "udp" | "tcp"): number {
  if (transport === "tcp") return 0xffff;
  return Math.min(Math.max(edns?.payloadBytes ?? 0, plainPayloadBytes), payloadBytesMax);
}

/** An answer with no records. */
export function emptyAnswer(query: Query, code: number, truncated = false): Buffer {
  const { packet, questionEnd, edns } = query;
  const { response, recursionDesired, recursionAvailable } = flag;
  const head = Buffer.from(packet.subarray(0, questionEnd));
  const kept = packet.readUInt16BE(2) & (0x7800 | recursionDesired);
  const cut = truncated ? flag.truncated : 0;
  head.writeUInt16BE(response | kept | recursionAvailable | cut | (code & 0xf), 2);
  setCounts(head, edns === undefined ? 0 : 1);
  // The upper bits of a code that needs more than four (RFC 6891 section 6.1.3).
  return edns === undefined ? head : Buffer.concat([head, optRecord(code >> 4, false)]);
}

/** The same question for a name server, without the client's own options: those are between it and us (RFC 6891 section 6.1.1). */
export function questionFor(query: Query, id: number): Buffer {
  const { packet, questionEnd, edns } = query;
  const head = Buffer.from(packet.subarray(0, questionEnd));
  head.writeUInt16BE(id, 0);
  head.writeUInt16BE(packet.readUInt16BE(2) & askableFlags, 2);
  setCounts(head, edns === undefined ? 0 : 1);
  return edns === undefined ? head : Buffer.concat([head, optRecord(0, edns.dnssecOk)]);
}

/** What makes two questions the same one for a name server. */
export function questionKey(query: Query): string {
  const { packet, questionEnd, edns } = query;
  const extension = edns === undefined ? "" : edns.dnssecOk ? "do" : "edns";
  return `${packet.readUInt16BE(2) & askableFlags} ${extension} ${spelledLow(packet, questionEnd)}`;
}

/** Whether `packet` answers `question`, a message of `questionFor`; a name server may refuse without repeating the question. */
export function isAnswerTo(question: Buffer, packet: Buffer): boolean {
  if (packet.length < headerBytes || packet.readUInt16BE(0) !== question.readUInt16BE(0)) return false;
  if ((packet.readUInt16BE(2) & (flag.response | 0x7800)) !== flag.response) return false;
  if (packet.readUInt16BE(4) === 0) return packet.length === headerBytes && rcodeOf(packet) !== rcode.ok;
  const end = nameEnd(question, headerBytes) + 4;
  return (
    packet.readUInt16BE(4) === 1 &&
    packet.length >= end &&
    spelledLow(packet, end) === spelledLow(question, end)
  );
}

export function rcodeOf(packet: Buffer): number {
  return packet.readUInt8(3) & 0xf;
}

export function isTruncated(packet: Buffer): boolean {
  return (packet.readUInt16BE(2) & flag.truncated) !== 0;
}

/** A name server's answer to the same question, in the form in which this client asked it. */
export function handOn(query: Query, answer: Buffer): Buffer {
  if (answer.length < query.questionEnd) return emptyAnswer(query, rcodeOf(answer));
  const copy = Buffer.from(answer);
  query.packet.copy(copy, 0, 0, 2);
  query.packet.copy(copy, headerBytes, headerBytes, query.questionEnd);
  copy.writeUInt16BE(copy.readUInt16BE(2) | flag.recursionAvailable, 2);
  return copy;
}

export type Lifetime = {
  /** How long the answer is true. */
  readonly seconds: number;
  /** Where in the message its TTLs are. */
  readonly ttlOffsets: readonly number[];
};

/**
 * `undefined` for a message that is malformed or does not say how long it is true: an answer with no records is true as
 * long as the SOA record beside it says (RFC 2308 section 5).
 */
export function lifetimeOf(packet: Buffer): Lifetime | undefined {
  try {
    const records = [...recordsOf(packet)];
    const telling = records.filter(({ section }) => section !== "additional");
    const terms = telling.flatMap(({ type, ttlOffset, end }) => {
      // A TTL with its top bit set is none (RFC 2181 section 8).
      const ttl = Math.max(packet.readInt32BE(ttlOffset), 0);
      return type === soaType ? [ttl, packet.readUInt32BE(end - 4)] : [ttl];
    });
    if (!telling.some(({ section, type }) => section === "answer" || type === soaType)) return undefined;
    return { seconds: Math.min(...terms), ttlOffsets: records.map(({ ttlOffset }) => ttlOffset) };
  } catch (err) {
    if (err instanceof RangeError) return undefined;
    throw err;
  }
}

/** The answer `seconds` after it was given. */
export function aged(packet: Buffer, { ttlOffsets }: Lifetime, seconds: number): Buffer {
  const copy = Buffer.from(packet);
  for (const at of ttlOffsets) copy.writeUInt32BE(Math.max(copy.readUInt32BE(at) - seconds, 0), at);
  return copy;
}

type RecordHead = {
  readonly section: "answer" | "authority" | "additional";
  readonly type: number;
  readonly ttlOffset: number;
  /** The offset after the record. */
  readonly end: number;
};

/** All records but OPT, which uses the place of the TTL for something else. RangeError when the message is malformed. */
function* recordsOf(packet: Buffer): Generator<RecordHead> {
  const counts = { answer: 6, authority: 8, additional: 10 } as const;
  let at = headerBytes;
  for (let left = packet.readUInt16BE(4); left > 0; left--) at = nameEnd(packet, at) + 4;
  for (const section of ["answer", "authority", "additional"] as const)
    for (let left = packet.readUInt16BE(counts[section]); left > 0; left--) {
      const fields = nameEnd(packet, at);
      const type = packet.readUInt16BE(fields);
      const end = fields + 10 + packet.readUInt16BE(fields + 8);
      if (end > packet.length) throw new RangeError("a record ends behind its message");
      if (type !== optType) yield { section, type, ttlOffset: fields + 4, end };
      at = end;
    }
}

function setCounts(head: Buffer, additionals: 0 | 1): void {
  [1, 0, 0, additionals].forEach((count, i) => head.writeUInt16BE(count, 4 + 2 * i));
}

/** Root name, type, how much we take, upper bits of the code, version 0, DO, no options. */
function optRecord(codeHigh: number, dnssecOk: boolean): Buffer {
  const record = Buffer.alloc(11);
  record.writeUInt16BE(optType, 1);
  record.writeUInt16BE(payloadBytesAsked, 3);
  record.writeUInt8(codeHigh, 5);
  record.writeUInt8(dnssecOk ? 0x80 : 0, 7);
  return record;
}

/** The question's bytes with A-Z as a-z (RFC 4343): lengths of labels are below 64, so none of them is taken for a letter. */
function spelledLow(packet: Buffer, questionEnd: number): string {
  return packet
    .toString("latin1", headerBytes, questionEnd)
    .replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
