import { expect, test } from "bun:test";
import { digestHex, digestOfHex, digestProblem, isDigest, shortId } from "./digest.ts";

const hex = "0123456789abcdef".repeat(4);

test("isDigest: only lower-case sha256 of 64 digits", () => {
  expect(isDigest(`sha256:${hex}`)).toBe(true);
  for (const wrong of [
    hex,
    `sha256:${hex.toUpperCase()}`,
    `sha256:${hex}0`,
    `sha512:${hex}`,
    `sha256:${hex}\n`,
  ])
    expect(isDigest(wrong)).toBe(false);
});

test("digestHex undoes digestOfHex", () => {
  expect(digestHex(digestOfHex(hex))).toBe(hex);
});

test("shortId: 12 digits, with and without the algorithm", () => {
  expect(shortId(`sha256:${hex}`)).toBe("0123456789ab");
  expect(shortId(hex)).toBe("0123456789ab");
});

test("digestProblem says what is wrong in Docker's words", () => {
  expect(digestProblem(`sha256:${hex}`)).toBeUndefined();
  expect(digestProblem(hex)).toBe("invalid checksum digest format");
  expect(digestProblem("md5:00")).toBe("unsupported digest algorithm");
  expect(digestProblem("sha256:00")).toBe("invalid checksum digest length");
  expect(digestProblem(`sha256:${"z".repeat(64)}`)).toBe("invalid checksum digest format");
});
