import { expect, test } from "bun:test";
import { proxyFor, takeProxySettings } from "./proxy.ts";

const settings = { http: "http://p:1", https: "q.example:2", no: "" };

test.each([
  ["http", "", "http://r.example/", "http://p:1"],
  ["https", "", "https://r.example/", "http://q.example:2"],
  ["loopback goes straight", "", "http://127.0.0.1:5000/", undefined],
  ["localhost goes straight", "", "http://localhost/", undefined],
  ["::1 goes straight", "", "http://[::1]:5000/", undefined],
  ["a name", "r.example", "https://r.example/", undefined],
  ["what is below a name", "example", "https://a.r.example/", undefined],
  ["no part of a label", "ample", "https://r.example/", "http://q.example:2"],
  ["a suffix does not mean the name itself", ".r.example", "https://r.example/", "http://q.example:2"],
  ["a suffix", ".example", "https://r.example/", undefined],
  ["a port that is another", "r.example:444", "https://r.example/", "http://q.example:2"],
  ["a port", "r.example:443", "https://r.example/", undefined],
  ["a range", "x, 10.0.0.0/8", "http://10.1.1.1:5000/", undefined],
  ["an address", "10.1.1.1", "http://10.1.1.1:5000/", undefined],
  ["all", "*", "https://r.example/", undefined],
] as const)("proxyFor: %s", (_, no, url, expected) => {
  expect(proxyFor({ ...settings, no }, new URL(url))).toBe(expected);
});

test("takeProxySettings: takes either spelling, and takes it away", () => {
  const env: Record<string, string | undefined> = {
    http_proxy: "a",
    HTTPS_PROXY: "b",
    NO_PROXY: "c",
    HOME: "/",
  };
  expect(takeProxySettings(env)).toEqual({ http: "a", https: "b", no: "c" });
  expect(env).toEqual({ HOME: "/" });
});
