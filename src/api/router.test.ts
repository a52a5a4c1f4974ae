import { describe, expect, test } from "bun:test";
import { InvalidParameterError } from "../base/errors.ts";
import { compileRoutes } from "./router.ts";
import { routes } from "./routes.ts";
import { parseVersion } from "./version.ts";

const find = compileRoutes(routes);

describe("the route table", () => {
  const cases: readonly [method: string, path: string, pattern: string | undefined, params?: object][] = [
    ["GET", "/_ping", "/_ping"],
    ["HEAD", "/v1.41/_ping", "/_ping"],
    ["POST", "/_ping", undefined],
    ["GET", "/containers/json", "/containers/json"],
    ["GET", "/v1.24/containers/abc/json", "/containers/:id/json", { id: "abc" }],
    ["GET", "/containers/%2Fweb/json", "/containers/:id/json", { id: "/web" }],
    ["GET", "/containers//web/json", "/containers/:id/json", { id: "web" }],
    ["GET", "/containers/a/b/json", undefined],
    ["GET", "/containers/json/", undefined],
    ["PUT", "/containers/json", undefined],
    ["GET", "/images/json", "/images/json"],
    ["GET", "/images/busybox/json", "/images/*name/json", { name: "busybox" }],
    ["GET", "/images/a.b:5000/c/d:1.2/json", "/images/*name/json", { name: "a.b:5000/c/d:1.2" }],
    ["GET", "/images/host%2Fbusybox/json", "/images/*name/json", { name: "host/busybox" }],
    ["GET", "/images/json/json", "/images/*name/json", { name: "json" }],
    ["GET", "/images/get", "/images/get"],
    ["DELETE", "/images/a/b@sha256:12", "/images/*name", { name: "a/b@sha256:12" }],
    ["DELETE", "/images/", undefined],
    ["OPTIONS", "/any/thing", "/*path", { path: "any/thing" }],
    ["GET", "/v1.41", undefined],
    ["GET", "/version", "/version"],
    ["GET", "/v1.41/version", "/version"],
    ["GET", "/nothing", undefined],
  ];
  for (const [method, path, pattern, params = {}] of cases)
    test(`${method} ${path} is ${pattern ?? "not found"}`, () => {
      const match = find(method, path);
      expect(match?.route.pattern).toBe(pattern);
      if (pattern !== undefined) expect(match?.params).toEqual(params as never);
    });

  test("a broken escape in a name is the caller's mistake", () =>
    expect(() => find("GET", "/images/%zz/json")).toThrow(InvalidParameterError));

  test("no endpoint is in the table twice", () => {
    const keys = routes.map(({ method, pattern }) => `${method} ${pattern}`);
    expect(keys.filter((key, i) => keys.indexOf(key) !== i)).toEqual([]);
  });
});

describe("parseVersion", () => {
  test("knows 1.24 to 1.55, with parts after the second ignored", () => {
    expect(parseVersion("1.24")).toBe(24);
    expect(parseVersion("1.55")).toBe(55);
    expect(parseVersion("1.41.3")).toBe(41);
  });

  const tooOld = (text: string): string =>
    `client version ${text} is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version`;
  const tooNew = (text: string): string =>
    `client version ${text} is too new. Maximum supported API version is 1.55`;
  const refused: readonly [string, string][] = [
    ["1.23", tooOld("1.23")],
    ["0.9", tooOld("0.9")],
    ["1", tooOld("1")],
    ["..", tooOld("..")],
    ["1.56", tooNew("1.56")],
    ["2.0", tooNew("2.0")],
  ];
  for (const [text, message] of refused)
    test(`refuses ${text}`, () =>
      expect(() => parseVersion(text)).toThrow(new InvalidParameterError(message)));
});
