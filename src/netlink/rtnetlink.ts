// A conversation with the kernel about links, addresses and routes. Synchronous: the kernel has done a request, and
// queued its answer, when send(2) returns; nothing here ever waits.
import { failedWith, SyscallError, type ErrnoName } from "../sys/errno.ts";
import { closeFd } from "../sys/file.ts";
import { insideNetns } from "../sys/namespace.ts";
import { NETLINK_ROUTE, openNetlinkSocket, receiveDatagram, sendDatagram } from "../sys/netlink-socket.ts";
import { decodeAddress, getAddresses, RTM_NEWADDR, type InterfaceAddress } from "./address.ts";
import { NetlinkFormatError } from "./attribute.ts";
import { decodeLink, getLink, getLinks, RTM_NEWLINK, type Link, type LinkRef } from "./link.ts";
import {
  decodeMessages,
  decodeOutcome,
  encodeMessages,
  NLM_F_ACK,
  NLM_F_DUMP,
  NLM_F_DUMP_INTR,
  NLM_F_REQUEST,
  NLMSG_DONE,
  NLMSG_ERROR,
  type Message,
  type Request,
} from "./message.ts";
import { decodeRoute, getRoutes, RTM_NEWROUTE, type Route } from "./route.ts";

/** The kernel fills at most 32 KiB of a dump into one datagram; single answers are far smaller. */
const datagramBytesMax = 65_536;
/** A dump during which something changed is asked for again, this often at most. */
const dumpAttempts = 8;

/** The kernel refused a request. `detail` is its own sentence on why, where it has one. */
export class NetlinkError extends SyscallError {
  readonly detail: string | undefined;
  constructor(what: string, errno: number, detail: string | undefined) {
    super(what, errno);
    this.detail = detail;
    if (detail !== undefined) this.message += `: ${detail}`;
  }
}

/** A socket bound for ever to the network namespace in which it was opened. */
export class Rtnetlink implements Disposable {
  readonly #fd: number;
  readonly #buffer = new Uint8Array(datagramBytesMax);
  #sequence = 0;

  /** Of another protocol than rtnetlink where one is given; all of them speak alike. */
  constructor(protocol: number = NETLINK_ROUTE) {
    this.#fd = openNetlinkSocket(protocol);
  }

  /**
   * Has the requests done in order, all in one datagram: two system calls for any number. Later ones are tried even
   * when an earlier one failed (the kernel does that); the error is the first one's.
   */
  perform(...requests: readonly Request[]): void {
    const messages = requests.map((request) => this.#message(request, NLM_F_ACK));
    sendDatagram(this.#fd, encodeMessages(messages));
    this.#takeOutcomes(
      new Map(messages.map(({ sequence }, index) => [sequence, requests[index]?.what ?? ""])),
    );
  }

  /** All of the requests between two that open and close a transaction (nfnetlink's batches): all is done or nothing. */
  performTogether(begin: Request, requests: readonly Request[], end: Request): void {
    const messages = requests.map((request) => this.#message(request, NLM_F_ACK));
    // Only since Linux 6.10 are these two acknowledged when asked.
    const [first, last] = [begin, end].map((request) => this.#message(request, 0)) as [Message, Message];
    sendDatagram(this.#fd, encodeMessages([first, ...messages, last]));
    const waiting = new Map(
      messages.map(({ sequence }, index) => [sequence, requests[index]?.what ?? ""] as const),
    );
    this.#takeOutcomes(waiting, { sequence: first.sequence, what: begin.what });
  }

  /** @param whole what the kernel answers in the place of all others when nothing comes of any. */
  #takeOutcomes(
    waiting: Map<number, string>,
    whole?: { readonly sequence: number; readonly what: string },
  ): void {
    let failure: NetlinkError | undefined;
    while (waiting.size > 0) {
      for (const reply of this.#receive()) {
        if (reply.type !== NLMSG_ERROR) continue;
        const what = reply.sequence === whole?.sequence ? whole.what : waiting.get(reply.sequence);
        if (what === undefined) continue;
        waiting.delete(reply.sequence);
        const { errno, detail } = decodeOutcome(reply);
        if (errno !== 0) failure ??= new NetlinkError(what, errno, detail);
        if (reply.sequence === whole?.sequence) waiting.clear();
      }
    }
    if (failure !== undefined) throw failure;
  }

  /** The one message that answers a question. */
  ask(request: Request): Message {
    const [answer] = this.#collect(request, NLM_F_ACK);
    if (answer === undefined) throw new NetlinkFormatError(`${request.what}: the kernel did not answer`);
    return answer;
  }

  /** All messages that answer a question about everything, as of one moment. */
  dump(request: Request): Message[] {
    for (let attempt = 1; ; attempt++) {
      const answers = this.#collect(request, NLM_F_DUMP);
      const torn = answers.some(({ flags }) => (flags & NLM_F_DUMP_INTR) !== 0);
      if (!torn || attempt === dumpAttempts) return answers;
    }
  }

  close(): void {
    closeFd(this.#fd);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Sends and takes what comes until the acknowledgement, or the end of the dump. */
  #collect(request: Request, flags: number): Message[] {
    const message = this.#message(request, flags);
    sendDatagram(this.#fd, encodeMessages([message]));
    const answers: Message[] = [];
    for (;;) {
      for (const reply of this.#receive()) {
        if (reply.sequence !== message.sequence) continue;
        if (reply.type !== NLMSG_ERROR && reply.type !== NLMSG_DONE) {
          // The buffer is used again for the next datagram.
          answers.push({ ...reply, body: reply.body.slice() });
          continue;
        }
        const { errno, detail } = decodeOutcome(reply);
        if (errno !== 0) throw new NetlinkError(request.what, errno, detail);
        return answers;
      }
    }
  }

  #message({ type, flags, body }: Request, more: number): Message {
    this.#sequence = (this.#sequence + 1) >>> 0;
    return { type, flags: flags | NLM_F_REQUEST | more, sequence: this.#sequence, body };
  }

  #receive(): Message[] {
    const length = receiveDatagram(this.#fd, this.#buffer);
    if (length === undefined) throw new NetlinkFormatError("the kernel's answer is not there");
    return decodeMessages(this.#buffer.subarray(0, length));
  }
}

/** A conversation about the network namespace of this thread. */
export function openRtnetlink(): Rtnetlink {
  return new Rtnetlink();
}

/** A conversation about the namespace behind a netns file (or /proc/PID/ns/net). */
export function openRtnetlinkIn(netnsPath: string): Rtnetlink {
  return insideNetns(netnsPath, () => new Rtnetlink());
}

/** `undefined` when there is no such link. */
export function findLink(rtnetlink: Rtnetlink, link: LinkRef): Link | undefined {
  try {
    return decodeLink(rtnetlink.ask(getLink(link)).body);
  } catch (err) {
    if (failedWith(err, "ENODEV")) return undefined;
    throw err;
  }
}

/** Each look takes some 30 microseconds. */
const looksMax = 200;

/**
 * Waits until frames pass through a link whose carrier has just come. The kernel's link watch acts on a carrier some time
 * later, and until then nothing goes out, or through that port of a bridge: a first packet would be lost and come again a
 * second after. Since Linux 6.9 asking for the link runs the watch at once. Returns in any case.
 */
export function settleCarrier(rtnetlink: Rtnetlink, link: LinkRef): void {
  for (let looks = 0; looks < looksMax; looks++) if (findLink(rtnetlink, link)?.operational !== false) return;
}

export function listLinks(rtnetlink: Rtnetlink): Link[] {
  return rtnetlink
    .dump(getLinks)
    .filter(({ type }) => type === RTM_NEWLINK)
    .map(({ body }) => decodeLink(body));
}

/** The IPv4 and IPv6 addresses of all links. */
export function listAddresses(rtnetlink: Rtnetlink): InterfaceAddress[] {
  return rtnetlink
    .dump(getAddresses)
    .filter(({ type }) => type === RTM_NEWADDR)
    .map(({ body }) => decodeAddress(body))
    .filter((address) => address !== undefined);
}

/** The IPv4 and IPv6 routes of all tables, those to the host's own addresses too. */
export function listRoutes(rtnetlink: Rtnetlink): Route[] {
  return rtnetlink
    .dump(getRoutes)
    .filter(({ type }) => type === RTM_NEWROUTE)
    .map(({ body }) => decodeRoute(body))
    .filter((route) => route !== undefined);
}

/** Has it done, or finds that `fine` is why it cannot be: it is there, or gone, already. */
export function performUnless(rtnetlink: Rtnetlink, fine: ErrnoName, request: Request): void {
  try {
    rtnetlink.perform(request);
  } catch (err) {
    if (!failedWith(err, fine)) throw err;
  }
}
