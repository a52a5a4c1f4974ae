import { expect, test } from "bun:test";
import { InvalidParameterError } from "../../base/errors.ts";
import { securityOptions } from "./security-options.ts";
import { tmpfsOptions, tmpfsOptionsOf } from "./tmpfs-options.ts";

test.each([
  [["no-new-privileges"], { noNewPrivileges: true }],
  [["no-new-privileges:true"], { noNewPrivileges: true }],
  [["no-new-privileges=true", "no-new-privileges=0"], { noNewPrivileges: false }],
  [["seccomp=unconfined"], { seccomp: "unconfined" }],
  [["seccomp:unconfined"], { seccomp: "unconfined" }],
  [['seccomp={"a":"b=c"}'], { seccomp: '{"a":"b=c"}' }],
  [["apparmor=mine", "label=disable", "label:type:x", "disable"], { appArmor: "mine" }],
  [["writable-cgroups"], { writableCgroups: true }],
  [["systempaths=unconfined"], { unmaskedPaths: true }],
])("securityOptions: %j", (options, meaning) => {
  const unasked = {
    noNewPrivileges: false,
    seccomp: "",
    appArmor: "",
    writableCgroups: false,
    unmaskedPaths: false,
  };
  expect(securityOptions(options)).toEqual({ ...unasked, ...meaning });
});

test.each([
  ["x", 'invalid --security-opt 1: "x"'],
  ["x=y", 'invalid --security-opt 2: "x=y"'],
  ["systempaths=x", 'invalid --security-opt 2: "systempaths=x"'],
  ["no-new-privileges=yes", 'invalid --security-opt 2: "no-new-privileges=yes"'],
])("securityOptions: %s is refused", (option, message) => {
  expect(() => securityOptions([option])).toThrow(new InvalidParameterError(message));
});

test.each([
  ["", ["noexec", "nosuid", "nodev"]],
  ["size=1m,exec", ["nosuid", "nodev", "size=1m", "exec"]],
  ["dev,suid,mode=1777", ["noexec", "dev", "suid", "mode=1777"]],
])("tmpfsOptions: %p", (given, options) => {
  expect(tmpfsOptions(given)).toEqual(options);
});

test.each(["speed=5", "fast", "size", "exec=1"])("tmpfsOptions: %p is refused", (given) => {
  expect(() => tmpfsOptions(given)).toThrow(new InvalidParameterError(`invalid tmpfs option ["${given}"]`));
});

test("tmpfsOptionsOf: a --mount as the options of --tmpfs", () => {
  const mount = { Type: "tmpfs", Source: "", Target: "/t", ReadOnly: true } as const;
  const TmpfsOptions = { SizeBytes: 4096, Mode: 0o1770, Options: [["exec"]] };
  expect(tmpfsOptionsOf({ ...mount, TmpfsOptions })).toBe("ro,mode=1770,size=4096,exec");
  expect(tmpfsOptionsOf({ ...mount, ReadOnly: false })).toBe("");
});
