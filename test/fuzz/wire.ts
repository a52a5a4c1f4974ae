// A request as bytes, with everything that can be wrong with its framing.
import type { Request } from "./corpus.ts";
import { jsonText } from "./mutate.ts";
import type { Random } from "../harness/random.ts";

/** What the client does once it has sent its bytes. */
export type Ending = "wait" | "half-close" | "cut";
export type Wire = {
  readonly bytes: Buffer;
  readonly ending: Ending;
  /** It is a whole request: the daemon owes an answer. */
  readonly isWhole: boolean;
};

/** `next` is the request that is sent behind this one where requests are pipelined. */
export function wireOf(request: Request, random: Random, next: Request): Wire {
  const target = targetOf(request, random);
  const isPlain = !random.oneIn(6);
  const frame = isPlain ? plainFraming : random.pick(badFramings);
  const framed = frame(headOf(request, target), bodyOf(request), random);
  const second = random.oneIn(30)
    ? plainFraming(headOf(next, targetOf(next, random)), bodyOf(next), random)
    : Buffer.alloc(0);
  const bytes = Buffer.concat([framed, second]);
  const isMangled = random.oneIn(12);
  const ending = random.oneIn(20) ? "cut" : random.oneIn(12) ? "half-close" : "wait";
  return { bytes: isMangled ? mangle(bytes, random) : bytes, ending, isWhole: isPlain && !isMangled };
}

function targetOf({ path, query }: Request, random: Random): string {
  // Raw and escaped alike: some clients forget to escape, and what they send is then not even a request line.
  const escape = random.oneIn(10)
    ? (text: string) => text
    : (text: string) => encodeURIComponent(text.toWellFormed());
  const pairs = query.map(([key, value]) => `${escape(key)}=${escape(value)}`);
  return path + (pairs.length > 0 ? `?${pairs.join("&")}` : "");
}

function headOf({ method, headers }: Request, target: string): string[] {
  return [`${method} ${target} HTTP/1.1`, ...headers.map(([name, value]) => `${name}: ${value}`)];
}

function bodyOf({ body }: Request): Buffer | undefined {
  return body && ("json" in body ? Buffer.from(jsonText(body.json)) : body.bytes);
}

type Framing = (head: readonly string[], body: Buffer | undefined, random: Random) => Buffer;

const join = (head: readonly string[], ...parts: readonly (Buffer | string)[]): Buffer =>
  Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`), ...parts.map((part) => Buffer.from(part))]);

const none = Buffer.alloc(0);
const chunk = (bytes: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from("\r\n")]);
const chunked = "Transfer-Encoding: chunked";

const plainFraming: Framing = (head, body, random) => {
  const closing = random.oneIn(3) ? [...head] : [...head, "Connection: close"];
  if (body === undefined) return join(closing);
  return random.oneIn(4)
    ? join([...closing, chunked], chunk(body), "0\r\n\r\n")
    : join([...closing, `Content-Length: ${body.length}`], body);
};

const badFramings: readonly Framing[] = [
  (head, body = none) => join([...head, `Content-Length: ${body.length + 10}`], body),
  (head, body = none) => join([...head, `Content-Length: ${Math.max(0, body.length - 5)}`], body),
  (head, body = none, random) =>
    join(
      [
        ...head,
        `Content-Length: ${random.pick(["-1", "x", "1e3", "99999999999999999999", "9007199254740993", "+5", "0x5"])}`,
      ],
      body,
    ),
  (head, body = none) => join([...head, `Content-Length: ${body.length}`, "Content-Length: 3"], body),
  (head, body = none) => join([...head, `Content-Length: ${body.length}`, chunked], chunk(body), "0\r\n\r\n"),
  (head, body = none) => join([...head, chunked], chunk(body)),
  (head, body = none) => join([...head, chunked], body),
  (head, body = none, random) =>
    join(
      [...head, chunked],
      random.pick(["-1", "zz", "ffffffffffffffff", "7fffffff", "5;x=y", ""]),
      "\r\n",
      body,
      "\r\n0\r\n\r\n",
    ),
  (head, body = none) =>
    join([...head, chunked], chunk(body), "0\r\nX-Trailer: 1\r\nContent-Length: 5\r\n\r\n"),
  (head, body = none) =>
    join([...head, chunked], `1;${"x".repeat(20_000)}\r\na\r\n`, chunk(body), "0\r\n\r\n"),
  (head, body = none) => join([...head, "Transfer-Encoding: chunked, chunked"], chunk(body), "0\r\n\r\n"),
  (head, body = none) => Buffer.concat([Buffer.from(`${head.join("\n")}\n\n`), body]),
  (head, body = none) =>
    join([(head[0] ?? "").replace("1.1", "1.0"), ...head.slice(1), `Content-Length: ${body.length}`], body),
  (head) => Buffer.from(`${(head[0] ?? "").replace(/ HTTP.*/, "")}\r\n`),
  (head, _body, random) =>
    join([
      (head[0] ?? "").replace("HTTP/1.1", random.pick(["HTTP/2.0", "HTTP/9", "http/1.1", "", "HTTP/1.1 x"])),
    ]),
  () => Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
  (head) => join([...head, " folded: line"]),
  (head) => join([...head, "no colon"]),
  (head, _body, random) => join([...head, `X-Odd: ${random.bytes(20).toString("latin1")}`]),
  (head) => Buffer.from(`\r\n\r\n\r\n${head.join("\r\n")}\r\n\r\n`),
  (head, _body, random) => Buffer.concat([join(head), random.bytes(2000)]),
];

/** Bytes flipped, taken out, put in, or the end missing. */
function mangle(bytes: Buffer, random: Random): Buffer {
  const at = random.below(bytes.length + 1);
  switch (random.below(4)) {
    case 0: {
      const flipped = Buffer.from(bytes);
      for (let i = 0; i < 3; i++) flipped[random.below(bytes.length)] = random.below(256);
      return flipped;
    }
    case 1:
      return bytes.subarray(0, at);
    case 2:
      return Buffer.concat([bytes.subarray(0, at), random.bytes(random.below(40)), bytes.subarray(at)]);
    default:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + random.below(40))]);
  }
}
