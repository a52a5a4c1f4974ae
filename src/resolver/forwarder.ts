// Questions about names that are not ours: to the name servers, each question once however many ask it at the same time.
//
// INVARIANTS: a question that is under way is never sent on again, so one that comes back to us from a name server that
// asks us in turn (a loop) waits for itself and ends with the first one's deadline. At most `questionsMax` are under way.
import type { Host } from "../base/host.ts";
import { AnswerCache } from "./answer-cache.ts";
import type { Exchange, Server } from "./exchange.ts";
import { emptyAnswer, handOn, isTruncated, questionFor, questionKey, rcode, rcodeOf } from "./message.ts";
import type { Query } from "./query.ts";
import { staggered } from "./staggered.ts";

/** As many as Docker's. */
const questionsMax = 1024;
/** glibc asks three servers at most, and gives each of them 5 s: by then we have an answer or give up. */
const serversMax = 3;
const times = { nextAfterMs: 1000, deadlineMs: 4500 };
/** A server that did not answer is asked last for a while. */
const slowForMs = 10_000;
const warnEveryMs = 60_000;

export class Forwarder {
  readonly #host: Host;
  readonly #exchange: Exchange;
  readonly #cache: AnswerCache;
  readonly #underWay = new Map<string, Promise<Buffer | undefined>>();
  /** By server: until when it is asked last. */
  readonly #slow = new Map<string, number>();
  #warnAfterMs = 0;

  constructor(host: Host, exchange: Exchange) {
    this.#host = host;
    this.#exchange = exchange;
    this.#cache = new AnswerCache(host.clock);
  }

  /** The answer for this client, however long; server failure when there is none. Never rejects. */
  answer(query: Query, servers: readonly Server[]): Buffer | Promise<Buffer> {
    const key = `${questionKey(query)} ${servers.map(keyOf).join()}`;
    const known = this.#cache.get(key);
    if (known !== undefined) return handOn(query, known);
    const underWay = this.#underWay.get(key) ?? this.#begin(key, query, servers);
    return underWay.then((answer) =>
      answer === undefined ? emptyAnswer(query, rcode.serverFailure) : handOn(query, answer),
    );
  }

  #begin(key: string, query: Query, servers: readonly Server[]): Promise<Buffer | undefined> {
    if (servers.length === 0) return Promise.resolve(undefined);
    if (this.#underWay.size >= questionsMax) {
      this.#warn("too many questions to name servers under way", { limit: questionsMax });
      return Promise.resolve(undefined);
    }
    const asking = this.#ask(query, servers)
      .then((answer) => {
        if (answer !== undefined && !isTruncated(answer)) this.#cache.put(key, answer);
        return answer;
      })
      .catch((err: unknown) => {
        this.#warn("a question could not be asked", { error: String(err) });
        return undefined;
      })
      .finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, asking);
    return asking;
  }

  /** The first answer that tells something; else the last server's refusal; else nothing. */
  async #ask(query: Query, servers: readonly Server[]): Promise<Buffer | undefined> {
    let refusal: Buffer | undefined;
    const answer = await staggered(
      this.#inOrder(servers.slice(0, serversMax)).map((server) => async (signal: AbortSignal) => {
        const question = questionFor(query, this.#host.random.below(0x10000));
        const got = await this.#exchange(server, question, signal);
        this.#judge(server, got !== undefined);
        if (got === undefined || isFinal(got)) return got;
        refusal = got;
        return undefined;
      }),
      times,
    );
    if (answer === undefined && refusal === undefined)
      this.#warn("name servers do not answer", { servers: servers.map(keyOf) });
    return answer ?? refusal;
  }

  /** Those that answer come first; among them, and among the others, the order is the user's. */
  #inOrder(servers: readonly Server[]): Server[] {
    const now = this.#host.clock.monotonicMs();
    const isSlow = (server: Server): boolean => (this.#slow.get(keyOf(server)) ?? 0) > now;
    return [...servers.filter((server) => !isSlow(server)), ...servers.filter(isSlow)];
  }

  #judge(server: Server, answered: boolean): void {
    if (answered) this.#slow.delete(keyOf(server));
    else this.#slow.set(keyOf(server), this.#host.clock.monotonicMs() + slowForMs);
  }

  #warn(message: string, fields: Readonly<Record<string, unknown>>): void {
    const now = this.#host.clock.monotonicMs();
    if (now < this.#warnAfterMs) return;
    this.#warnAfterMs = now + warnEveryMs;
    this.#host.log.warn(message, fields);
  }
}

/** Others may know better than a server that fails, refuses or does not understand. */
function isFinal(answer: Buffer): boolean {
  return rcodeOf(answer) === rcode.ok || rcodeOf(answer) === rcode.nameError;
}

function keyOf({ address, port, netnsPath }: Server): string {
  return `${address}#${port ?? 53}${netnsPath === undefined ? "" : `@${netnsPath}`}`;
}
