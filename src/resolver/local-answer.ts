// What a network's resolver knows by itself: the names and addresses of the containers on it. Pure.
import {
  encode,
  encodingLength,
  RECURSION_AVAILABLE,
  RECURSION_DESIRED,
  TRUNCATED_RESPONSE,
  type Answer,
  type Packet,
  type RecordType,
} from "dns-packet";
import { IPv4, IPv6 } from "ipaddr.js";
import { emptyAnswer, payloadBytesAsked, rcode } from "./message.ts";
import type { Query } from "./query.ts";

/** What one client of the resolver is told. */
export type Names = {
  /** All addresses of a name in lower case, of both families; `undefined` for a name that is none of ours. */
  readonly addressesOf: (name: string) => readonly string[] | undefined;
  /** The first name of an address, written as ipaddr.js writes it; `undefined` for one that is none of ours. */
  readonly nameOf: (address: string) => string | undefined;
  /** Names without a dot are never asked of others (Docker: when `ndots` is set, so that the search list gets its turn). */
  readonly singleLabelsStay: boolean;
};

/**
 * How long a client may keep an answer. Docker says 600, and those who believe it (nginx, Java) miss a container that
 * comes back with another address.
 */
const ttlSeconds = 5;

const opt: Answer = {
  type: "OPT",
  name: ".",
  udpPayloadSize: payloadBytesAsked,
  extendedRcode: 0,
  ednsVersion: 0,
  flags: 0,
  flag_do: false,
  options: [],
};

/**
 * The answer to a query about one of our names, at most `limit` bytes, or `undefined`: somebody else may know. A name
 * of ours is ours for every type, so that a missing AAAA or HTTPS record is "none" and never "no such name".
 * `turn` is asked how often this question was answered before: the order of several addresses rotates.
 */
export function localAnswer(
  query: Query,
  names: Names,
  limit: number,
  turn: () => number,
): Buffer | undefined {
  const { name, type } = query;
  if (type === "PTR") {
    const address = reversedAddress(name);
    const target = address === undefined ? undefined : names.nameOf(address);
    if (target !== undefined) return write(query, [{ ...recordOf(query), type: "PTR", data: target }], limit);
  }
  const addresses = names.addressesOf(name);
  if (addresses !== undefined) return write(query, addressRecords(query, rotated(addresses, turn)), limit);
  if (names.singleLabelsStay && !name.includes(".") && (type === "A" || type === "AAAA"))
    return emptyAnswer(query, rcode.ok);
  return undefined;
}

function addressRecords(query: Query, addresses: readonly string[]): Answer[] {
  return addresses.flatMap((data): Answer[] => {
    const type = data.includes(":") ? "AAAA" : "A";
    return query.type === type || query.type === "ANY" ? [{ ...recordOf(query), type, data }] : [];
  });
}

/** All of a record but its type and data. */
function recordOf({ spelling }: Query): { readonly name: string; readonly ttl: number } {
  return { name: spelling, ttl: ttlSeconds };
}

function rotated<T>(list: readonly T[], turn: () => number): readonly T[] {
  if (list.length < 2) return list;
  const first = turn() % list.length;
  return [...list.slice(first), ...list.slice(0, first)];
}

/** What does not fit is left out and the client told so, which then asks over TCP; some (musl) use what they got. */
function write(query: Query, answers: readonly Answer[], limit: number): Buffer {
  const whole = answerWith(query, answers, 0);
  if (encodingLength(whole) <= limit) return encode(whole);
  const empty = encodingLength(answerWith(query, [], 0));
  const each = Math.max(...answers.map((answer) => encodingLength(answerWith(query, [answer], 0)) - empty));
  return encode(answerWith(query, answers.slice(0, Math.floor((limit - empty) / each)), TRUNCATED_RESPONSE));
}

function answerWith(
  { packet, spelling, type, edns }: Query,
  answers: readonly Answer[],
  flags: number,
): Packet {
  return {
    id: packet.readUInt16BE(0),
    type: "response",
    // AA stays unset, as in Docker's answers.
    flags: flags | (packet.readUInt16BE(2) & RECURSION_DESIRED) | RECURSION_AVAILABLE,
    questions: [{ name: spelling, type: type as RecordType }],
    answers: [...answers],
    additionals: edns === undefined ? [] : [opt],
  };
}

/** `172.18.0.2` for `2.0.18.172.in-addr.arpa`, and the 32 digits of ip6.arpa likewise; `undefined` for anything else. */
export function reversedAddress(name: string): string | undefined {
  const v4 = /^((?:\d{1,3}\.){4})in-addr\.arpa$/.exec(name)?.[1];
  if (v4 !== undefined) {
    const text = v4.slice(0, -1).split(".").toReversed().join(".");
    return IPv4.isValidFourPartDecimal(text) ? text : undefined;
  }
  const v6 = /^((?:[0-9a-f]\.){32})ip6\.arpa$/.exec(name)?.[1];
  if (v6 === undefined) return undefined;
  const digits = v6.split(".").toReversed().join("");
  return IPv6.parse(digits.match(/.{4}/g)?.join(":") ?? "").toString();
}
