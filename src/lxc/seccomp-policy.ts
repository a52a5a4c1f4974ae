// A filter of system calls in LXC's words (version 2 of its policies; src/lxc/seccomp.c of LXC 5 reads them).
import { InvalidParameterError } from "../base/errors.ts";
import type { Seccomp, SeccompAction, SeccompArg, SeccompRule } from "../spec/oci-runtime.ts";

const eperm = 1;
const actions: Partial<Record<SeccompAction, string>> = {
  SCMP_ACT_ALLOW: "allow",
  SCMP_ACT_KILL: "kill",
  SCMP_ACT_KILL_THREAD: "kill",
  SCMP_ACT_KILL_PROCESS: "kill",
  SCMP_ACT_TRAP: "trap",
};

/** InvalidParameterError for an action that LXC does not have. */
export function seccompPolicy(seccomp: Seccomp): string {
  const { defaultAction, defaultErrnoRet, syscalls } = seccomp;
  return [
    "2",
    `allowlist ${actionText(defaultAction, defaultErrnoRet)}`,
    "[all]",
    ...syscalls.flatMap((rule) => rule.names.map((name) => ruleText(name, rule))),
    "",
  ].join("\n");
}

function ruleText(name: string, { action, errnoRet, args = [] }: SeccompRule): string {
  return [name, actionText(action, errnoRet), ...args.map(argumentText)].join(" ");
}

function actionText(action: SeccompAction, errno = eperm): string {
  if (action === "SCMP_ACT_ERRNO") return `errno ${errno}`;
  const text = actions[action];
  if (text === undefined)
    throw new InvalidParameterError(`seccomp action ${action} is not possible with LXC`);
  return text;
}

/** `[index,value,operator]`; for a masked comparison LXC takes the mask behind the value that is expected. */
function argumentText({ index, value, valueTwo, op }: SeccompArg): string {
  if (op === "SCMP_CMP_MASKED_EQ") return `[${index},${valueTwo ?? 0},${op},${value}]`;
  return `[${index},${value},${op}]`;
}
