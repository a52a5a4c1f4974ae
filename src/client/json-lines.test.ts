import { expect, test } from "bun:test";
import { bodyLines } from "./json-lines.ts";

async function linesOf(...pieces: readonly (string | Uint8Array)[]): Promise<string[]> {
  const body = (async function* parts() {
    for (const piece of pieces) yield Buffer.from(piece as string);
  })();
  return await Array.fromAsync(bodyLines(body));
}

test("lines are cut at line ends, wherever the pieces are", async () => {
  expect(await linesOf('{"a":', '1}\n{"b":2}\r\n', "\n", '{"c":3}')).toEqual([
    '{"a":1}',
    '{"b":2}',
    '{"c":3}',
  ]);
});

test("a letter of several bytes may be cut apart", async () => {
  const bytes = Buffer.from('{"a":"舢"}\n');
  expect(await linesOf(bytes.subarray(0, 7), bytes.subarray(7))).toEqual(['{"a":"舢"}']);
});

test("an empty body has no lines", async () => expect(await linesOf("", "\n")).toEqual([]));
