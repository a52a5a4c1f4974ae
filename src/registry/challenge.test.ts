import { expect, test } from "bun:test";
import { parseChallenges } from "./challenge.ts";

const read = (header: string) =>
  parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);

test.each([
  ["basic", 'Basic realm="Registry"', [["basic", { realm: "Registry" }]]],
  [
    "bearer with a scope that holds commas",
    'Bearer realm="https://auth.example/token",service="registry",scope="repository:a/b:pull,push"',
    [
      [
        "bearer",
        { realm: "https://auth.example/token", service: "registry", scope: "repository:a/b:pull,push" },
      ],
    ],
  ],
  [
    "two in one header",
    'Basic realm="a", Bearer realm="https://b/t",service=x',
    [
      ["basic", { realm: "a" }],
      ["bearer", { realm: "https://b/t", service: "x" }],
    ],
  ],
  [
    "a value without quotes",
    "Bearer realm=https://b/t?x=1,service=y",
    [["bearer", { realm: "https://b/t?x=1", service: "y" }]],
  ],
  ["an escaped quote", 'Basic realm="a\\"b"', [["basic", { realm: 'a"b' }]]],
  [
    "names in any case and spaces",
    'bEARER  Realm = "x" ,  SERVICE="y"',
    [["bearer", { realm: "x", service: "y" }]],
  ],
  ["the first of two equal names", 'Basic realm="a",realm="b"', [["basic", { realm: "a" }]]],
  ["a scheme alone", "Negotiate", [["negotiate", {}]]],
  ["nothing", "", []],
  ["rubbish", '"""=,,=\\', []],
  ["a quote without end", 'Bearer realm="x', [["bearer", {}]]],
  ["an absurd length", `Basic realm="${"x".repeat(20_000)}"`, []],
] as const)("parseChallenges: %s", (_, header, expected) => {
  expect(read(header)).toEqual(expected as never);
});

test("parseChallenges: never hangs or throws on bytes of any kind", () => {
  let seed = 7;
  const next = (): number => (seed = (seed * 1103515245 + 12345) & 0x7fffffff);
  const letters = 'aB1 ,="\\\t:/?;\u00e9\u0000';
  for (let round = 0; round < 2000; round += 1) {
    const text = Array.from({ length: next() % 40 }, () => letters[next() % letters.length]).join("");
    expect(Array.isArray(parseChallenges(text))).toBe(true);
  }
});
