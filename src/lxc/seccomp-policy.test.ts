import { expect, test } from "bun:test";
import { seccompPolicy } from "./seccomp-policy.ts";

test("seccompPolicy: calls, arguments, error numbers", () => {
  const policy = seccompPolicy({
    defaultAction: "SCMP_ACT_ERRNO",
    defaultErrnoRet: 38,
    syscalls: [
      { names: ["read", "write"], action: "SCMP_ACT_ALLOW" },
      {
        names: ["clone"],
        action: "SCMP_ACT_ALLOW",
        args: [{ index: 0, value: 0x7e020000, valueTwo: 0, op: "SCMP_CMP_MASKED_EQ" }],
      },
      {
        names: ["socket"],
        action: "SCMP_ACT_ERRNO",
        args: [{ index: 0, value: 40, op: "SCMP_CMP_EQ" }],
      },
    ],
  });
  expect(policy.split("\n")).toEqual([
    "2",
    "allowlist errno 38",
    "[all]",
    "read allow",
    "write allow",
    "clone allow [0,0,SCMP_CMP_MASKED_EQ,2114060288]",
    "socket errno 1 [0,40,SCMP_CMP_EQ]",
    "",
  ]);
});

test("seccompPolicy: what LXC cannot do is refused", () => {
  const tracing = { defaultAction: "SCMP_ACT_TRACE", syscalls: [] } as const;
  expect(() => seccompPolicy(tracing)).toThrow("seccomp action SCMP_ACT_TRACE is not possible with LXC");
});
