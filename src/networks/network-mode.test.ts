import { expect, test } from "bun:test";
import { parseNetworkMode, type NetworkMode } from "./network-mode.ts";

test.each<[string, NetworkMode]>([
  ["", { kind: "bridge" }],
  ["default", { kind: "bridge" }],
  ["bridge", { kind: "bridge" }],
  ["host", { kind: "host" }],
  ["none", { kind: "none" }],
  ["container:web", { kind: "container", container: "web" }],
  ["containers", { kind: "network", network: "containers" }],
  ["my-net", { kind: "network", network: "my-net" }],
])("parseNetworkMode: %p", (text, mode) => {
  expect(parseNetworkMode(text)).toEqual(mode);
});
