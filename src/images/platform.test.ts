import { expect, test } from "bun:test";
import { choosePlatform, parsePlatform } from "./platform.ts";

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

test.each([
  ["linux/x86_64", { os: "linux", architecture: "amd64" }],
  ["linux/arm64/v8", { os: "linux", architecture: "arm64", variant: "v8" }],
])("parsePlatform: %s", (text, expected) => {
  expect(parsePlatform(text)).toEqual(expected);
});

test.each(["windows/amd64", "linux/amd64/v1/x", "linux/../x", "linux/amd64/"])(
  "parsePlatform: refuses %s",
  (text) => {
    expect(() => parsePlatform(text)).toThrow();
  },
);
