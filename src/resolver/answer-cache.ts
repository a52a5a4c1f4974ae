// Answers of name servers for as long as they are true, the ones used last: a bounded memory that forgets the rest.
import type { Clock } from "../base/host.ts";
import { aged, lifetimeOf, rcode, rcodeOf, type Lifetime } from "./message.ts";

type Entry = { readonly packet: Buffer; readonly lifetime: Lifetime; readonly storedMs: number };

const entriesMax = 1000;
const packetBytesMax = 4096;
/** Some servers say a week; a name that moved is believed after an hour at the latest. */
const secondsMax = 3600;

export class AnswerCache {
  readonly #clock: Clock;
  /** In the order of their last use: the first is the next to go. */
  readonly #entries = new Map<string, Entry>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The answer with the TTLs that are left of it. */
  get(key: string): Buffer | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    const ageSeconds = (this.#clock.monotonicMs() - entry.storedMs) / 1000;
    if (ageSeconds >= entry.lifetime.seconds) return undefined;
    this.#entries.set(key, entry);
    return aged(entry.packet, entry.lifetime, Math.floor(ageSeconds));
  }

  /** Keeps answers that are complete and final: a name with its records, or that there is none. */
  put(key: string, packet: Buffer): void {
    if (packet.length > packetBytesMax || ![rcode.ok, rcode.nameError].includes(rcodeOf(packet))) return;
    const lifetime = lifetimeOf(packet);
    if (lifetime === undefined || lifetime.seconds === 0) return;
    const seconds = Math.min(lifetime.seconds, secondsMax);
    this.#entries.delete(key);
    this.#entries.set(key, {
      packet,
      lifetime: { ...lifetime, seconds },
      storedMs: this.#clock.monotonicMs(),
    });
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > entriesMax && oldest !== undefined) this.#entries.delete(oldest);
  }
}
