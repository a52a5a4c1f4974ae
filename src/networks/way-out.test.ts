import { expect, test } from "bun:test";
import { wayOut } from "./way-out.ts";

const on = (network: string, gateways: readonly string[], priority = 0) => ({ network, priority, gateways });

test("wayOut: the first name, unless another has a higher priority", () => {
  const [one, two] = [on("alpha", ["10.0.0.1"]), on("beta", ["10.1.0.1"])];
  expect(wayOut([two, one])).toEqual({ gateways: ["10.0.0.1"], network4: "alpha", network6: undefined });
  expect(wayOut([{ ...two, priority: 1 }, one]).gateways).toEqual(["10.1.0.1"]);
});

test("wayOut: each family goes its own way; a network without a gateway is none", () => {
  const networks = [on("alpha", []), on("beta", ["10.1.0.1"]), on("gamma", ["10.2.0.1", "fd00::1"])];
  expect(wayOut(networks)).toEqual({
    gateways: ["10.1.0.1", "fd00::1"],
    network4: "beta",
    network6: "gamma",
  });
  expect(wayOut([])).toEqual({ gateways: [], network4: undefined, network6: undefined });
});
