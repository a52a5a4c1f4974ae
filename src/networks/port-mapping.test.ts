import { expect, test } from "bun:test";
import { mapping } from "./example-networks.ts";
import { joinRuns, needsRelay, needsRules, singlePorts } from "./port-mapping.ts";

const at = (hostPort: number, containerPort: number, hostIp = "0.0.0.0") =>
  mapping({ hostIp, hostPort, containerPort });

test("joinRuns: neighbours on both sides are one run, whatever order they came in", () => {
  const runs = joinRuns([at(81, 81), at(80, 80), at(90, 91), at(82, 82), at(91, 93), at(80, 80, "::")]);
  expect(runs.map(({ hostIp, hostPort, count }) => [hostIp, hostPort, count])).toEqual([
    ["0.0.0.0", 80, 3],
    ["0.0.0.0", 90, 1],
    ["0.0.0.0", 91, 1],
    ["::", 80, 1],
  ]);
});

test("singlePorts: takes apart what joinRuns put together", () => {
  const ports = Array.from({ length: 100 }, (_, i) => at(1000 + i, 2000 + i));
  const runs = joinRuns(ports);
  expect(runs).toEqual([{ ...at(1000, 2000), count: 100 }]);
  expect(singlePorts(runs)).toEqual(ports);
});

test.each([
  ["0.0.0.0", "172.18.0.2", { rules: true, relay: false }],
  ["127.0.0.1", "172.18.0.2", { rules: true, relay: false }],
  ["::", "172.18.0.2", { rules: false, relay: true }],
  ["::1", "172.18.0.2", { rules: false, relay: true }],
  ["::", "fd00::2", { rules: true, relay: true }],
  ["::1", "fd00::2", { rules: false, relay: true }],
  ["2001:db8::1", "fd00::2", { rules: true, relay: false }],
  ["0.0.0.0", "fd00::2", { rules: false, relay: true }],
])("from %s to %s", (hostIp, containerIp, { rules, relay }) => {
  const one = mapping({ hostIp, containerIp });
  expect([needsRules(one), needsRelay(one)]).toEqual([rules, relay]);
});
