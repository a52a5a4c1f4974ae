import { expect, test } from "bun:test";
import { seededRandom } from "../../test/harness/random.ts";
import {
  familiarString,
  fullName,
  hostImageName,
  isTag,
  parseReference,
  withDefaultTag,
  type Reference,
} from "./reference.ts";

const hex = "0123456789abcdef".repeat(4);

function parsed(text: string): Reference {
  const { reference, problem } = parseReference(text);
  if (reference === undefined) throw new Error(problem);
  return reference;
}

const normal: readonly (readonly [text: string, full: string, familiar: string])[] = [
  ["busybox", "docker.io/library/busybox", "busybox:latest"],
  ["busybox:1.36", "docker.io/library/busybox", "busybox:1.36"],
  ["library/busybox", "docker.io/library/busybox", "busybox:latest"],
  ["docker.io/busybox", "docker.io/library/busybox", "busybox:latest"],
  ["index.docker.io/library/busybox", "docker.io/library/busybox", "busybox:latest"],
  ["user/app", "docker.io/user/app", "user/app:latest"],
  ["host/busybox", "docker.io/host/busybox", "host/busybox:latest"],
  ["docker.io/library/a/b", "docker.io/library/a/b", "library/a/b:latest"],
  ["localhost/app", "localhost/app", "localhost/app:latest"],
  ["localhost:5000/app:v1", "localhost:5000/app", "localhost:5000/app:v1"],
  ["quay.io/a/b/c:x", "quay.io/a/b/c", "quay.io/a/b/c:x"],
  ["[::1]:5000/app", "[::1]:5000/app", "[::1]:5000/app:latest"],
  ["Upper/app", "Upper/app", "Upper/app:latest"],
  ["a__b/c-d--e.f_g", "docker.io/a__b/c-d--e.f_g", "a__b/c-d--e.f_g:latest"],
  [`busybox@sha256:${hex}`, "docker.io/library/busybox", `busybox@sha256:${hex}`],
  [`busybox:1@sha256:${hex}`, "docker.io/library/busybox", `busybox:1@sha256:${hex}`],
  [`x:${"t".repeat(128)}`, "docker.io/library/x", `x:${"t".repeat(128)}`],
];

for (const [text, full, familiar] of normal)
  test(`parseReference: ${text.slice(0, 60)} is ${full}`, () => {
    const reference = parsed(text);
    expect(fullName(reference)).toBe(full);
    expect(familiarString(withDefaultTag(reference))).toBe(familiar);
    // The short form means the same thing again.
    expect(parsed(familiarString(reference))).toEqual(reference);
  });

const refused: readonly (readonly [text: string, problem: string])[] = [
  ["", "invalid reference format"],
  ["a//b", "invalid reference format"],
  ["/a", "invalid reference format"],
  ["a:", "invalid reference format"],
  ["a:b:c", "invalid reference format"],
  ["a b", "invalid reference format"],
  ["-a", "invalid reference format"],
  ["a/../b", "invalid reference format"],
  ["a___b", "invalid reference format"],
  ["a@sha256:123", "invalid reference format"],
  [`x:${"t".repeat(129)}`, "invalid reference format"],
  ["a:tag\n", "invalid reference format"],
  ["Busybox", "invalid reference format: repository name (library/Busybox) must be lowercase"],
  ["localhost/App:V1", "invalid reference format: repository name (App) must be lowercase"],
  [hex, `invalid repository name (${hex}), cannot specify 64-byte hexadecimal strings`],
  [`a@sha256:${hex}00`, "invalid checksum digest length"],
  [`a@md5:${hex}`, "unsupported digest algorithm"],
  [`${"a".repeat(128)}/${"b".repeat(128)}`, "repository name must not be more than 255 characters"],
];

for (const [text, problem] of refused)
  test(`parseReference: ${JSON.stringify(text.slice(0, 40))} is refused: ${problem.slice(0, 50)}`, () => {
    expect(parseReference(text).problem).toBe(problem);
  });

test("isTag: a tag is what may stand after the colon", () => {
  expect(["latest", "_x", "1.2-rc_3"].map(isTag)).toEqual([true, true, true]);
  expect(["", ".x", "-x", "a:b", "a/b", "x\n"].map(isTag)).toEqual([
    false,
    false,
    false,
    false,
    false,
    false,
  ]);
});

test("hostImageName: only docker.io/host/NAME is made from this machine", () => {
  expect(hostImageName(parsed("host/busybox:latest"))).toBe("busybox");
  expect(hostImageName(parsed("busybox"))).toBeUndefined();
  expect(hostImageName(parsed("localhost/host/busybox"))).toBeUndefined();
  expect(hostImageName(parsed("hostile/busybox"))).toBeUndefined();
  expect(hostImageName(parsed("host/busybox:1.36"))).toBeUndefined();
  expect(hostImageName(parsed(`host/busybox@sha256:${hex}`))).toBeUndefined();
});

test("what is made of a right reference is read back as the same", () => {
  const random = seededRandom(1);
  const component = (): string =>
    Array.from({ length: 1 + random.below(4) }, () =>
      random.pick(["a", "z9", "b_c", "d--e", "f.g", "h__i"]),
    ).join("");
  for (let round = 0; round < 2000; round++) {
    const reference: Reference = {
      domain: random.pick(["docker.io", "localhost:5000", "localhost", "a.b", "[::1]:443", "UPPER"]),
      path: `${random.pick(["library/", "host/", "user/", "a/b/"])}${component()}`,
      ...(random.oneIn(2) ? { tag: random.pick(["1", "v1.2_3-x", "L".repeat(128)]) } : {}),
      ...(random.oneIn(3) ? { digest: `sha256:${hex}` } : {}),
    };
    expect(parsed(familiarString(reference))).toEqual(reference);
  }
});

test("any text is a reference or has a problem, and is told quickly", () => {
  const random = seededRandom(2);
  const parts = [
    "a",
    "Z",
    "-",
    "_",
    ".",
    "/",
    ":",
    "@",
    "sha256:",
    hex,
    "[",
    "]",
    " ",
    "\0",
    "é",
    "localhost",
    "5000",
  ];
  for (let round = 0; round < 5000; round++) {
    const text = Array.from({ length: random.below(9) }, () => random.pick(parts)).join("");
    const { reference, problem } = parseReference(text);
    expect((reference === undefined) !== (problem === undefined)).toBe(true);
    if (reference) expect(parsed(familiarString(reference))).toEqual(reference);
  }
  const began = performance.now();
  for (const part of ["a", "a-", "a.", "a/", "_", "a+", "A", ":", "@"])
    for (const end of ["", "!", "/x", ":1"])
      for (const length of [1000, 200_000]) parseReference(part.repeat(length) + end);
  expect(performance.now() - began).toBeLessThan(500);
});
