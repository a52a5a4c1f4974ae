import { describe, expect, test } from "bun:test";
import { BadEndpointError, chooseHost, defaultHost, parseEndpoint } from "./endpoint.ts";

describe("parseEndpoint", () => {
  test.each([
    ["unix:///run/x.sock", { kind: "unix", url: "unix:///run/x.sock", path: "/run/x.sock" }],
    ["/run/x.sock", { kind: "unix", url: "unix:///run/x.sock", path: "/run/x.sock" }],
    ["tcp://127.0.0.1:4000", { kind: "tcp", url: "tcp://127.0.0.1:4000", hostname: "127.0.0.1", port: 4000 }],
    [
      "tcp://example.com",
      { kind: "tcp", url: "tcp://example.com:2375", hostname: "example.com", port: 2375 },
    ],
    ["tcp://[::1]:4000", { kind: "tcp", url: "tcp://[::1]:4000", hostname: "::1", port: 4000 }],
    ["example.com:1", { kind: "tcp", url: "tcp://example.com:1", hostname: "example.com", port: 1 }],
    ["tcp://:4000", { kind: "tcp", url: "tcp://127.0.0.1:4000", hostname: "127.0.0.1", port: 4000 }],
  ])("%s", (host, expected) => {
    expect(parseEndpoint(host)).toEqual(expected as ReturnType<typeof parseEndpoint>);
  });

  test("TLS moves the port that is not given to 2376", () => {
    expect(parseEndpoint("tcp://h", { verify: true })).toMatchObject({ port: 2376, tls: { verify: true } });
  });

  test.each(["foo://x", "unix://", "tcp://h:99999", "tcp://h:x", "tcp://a/b"])("refuses %s", (host) => {
    expect(() => parseEndpoint(host)).toThrow(BadEndpointError);
  });
});

describe("chooseHost", () => {
  const env = { SAMPAN_HOST: "unix:///s", DOCKER_HOST: "unix:///d" };
  test("the flag wins over both variables", () => expect(chooseHost("unix:///f", env)).toBe("unix:///f"));
  test("SAMPAN_HOST wins over DOCKER_HOST", () => expect(chooseHost(undefined, env)).toBe("unix:///s"));
  test("DOCKER_HOST is heard", () => expect(chooseHost(undefined, { DOCKER_HOST: "x" })).toBe("x"));
  test("an empty variable is no address", () =>
    expect(chooseHost("", { DOCKER_HOST: "" })).toBe(defaultHost));
});
