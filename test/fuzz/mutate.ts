// What bad clients do to a request before it is bytes: method, path, query, headers, and the structure of the JSON body.
import type { Request } from "./corpus.ts";
import type { Random } from "../harness/random.ts";

type Mutation = (request: Request, random: Random) => Request;

const oddTexts = [
  "",
  " ",
  "\0",
  "a\0b",
  "\r\n",
  "../..",
  "%00",
  "%2e%2e%2f",
  "%",
  "%zz",
  "%ff",
  "\u{1f6a2}",
  "\u212a", // the Kelvin sign: lower case is k
  "\ud800",
  "é".repeat(300),
  "a".repeat(5000),
  "-1",
  "1e999",
  "99999999999999999999",
  "0x10",
  "NaN",
  "null",
  "__proto__",
  "constructor",
  "toString",
  "{}",
  "[]",
  `{"a":`,
  `[[[[[[`,
  `{"__proto__":["x"]}`,
  `{"label":{"a":1}}`,
  "1700000000.99999999999999999999",
  ":",
  "@sha256:" + "0".repeat(64),
];

function oddValue(random: Random): unknown {
  const values: readonly unknown[] = [
    null,
    true,
    false,
    0,
    -1,
    -0.5,
    1.5,
    2 ** 31,
    2 ** 53,
    2 ** 63,
    -(2 ** 63),
    1e308,
    [],
    {},
    [null],
    [[]],
    { a: { b: {} } },
    "x",
    Array.from({ length: 1000 }, () => "a"),
    nested(random.pick([10, 1000, 20_000])),
    Object.fromEntries([["__proto__", "x"]]),
    { constructor: null, toString: "x", hasOwnProperty: 1 },
    random.pick(oddTexts),
  ];
  return random.pick(values);
}

/** Lists in lists, or objects in objects; as raw JSON since JSON.stringify itself would run out of stack. */
const nested = (depth: number): RawJson => new RawJson("[".repeat(depth) + "]".repeat(depth));

/** A piece of JSON text that is put into the body as it is. */
class RawJson {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** JSON of a value with raw pieces in it; `twice` writes each key of an object two times, with another value first. */
export function jsonText(value: unknown, twice = false): string {
  if (value instanceof RawJson) return value.text;
  if (Array.isArray(value)) return `[${value.map((item) => jsonText(item, twice)).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const fields = Object.entries(value).map(([key, item]) => {
    const field = `${JSON.stringify(key)}:${jsonText(item, twice)}`;
    return twice ? `${JSON.stringify(key)}:7,${field}` : field;
  });
  return `{${fields.join(",")}}`;
}

/** The value with one part of it, somewhere, replaced by what `change` gives. */
function changeSomewhere(value: unknown, random: Random, change: (part: unknown) => unknown): unknown {
  if (typeof value !== "object" || value === null || value instanceof RawJson) return change(value);
  const entries = Object.entries(value);
  if (entries.length === 0 || random.oneIn(4)) return change(value);
  const [chosen, part] = random.pick(entries);
  const changed = changeSomewhere(part, random, change);
  if (Array.isArray(value)) return value.map((item: unknown, i) => (String(i) === chosen ? changed : item));
  return Object.fromEntries(entries.map(([key, item]) => [key, key === chosen ? changed : item]));
}

function changeJson(change: (part: unknown, random: Random) => unknown): Mutation {
  return (request, random) => {
    if (!request.body || !("json" in request.body)) return request;
    const json = changeSomewhere(request.body.json, random, (part) => change(part, random));
    return { ...request, body: { json } };
  };
}

const renamedKey = (part: unknown, random: Random): unknown => {
  if (typeof part !== "object" || part === null || Array.isArray(part) || part instanceof RawJson)
    return [part];
  const rename = random.pick([
    (key: string) => key.toLowerCase(),
    (key: string) => key.toUpperCase(),
    (key: string) => key.replaceAll("k", "\u212a"),
    () => "__proto__",
    () => "constructor",
    () => "",
  ]);
  return Object.fromEntries(
    Object.entries(part).map(([key, item]) => [random.oneIn(2) ? rename(key) : key, item]),
  );
};

function spliced(text: string, random: Random, piece: string): string {
  const at = random.below(text.length + 1);
  return text.slice(0, at) + piece + text.slice(at + (random.oneIn(2) ? random.below(3) : 0));
}

const strangeHeaders: readonly (readonly [string, string])[] = [
  ["Content-Type", "text/plain"],
  ["Content-Type", ""],
  ["Content-Type", "application/json; charset=" + "x".repeat(2000)],
  ["Content-Type", "APPLICATION/JSON"],
  ["Content-Type", ";;"],
  ["Expect", "100-continue"],
  ["Expect", "nonsense"],
  ["Connection", "Upgrade"],
  ["Upgrade", "tcp"],
  ["Upgrade", "h2c"],
  ["Upgrade", "websocket"],
  ["Connection", "keep-alive, close, Upgrade"],
  ["Sec-WebSocket-Key", "x"],
  ["Sec-WebSocket-Version", "13"],
  ["Accept", "application/json-seq"],
  ["Accept", ",;,".repeat(500)],
  ["X-Registry-Auth", "e30="],
  ["X-Registry-Auth", "\u00ff\u00fe"],
  ["Host", ""],
  ["Host", "a:b:c"],
  ["Cookie", "a".repeat(20_000)],
  ["X-Long", "x".repeat(300_000)],
  ["__proto__", "x"],
  ["Content-Encoding", "gzip"],
  ["Range", "bytes=0-"],
  ["If-Match", "*"],
  ["Transfer-Encoding", "gzip"],
  ["TE", "trailers"],
  ["Date", "not a date"],
];

const mutations: readonly Mutation[] = [
  (request, random) => ({
    ...request,
    method: random.pick([
      "GET",
      "HEAD",
      "POST",
      "PUT",
      "DELETE",
      "OPTIONS",
      "PATCH",
      "get",
      "CONNECT",
      "TRACE",
      "X",
    ]),
  }),
  (request, random) => ({ ...request, path: spliced(request.path, random, random.pick(oddTexts)) }),
  (request, random) => ({ ...request, path: request.path.replace(/[^/]+$/, () => random.pick(oddTexts)) }),
  (request, random) => ({
    ...request,
    path: request.path.replace(
      /^(\/v1\.\d+)?/,
      random.pick(["/v1.99", "/v0", "/v1", "/v1.41.5", "/v99999999999.1", "//", "/v1.-1"]),
    ),
  }),
  (request, random) => ({
    ...request,
    path: request.path.replaceAll("/", () => random.pick(["/", "//", "%2f", "/./"])),
  }),
  (request, random) => ({
    ...request,
    query: request.query.map(([key, value]) => [key, random.oneIn(2) ? random.pick(oddTexts) : value]),
  }),
  (request, random) => ({
    ...request,
    query: [...request.query, ...request.query, [random.pick(oddTexts), "x"]],
  }),
  (request, random) => ({ ...request, query: [...request.query, ["filters", random.pick(oddTexts)]] }),
  (request, random) => ({ ...request, headers: [...request.headers, random.pick(strangeHeaders)] }),
  (request, random) => ({
    ...request,
    headers: [...request.headers, random.pick(strangeHeaders), random.pick(strangeHeaders)],
  }),
  (request) => ({ ...request, headers: [...request.headers, ...request.headers] }),
  (request) => ({ ...request, headers: [] }),
  (request) => ({
    ...request,
    headers: [
      ...request.headers,
      ...Array.from({ length: 3000 }, (_, i): [string, string] => [`X-${i}`, "1"]),
    ],
  }),
  (request, random) => ({ ...request, body: { json: oddValue(random) } }),
  (request) => ({ ...request, body: undefined }),
  changeJson((_part, random) => oddValue(random)),
  changeJson((_part, random) => oddValue(random)),
  changeJson((part, random) =>
    typeof part === "string" ? spliced(part, random, random.pick(oddTexts)) : oddValue(random),
  ),
  changeJson((part) => ({ a: part })),
  changeJson((part) => [part, part]),
  changeJson(renamedKey),
  (request) =>
    request.body && "json" in request.body
      ? { ...request, body: { bytes: Buffer.from(jsonText(request.body.json, true)) } }
      : request,
];

/** One in three stays as it is: the mutated ones must find containers, execs and images in all their states. */
export function mutate(request: Request, random: Random): Request {
  const times = random.oneIn(3) ? 0 : 1 + random.below(3);
  return Array.from({ length: times }).reduce<Request>(
    (mutated) => random.pick(mutations)(mutated, random),
    request,
  );
}
