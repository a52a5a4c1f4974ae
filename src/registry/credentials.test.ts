import { expect, test } from "bun:test";
import { decodeAuthHeader, decodeConfigHeader, registryOfAddress } from "./credentials.ts";

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

test.each([
  ["name and password", { username: "u", password: "p:w" }, { username: "u", password: "p:w" }],
  ["both in one", { auth: Buffer.from("u:p:w").toString("base64") }, { username: "u", password: "p:w" }],
  [
    "an identity token",
    { username: "u", identitytoken: "t" },
    { username: "u", password: "", identityToken: "t" },
  ],
  ["a registry token", { registrytoken: "t" }, { username: "", password: "", registryToken: "t" }],
  ["nobody", {}, undefined],
  ["null", null, undefined],
] as const)("decodeAuthHeader: %s", (_, body, expected) => {
  expect(decodeAuthHeader(encode(body))).toEqual(expected);
});

test("decodeAuthHeader: none", () => {
  expect(decodeAuthHeader(undefined)).toBeUndefined();
  expect(decodeAuthHeader("")).toBeUndefined();
});

test("decodeAuthHeader: an error does not repeat what may be secret", () => {
  for (const header of ["c2VjcmV0", encode(["secret"])]) {
    expect(() => decodeAuthHeader(header)).toThrow(/^invalid X-Registry-Auth header: /);
    expect(() => decodeAuthHeader(header)).not.toThrow(/secret|c2V/);
  }
});

test("decodeConfigHeader: by registry, Docker Hub under its one name", () => {
  const header = encode({
    "https://index.docker.io/v1/": { username: "h", password: "1" },
    "r.example:5000": { username: "r", password: "2" },
    empty: {},
  });
  expect(Object.fromEntries(decodeConfigHeader(header))).toEqual({
    "docker.io": { username: "h", password: "1" },
    "r.example:5000": { username: "r", password: "2" },
  });
});

test.each([
  ["https://index.docker.io/v1/", "docker.io"],
  ["docker.io", "docker.io"],
  ["https://r.example:5000/v2/", "r.example:5000"],
  ["r.example", "r.example"],
])("registryOfAddress: %s is %s", (address, expected) => {
  expect(registryOfAddress(address)).toBe(expected);
});
