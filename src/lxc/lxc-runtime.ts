// LXC with the command line of an OCI runtime: `sampan lxc-runtime --root FOLDER run|exec|delete|pause|resume|update|kill …`.
// The engine and the monitor need to know no more than that.
import { appendFileSync, writeSync } from "node:fs";
import { InvalidParameterError, errorText } from "../base/errors.ts";
import { exec } from "./attach.ts";
import { runtimeCall, type RuntimeCall } from "./command-line.ts";
import { run } from "./run.ts";
import { freeze, kill, remove, update } from "./tools.ts";

const verbs: Readonly<Record<string, (call: RuntimeCall) => void>> = {
  run,
  exec,
  delete: remove,
  pause: (call) => freeze(call, true),
  resume: (call) => freeze(call, false),
  update,
  kill,
};

/** The exit code of the process; what went wrong goes to the log file where there is one, else to stderr. */
export function runLxcRuntime(args: readonly string[]): number {
  let call: RuntimeCall | undefined;
  try {
    call = runtimeCall(args);
    const verb = verbs[call.verb];
    if (!verb) throw new InvalidParameterError(`unknown verb ${call.verb}`);
    verb(call);
    return 0;
  } catch (err) {
    const message = `${errorText(err)}\n`;
    if (call?.logFile === undefined) writeSync(2, message);
    else appendFileSync(call.logFile, message);
    return 1;
  }
}
