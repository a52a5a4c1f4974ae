import { expect, test } from "bun:test";
import { InvalidParameterError } from "../../base/errors.ts";
import { seccompProfile } from "./seccomp-custom.ts";
import { seccompOf } from "./seccomp.ts";

const target = { capabilities: ["CAP_SYS_ADMIN"], architecture: "x64" };

const profile = {
  defaultAction: "SCMP_ACT_ERRNO",
  defaultErrnoRet: 38,
  archMap: [
    { architecture: "SCMP_ARCH_AARCH64", subArchitectures: ["SCMP_ARCH_ARM"] },
    { architecture: "SCMP_ARCH_X86_64", subArchitectures: ["SCMP_ARCH_X86"] },
  ],
  syscalls: [
    {
      names: ["read", "write"],
      action: "SCMP_ACT_ALLOW",
      args: null,
      comment: "x",
      includes: {},
      excludes: {},
    },
    { name: "old", action: "SCMP_ACT_ALLOW", args: [{ index: 0, value: 1, op: "SCMP_CMP_EQ" }] },
    { names: ["mount"], action: "SCMP_ACT_ALLOW", includes: { caps: ["CAP_SYS_ADMIN"] } },
    { names: ["reboot"], action: "SCMP_ACT_ALLOW", includes: { caps: ["CAP_SYS_BOOT"] } },
    { names: ["clone3"], action: "SCMP_ACT_ERRNO", errnoRet: 38, excludes: { caps: ["CAP_SYS_ADMIN"] } },
    { names: ["arch_prctl"], action: "SCMP_ACT_ALLOW", includes: { arches: ["amd64", "x32"] } },
    { names: ["set_tls"], action: "SCMP_ACT_ALLOW", includes: { arches: ["arm64"] } },
    { names: ["ptrace"], action: "SCMP_ACT_ALLOW", includes: { minKernel: "4.8" } },
  ],
};

test("seccompProfile: Docker's conditions are decided for one container", () => {
  expect(seccompProfile(JSON.stringify(profile), target)).toEqual({
    defaultAction: "SCMP_ACT_ERRNO",
    defaultErrnoRet: 38,
    architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"],
    syscalls: [
      { names: ["read", "write"], action: "SCMP_ACT_ALLOW" },
      { names: ["old"], action: "SCMP_ACT_ALLOW", args: [{ index: 0, value: 1, op: "SCMP_CMP_EQ" }] },
      { names: ["mount"], action: "SCMP_ACT_ALLOW" },
      { names: ["arch_prctl"], action: "SCMP_ACT_ALLOW" },
      { names: ["ptrace"], action: "SCMP_ACT_ALLOW" },
    ],
  });
});

test.each([
  ["{", /^Decoding seccomp profile failed: /],
  ["[]", "Decoding seccomp profile failed: it is not an object"],
  ["{}", "Decoding seccomp profile failed: defaultAction is missing"],
  [
    '{"defaultAction":"SCMP_ACT_ALLOW","architectures":["x"],"archMap":[]}',
    "both 'architectures' and 'archMap' are specified",
  ],
  [
    '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"name":"a","names":["b"],"action":"SCMP_ACT_ALLOW"}]}',
    "both 'name' and 'names' are specified",
  ],
])("seccompProfile: %s is refused", (json, message) => {
  expect(() => seccompProfile(json)).toThrow(message);
  expect(() => seccompProfile(json)).toThrow(InvalidParameterError);
});

const host = { seccomp: true, architecture: "x64" };

test.each([
  [{ SecurityOpt: ["seccomp=unconfined"], Privileged: false }, host, false],
  [{ SecurityOpt: null, Privileged: true }, host, false],
  [{ SecurityOpt: [`seccomp=${JSON.stringify(profile)}`], Privileged: true }, host, true],
  [{ SecurityOpt: ["seccomp=builtin"], Privileged: false }, host, true],
  [{ SecurityOpt: null, Privileged: false }, { ...host, seccomp: false }, false],
  [{ SecurityOpt: null, Privileged: false }, { ...host, architecture: "riscv64" }, false],
])("seccompOf: %j on %j has a filter: %p", (options, machine, hasFilter) => {
  expect(seccompOf(options, [], machine) !== undefined).toBe(hasFilter);
});

test("seccompOf: arm64 has its own calls and its own second architecture", () => {
  const filter = seccompOf({ SecurityOpt: null, Privileged: false }, [], { ...host, architecture: "arm64" });
  expect(filter?.architectures).toEqual(["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"]);
  expect(filter?.syscalls[0]?.names).toContain("set_tls");
  expect(filter?.syscalls[0]?.names).not.toContain("arch_prctl");
});
