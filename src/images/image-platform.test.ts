import { describe, expect, test } from "bun:test";
import { InvalidParameterError, NotFoundError } from "../base/errors.ts";
import {
  choosePlatform,
  isForPlatform,
  parsePlatform,
  parsePlatformJson,
  requirePlatform,
} from "./image-platform.ts";
import type { Image } from "./image-store.ts";

const image = (os: string, architecture: string, variant?: string): Image =>
  ({ body: { os, architecture, variant } }) as unknown as Image;

describe("parsePlatform", () => {
  test.each([
    ["linux", "linux", "", ""],
    ["linux/amd64", "linux", "amd64", ""],
    ["linux/x86_64", "linux", "amd64", ""],
    ["Linux/ARM64/v8", "linux", "arm64", "v8"],
    ["linux/armhf", "linux", "arm", "v7"],
    ["arm64", "linux", "arm64", ""],
  ])("%p", (text, os, architecture, variant) => {
    expect(parsePlatform(text)).toEqual({ os, architecture, variant });
  });
  test.each([["linux/"], ["a/b/c/d"], ["linux/am d64"]])("%p is refused", (text) => {
    expect(() => parsePlatform(text)).toThrow(InvalidParameterError);
  });
});

describe("parsePlatformJson", () => {
  test("an OCI platform", () => {
    expect(parsePlatformJson('{"os":"linux","architecture":"arm64","variant":"v8"}')).toEqual({
      os: "linux",
      architecture: "arm64",
      variant: "v8",
    });
  });
  test.each([
    ["x", "failed to parse platform"],
    ["[]", "failed to parse platform"],
    ['{"os":"linux"}', "both OS and Architecture must be provided"],
    ["{}", "both OS and Architecture must be provided"],
    ['{"variant":"v8"}', "optional platform fields provided, but OS and Architecture are missing"],
  ])("%p is refused", (text, message) => {
    expect(() => parsePlatformJson(text)).toThrow(message);
  });
});

test.each([
  [image("linux", "amd64"), "linux", true],
  [image("linux", "amd64"), "linux/amd64", true],
  [image("linux", "amd64"), "linux/arm64", false],
  [image("linux", "amd64"), "windows/amd64", false],
  [image("linux", "arm", "v6"), "linux/arm/v7", true],
  [image("linux", "arm", "v7"), "linux/arm/v6", false],
  [image("linux", "arm64"), "linux/arm64/v8", true],
])("isForPlatform: %p for %p", (found, wanted, expected) => {
  expect(isForPlatform(found, parsePlatform(wanted))).toBe(expected);
});

test("requirePlatform: says what there is and what was wanted", () => {
  const found = image("linux", "amd64");
  expect(() => requirePlatform(found, "box:latest", parsePlatform("linux/amd64"))).not.toThrow();
  expect(() => requirePlatform(found, "box:latest", parsePlatform("linux/arm64/v8"))).toThrow(
    new NotFoundError(
      "image with reference box:latest was found but its platform (linux/amd64) does not match the specified platform (linux/arm64/v8)",
    ),
  );
});

const of = (text: string) => {
  const [os = "", architecture = "", variant] = text.split("/");
  return { text, platform: { os, architecture, ...(variant === undefined ? {} : { variant }) } };
};

test.each([
  ["the one that fits", "linux/amd64", ["linux/arm64", "linux/amd64"], "linux/amd64"],
  ["not another system", "linux/amd64", ["windows/amd64"], undefined],
  ["the first of equals", "linux/amd64", ["linux/amd64", "linux/amd64/v1"], "linux/amd64"],
  ["no higher variant than is wanted", "linux/amd64", ["linux/amd64/v3"], undefined],
  [
    "the highest that runs",
    "linux/amd64/v3",
    ["linux/amd64", "linux/amd64/v2", "linux/amd64/v4"],
    "linux/amd64/v2",
  ],
  ["arm64 means v8", "linux/arm64", ["linux/arm64/v8"], "linux/arm64/v8"],
  ["an older arm", "linux/arm/v7", ["linux/arm/v5", "linux/arm/v6"], "linux/arm/v6"],
  ["nothing of nothing", "linux/amd64", [], undefined],
] as const)("choosePlatform: %s", (_, wanted, candidates, expected) => {
  expect(choosePlatform(candidates.map(of), of(wanted).platform)?.text).toBe(expected as never);
});

test("choosePlatform: what says nothing fits nowhere", () => {
  expect(
    choosePlatform([{}, { platform: { os: 1, architecture: {} } }], of("linux/amd64").platform),
  ).toBeUndefined();
});
