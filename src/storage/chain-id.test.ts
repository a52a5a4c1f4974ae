import { createHash } from "node:crypto";
import { expect, test } from "bun:test";
import { digestOfHex } from "../spec/digest.ts";
import { chainIDsOf } from "./chain-id.ts";

const sha256 = (text: string) => digestOfHex(createHash("sha256").update(text).digest("hex"));

test("chainIDsOf: the lowest layer is its own chain, the others hash what is below with a space between", () => {
  const [a, b, c] = [sha256("a"), sha256("b"), sha256("c")];
  const ab = sha256(`${a} ${b}`);
  expect(chainIDsOf([a, b, c])).toEqual([a, ab, sha256(`${ab} ${c}`)]);
  expect(chainIDsOf([])).toEqual([]);
});
