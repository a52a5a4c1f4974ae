// Netlink messages: a 16-byte header, then a body whose layout belongs to its type; several in one datagram
// (include/uapi/linux/netlink.h).
//
//   0        4      6       8          12       16
//   | length | type | flags | sequence | port   | body … | padding to 4 |
//
//   request + ACK          ->   NLMSG_ERROR with errno 0, or the errno negated and the kernel's words on it
//   request + DUMP         ->   messages with MULTI, in one or more datagrams, then NLMSG_DONE
import {
  aligned,
  decodeAttributes,
  encodeAttributes,
  NetlinkFormatError,
  readText,
  type Attribute,
} from "./attribute.ts";

export const NLM_F_REQUEST = 0x1;
export const NLM_F_ACK = 0x4;
export const NLM_F_DUMP_INTR = 0x10;
export const NLM_F_DUMP = 0x300;
export const NLM_F_REPLACE = 0x100;
export const NLM_F_EXCL = 0x200;
export const NLM_F_CREATE = 0x400;

export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;

const NLM_F_CAPPED = 0x100;
const NLM_F_ACK_TLVS = 0x200;
const NLMSGERR_ATTR_MSG = 1;
const headerBytes = 16;

export type Message = {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly body: Uint8Array;
};

/** One thing to ask of the kernel, as data: built by link.ts, address.ts and route.ts, sent by rtnetlink.ts. */
export type Request = {
  /** What it does, for the message of a failure: `add address 172.18.0.2/16`. */
  readonly what: string;
  readonly type: number;
  /** Beyond NLM_F_REQUEST, which every request has. */
  readonly flags: number;
  readonly body: Uint8Array;
};

/** A body: the fixed structure of the message's type and the attributes behind it. */
export function bodyOf(header: Uint8Array, attributes: readonly Attribute[]): Uint8Array {
  const encoded = encodeAttributes(attributes);
  const body = new Uint8Array(aligned(header.length) + encoded.length);
  body.set(header);
  body.set(encoded, aligned(header.length));
  return body;
}

/** The two parts of a body whose fixed structure has `headerLength` bytes. */
export function splitBody(body: Uint8Array, headerLength: number) {
  if (body.length < headerLength)
    throw new NetlinkFormatError(`a body of ${body.length} bytes where ${headerLength} are the least`);
  return {
    header: new DataView(body.buffer, body.byteOffset, headerLength),
    attributes: decodeAttributes(body.subarray(aligned(headerLength))),
  };
}

/** The datagram that carries these messages. */
export function encodeMessages(messages: readonly Message[]): Uint8Array {
  const bytes = new Uint8Array(
    messages.reduce((sum, { body }) => sum + aligned(headerBytes + body.length), 0),
  );
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const { type, flags, sequence, body } of messages) {
    view.setUint32(at, headerBytes + body.length, true);
    view.setUint16(at + 4, type, true);
    view.setUint16(at + 6, flags, true);
    view.setUint32(at + 8, sequence, true);
    bytes.set(body, at + headerBytes);
    at += aligned(headerBytes + body.length);
  }
  return bytes;
}

/** The messages of a datagram, their bodies views into it. */
export function decodeMessages(datagram: Uint8Array): Message[] {
  const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.length);
  const messages: Message[] = [];
  let at = 0;
  while (at < datagram.length) {
    const left = datagram.length - at;
    const length = left < headerBytes ? 0 : view.getUint32(at, true);
    if (length < headerBytes || length > left)
      throw new NetlinkFormatError(`a message of ${length} bytes in ${left}`);
    messages.push({
      type: view.getUint16(at + 4, true),
      flags: view.getUint16(at + 6, true),
      sequence: view.getUint32(at + 8, true),
      body: datagram.subarray(at + headerBytes, at + length),
    });
    at += aligned(length);
  }
  return messages;
}

export type Outcome = { readonly errno: number; readonly detail: string | undefined };

/** What NLMSG_ERROR and NLMSG_DONE say: errno 0 is success; `detail` is the kernel's own sentence, where it has one. */
export function decodeOutcome(message: Message): Outcome {
  const { type, flags, body } = message;
  if (body.length < 4) {
    if (type === NLMSG_DONE) return { errno: 0, detail: undefined };
    throw new NetlinkFormatError("an acknowledgement without its errno");
  }
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  const errno = -view.getInt32(0, true);
  if ((flags & NLM_F_ACK_TLVS) === 0) return { errno: errno || 0, detail: undefined };
  const attributes = decodeAttributes(body.subarray(Math.min(body.length, attributesAt(message, view))));
  return { errno: errno || 0, detail: readText(attributes, NLMSGERR_ATTR_MSG) };
}

/** NLMSG_ERROR repeats the request's header behind the errno, and unless it is capped the whole request. */
function attributesAt({ type, flags }: Message, view: DataView): number {
  if (type !== NLMSG_ERROR) return 4;
  if ((flags & NLM_F_CAPPED) !== 0 || view.byteLength < 4 + headerBytes) return 4 + headerBytes;
  return 4 + aligned(Math.max(headerBytes, view.getUint32(4, true)));
}
