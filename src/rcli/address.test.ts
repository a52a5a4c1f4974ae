import { expect, test } from "bun:test";
import { InvalidParameterError } from "../base/errors.ts";
import { parseRcliAddress } from "./address.ts";

test.each([
  [undefined, { host: "127.0.0.1", port: 4242, isAskedFor: false }],
  ["", { host: "127.0.0.1", port: 4242, isAskedFor: false }],
  ["off", undefined],
  ["127.0.0.1:4300", { host: "127.0.0.1", port: 4300, isAskedFor: true }],
  ["127.0.0.2", { host: "127.0.0.2", port: 4242, isAskedFor: true }],
  ["tcp://localhost:4300", { host: "127.0.0.1", port: 4300, isAskedFor: true }],
  [":4300", { host: "127.0.0.1", port: 4300, isAskedFor: true }],
  ["4300", { host: "127.0.0.1", port: 4300, isAskedFor: true }],
])("parseRcliAddress: %s", (text, address) => {
  expect(parseRcliAddress(text)).toEqual(address);
});

test.each(["0.0.0.0:4242", "192.168.1.1:4242", "10.0.0.1", "127.0.0.256:1", "128.0.0.1"])(
  "parseRcliAddress: %s is not loopback",
  (text) => expect(() => parseRcliAddress(text)).toThrow(/loopback/),
);

test.each(["on", "127.0.0.1:66000", "unix:///x", "::1", "example.com:4242", "127.0.0.1:4242/x"])(
  "parseRcliAddress: %s is no address of ours",
  (text) => expect(() => parseRcliAddress(text)).toThrow(InvalidParameterError),
);
