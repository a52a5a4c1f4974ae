import { afterAll, expect, test } from "bun:test";
import { realHost } from "../base/host.ts";
import { silentLog } from "../base/log.ts";
import { digestOf } from "../spec/digest.ts";
import { downloadBlob } from "./blob-download.ts";
import { Pieces } from "./pieces.ts";
import { Repository } from "./repository.ts";
import { Transport } from "./transport.ts";

const bytes = crypto.getRandomValues(new Uint8Array(65_536)).toBase64().repeat(30);
const blob = { digest: digestOf(Buffer.from(bytes)), size: bytes.length };
const clock = { ...realHost(silentLog).clock, sleep: async () => {} };

/** The ranges that it was asked for. */
const asked: (string | null)[] = [];
let open = 0;
let mostOpen = 0;
let answer: (from: number, until: number) => Response = part;

function part(from: number, until: number): Response {
  const headers = { "Content-Range": `bytes ${from}-${until - 1}/${blob.size}` };
  return new Response(bytes.slice(from, until), { status: 206, headers });
}

const server = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  fetch: async (request) => {
    const range = request.headers.get("range");
    asked.push(range);
    mostOpen = Math.max(mostOpen, ++open);
    await Bun.sleep(1);
    open -= 1;
    const [, from = "0", last = ""] = /^bytes=(\d+)-(\d*)$/.exec(range ?? "") ?? [];
    return answer(Number(from), last === "" ? blob.size : Number(last) + 1);
  },
});
afterAll(() => server.stop(true));

const config = { mirrors: [], insecureRegistries: [], registries: {}, certsFolders: [] };
const repository = new Repository({
  transport: new Transport(config, { http: "", https: "", no: "" }),
  clock,
  endpoint: {
    origin: `http://127.0.0.1:${server.port}`,
    prefix: "",
    isMirror: false,
    isInsecure: true,
    options: {},
  },
  path: "app",
  credentials: undefined,
  actions: "pull",
});

async function download(pieces: Pieces, from = 0): Promise<string> {
  const options = { from, clock, signal: new AbortController().signal, pieces };
  const chunks = await Array.fromAsync(downloadBlob(repository, blob, options));
  return Buffer.concat(chunks).toString();
}

test("downloadBlob: in pieces from this machine, never two under way", async () => {
  asked.length = 0;
  mostOpen = 0;
  const pieces = new Pieces(2 * blob.size);
  expect(await Promise.all([download(pieces), download(pieces)])).toEqual([bytes, bytes]);
  expect(mostOpen).toBe(1);
  expect(asked.length).toBeGreaterThan(10);
});

test("downloadBlob: a resumed one asks for what is missing only", async () => {
  asked.length = 0;
  expect(await download(new Pieces(blob.size), 1_000_000)).toBe(bytes.slice(1_000_000));
  expect(asked[0]).toStartWith("bytes=1000000-");
  expect(asked.at(-1)).toEndWith("-");
});

test("downloadBlob: what knows no ranges is asked once", async () => {
  asked.length = 0;
  answer = () => new Response(bytes);
  expect(await download(new Pieces(blob.size))).toBe(bytes);
  expect(asked).toHaveLength(1);
  expect(await download(new Pieces(blob.size), 1_000_000)).toBe(bytes.slice(1_000_000));
  answer = part;
});

test("downloadBlob: another part than was asked for is refused", async () => {
  answer = (from, until) => part(from + 1, until + 1);
  const failure = async (): Promise<string> =>
    await download(new Pieces(blob.size)).catch((err: unknown) => String(err));
  expect(await failure()).toContain("the registry sent another part of blob");
  answer = (from, until) => part(from, until + 1);
  expect(await failure()).toContain("has not the size");
  answer = part;
});
