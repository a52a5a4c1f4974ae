// A question from a client, read from its bytes.
import { decode, type OptAnswer } from "dns-packet";
import { headerBytes, nameEnd } from "./message.ts";

export type Query = {
  /** Lower case, without the dot at its end; "." is the root. */
  readonly name: string;
  /** The name as the client wrote it, without that dot. */
  readonly spelling: string;
  /** `A`, `AAAA`, …; `UNKNOWN_65` for a type that has no name yet. */
  readonly type: string;
  readonly opcode: string;
  /** RFC 6891; undefined when the client does not speak it. */
  readonly edns:
    | { readonly payloadBytes: number; readonly dnssecOk: boolean; readonly version: number }
    | undefined;
  /** The message as it came. */
  readonly packet: Buffer;
  /** Where name, type and class of the question end in it. */
  readonly questionEnd: number;
};

/** `undefined` for what is no question: malformed, a response (answering one could go on for ever), or not exactly one question. */
export function readQuery(packet: Buffer): Query | undefined {
  try {
    const {
      type,
      opcode,
      questions = [],
      additionals = [],
    } = decode(packet) as ReturnType<typeof decode> & {
      readonly opcode: string;
    };
    const [question] = questions;
    if (type !== "query" || question === undefined || questions.length > 1) return undefined;
    const opt = additionals.find((record) => record.type === "OPT");
    return {
      name: question.name.toLowerCase(),
      spelling: question.name,
      type: question.type,
      opcode,
      edns: opt && ednsOf(opt),
      packet,
      questionEnd: nameEnd(packet, headerBytes) + 4,
    };
  } catch {
    // Whoever sends what is no DNS message gets no answer, and must not be able to fill the log.
    return undefined;
  }
}

/** The top bit of the flags is DO, DNSSEC OK (RFC 3225). */
function ednsOf({ udpPayloadSize, flags, ednsVersion }: OptAnswer): NonNullable<Query["edns"]> {
  return { payloadBytes: udpPayloadSize, dnssecOk: (flags & 0x8000) !== 0, version: ednsVersion };
}
