import { expect, test } from "bun:test";
import { portRequests } from "./port-request.ts";

const nothing = { PortBindings: null, PublishAllPorts: false, ExposedPorts: { "80/tcp": {}, "53/udp": {} } };
const any = { hostIp: "", hostPorts: undefined };

test("portRequests: what is only exposed is not published, but with -P", () => {
  expect(portRequests(nothing)).toEqual([]);
  expect(portRequests({ ...nothing, PublishAllPorts: true })).toEqual([
    { protocol: "tcp", containerPort: 80, ...any },
    { protocol: "udp", containerPort: 53, ...any },
  ]);
});

test("portRequests: with -P a port that has bindings keeps to them", () => {
  const PortBindings = { "80/tcp": [{ HostIp: "127.0.0.1", HostPort: "8080" }] };
  expect(portRequests({ ...nothing, PortBindings, PublishAllPorts: true })).toEqual([
    { protocol: "tcp", containerPort: 80, hostIp: "127.0.0.1", hostPorts: { first: 8080, last: 8080 } },
    { protocol: "udp", containerPort: 53, ...any },
  ]);
});

test("portRequests: given ports come before ranges, and these before what nobody chose", () => {
  const bind = (HostPort: string) => ({ HostIp: "", HostPort });
  const PortBindings = {
    "1/tcp": [bind("")],
    "2/tcp": [bind("8000-8010"), bind("0")],
    "3/tcp": [bind("8000")],
  };
  const order = portRequests({ ...nothing, PortBindings }).map(({ containerPort, hostPorts }) => [
    containerPort,
    hostPorts?.first,
    hostPorts?.last,
  ]);
  expect(order).toEqual([
    [3, 8000, 8000],
    [2, 8000, 8010],
    [1, undefined, undefined],
    [2, undefined, undefined],
  ]);
});
