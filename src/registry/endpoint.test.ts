import { expect, test } from "bun:test";
import { endpointsOf, isInsecureHost, type RegistryConfig } from "./endpoint.ts";

const plain: RegistryConfig = { mirrors: [], insecureRegistries: [], registries: {}, certsFolders: [] };
const places = (config: Partial<RegistryConfig>, domain: string, purpose: "pull" | "push" = "pull") =>
  endpointsOf({ ...plain, ...config }, domain, purpose).map(
    ({ origin, prefix, isMirror }) => `${origin}/${prefix}${isMirror ? " mirror" : ""}`,
  );

test.each([
  ["Docker Hub has a host of its own", {}, "docker.io", ["https://registry-1.docker.io/"]],
  ["others are where they are called", {}, "r.example:5000", ["https://r.example:5000/"]],
  ["loopback may be plain", {}, "127.0.0.1:5000", ["https://127.0.0.1:5000/", "http://127.0.0.1:5000/"]],
  ["localhost too", {}, "localhost:5000", ["https://localhost:5000/", "http://localhost:5000/"]],
  [
    "a mirror of Docker Hub comes first",
    { mirrors: ["http://m.example"] },
    "docker.io",
    ["http://m.example/ mirror", "https://registry-1.docker.io/"],
  ],
  ["and of nothing else", { mirrors: ["http://m.example"] }, "r.example", ["https://r.example/"]],
  [
    "a mirror's path comes before the repository's",
    { registries: { "r.example": { mirrors: ["https://m.example/a/b/"] } } },
    "r.example",
    ["https://m.example/a/b/ mirror", "https://r.example/"],
  ],
  [
    "another location",
    { registries: { "r.example": { location: "https://other.example:1/x" } } },
    "r.example",
    ["https://other.example:1/x/"],
  ],
  [
    "insecure by name and port",
    { insecureRegistries: ["r.example:5000"] },
    "r.example:5000",
    ["https://r.example:5000/", "http://r.example:5000/"],
  ],
  [
    "insecure by range",
    { insecureRegistries: ["10.0.0.0/8"] },
    "10.1.2.3:5000",
    ["https://10.1.2.3:5000/", "http://10.1.2.3:5000/"],
  ],
] as const)("endpointsOf: %s", (_, config, domain, expected) => {
  expect(places(config as Partial<RegistryConfig>, domain)).toEqual([...expected]);
});

test("endpointsOf: nothing is pushed to a mirror", () => {
  expect(places({ mirrors: ["http://m.example"] }, "docker.io", "push")).toEqual([
    "https://registry-1.docker.io/",
  ]);
});

test.each([
  ["127.0.0.1", true],
  ["127.9.9.9:80", true],
  ["[::1]:5000", true],
  ["localhost", true],
  ["128.0.0.1", false],
  ["127.0.0.1.example", false],
  ["r.example", false],
] as const)("isInsecureHost: %s is %p", (host, expected) => {
  expect(isInsecureHost(plain, host)).toBe(expected);
});
