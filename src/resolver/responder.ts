// What comes of one packet from one client, whatever brought it: our own names first, then what the name servers say.
import type { Server } from "./exchange.ts";
import type { Forwarder } from "./forwarder.ts";
import { localAnswer, type Names } from "./local-answer.ts";
import { emptyAnswer, payloadLimit, rcode, rcodeOf } from "./message.ts";
import { readQuery } from "./query.ts";

/** One who may ask: what it is told of our names, and who is asked for it about others. */
export type Client = Names & {
  /** Best first; none: other names are answered with "server failure". Called for every question about another name. */
  readonly servers: () => readonly Server[];
};

export type Responder = (
  packet: Buffer,
  clientAddress: string,
  transport: "udp" | "tcp",
) => Buffer | undefined | Promise<Buffer>;

/** Transfers of a whole zone take many messages and are never meant for a resolver. */
const zoneTransfers = new Set(["AXFR", "IXFR"]);

/** `undefined` from the responder: the packet gets no answer. It never throws, whatever is in the packet. */
export function responder(
  clientOf: (address: string) => Client | undefined,
  forwarder: Pick<Forwarder, "answer">,
): Responder {
  const turns = new Turns();
  return (packet, clientAddress, transport) => {
    const client = clientOf(clientAddress);
    const query = client && readQuery(packet);
    if (client === undefined || query === undefined) return undefined;
    if (query.opcode !== "QUERY" || zoneTransfers.has(query.type))
      return emptyAnswer(query, rcode.notImplemented);
    if (query.edns !== undefined && query.edns.version > 0) return emptyAnswer(query, rcode.badVersion);
    const limit = payloadLimit(query, transport);
    const own = localAnswer(query, client, limit, () => turns.next(`${query.type} ${query.name}`));
    if (own !== undefined) return own;
    const fitting = (answer: Buffer): Buffer =>
      answer.length <= limit ? answer : emptyAnswer(query, rcodeOf(answer), true);
    const answer = forwarder.answer(query, client.servers());
    return answer instanceof Promise ? answer.then(fitting) : fitting(answer);
  };
}

const turnsMax = 1000;

/** One count for each question: with one for all, clients that ask for A and AAAA in turn would always meet the same first address. */
class Turns {
  readonly #counts = new Map<string, number>();

  next(question: string): number {
    const turn = this.#counts.get(question) ?? 0;
    if (this.#counts.size >= turnsMax) this.#counts.clear();
    this.#counts.set(question, turn + 1);
    return turn;
  }
}
