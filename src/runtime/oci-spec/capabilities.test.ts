import { expect, test } from "bun:test";
import { InvalidParameterError } from "../../base/errors.ts";
import { capabilitiesOf, checkCapabilities, holds } from "./capabilities.ts";

const all = 0x1ff_ffff_ffffn;
const plain = { CapAdd: null, CapDrop: null, Privileged: false };

test("capabilitiesOf: Docker's fourteen by default", () => {
  expect(capabilitiesOf(plain, all)).toHaveLength(14);
  expect(capabilitiesOf(plain, all)).not.toContain("CAP_SYS_ADMIN");
});

test.each([
  [{ CapDrop: ["ALL"] }, []],
  [{ CapDrop: ["all"], CapAdd: ["net_admin", "CAP_KILL"] }, ["CAP_KILL", "CAP_NET_ADMIN"]],
  // Added and dropped: the addition counts, as in Docker.
  [{ CapDrop: ["ALL", "KILL"], CapAdd: ["KILL"] }, ["CAP_KILL"]],
])("capabilitiesOf: %j gives %j", (request, names) => {
  expect(capabilitiesOf({ ...plain, ...request }, all)).toEqual(names);
});

test("capabilitiesOf: ALL less those dropped", () => {
  const names = capabilitiesOf({ ...plain, CapAdd: ["ALL"], CapDrop: ["SYS_ADMIN"] }, all);
  expect(names).toHaveLength(40);
  expect(names).not.toContain("CAP_SYS_ADMIN");
});

test("capabilitiesOf: nobody gives what he does not have", () => {
  const held = all & ~1n & ~(1n << 24n);
  expect(capabilitiesOf({ ...plain, Privileged: true }, held)).toHaveLength(39);
  expect(capabilitiesOf(plain, held)).not.toContain("CAP_CHOWN");
  expect(holds(held, "CAP_SYS_RESOURCE")).toBe(false);
});

test("checkCapabilities: says in which list the unknown one is", () => {
  expect(() => checkCapabilities({ CapAdd: ["chown"], CapDrop: ["fly"] })).toThrow(
    new InvalidParameterError('invalid CapDrop: unknown capability: "CAP_FLY"'),
  );
});
