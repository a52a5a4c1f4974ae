// The command line of an OCI runtime, as far as src/runtime/drivers/oci-driver.ts uses it.
import { InvalidParameterError } from "../base/errors.ts";

export type RuntimeCall = {
  readonly verb: string;
  /** Where the state of all containers is. */
  readonly root: string;
  readonly logFile: string | undefined;
  readonly options: Readonly<Record<string, string>>;
  readonly flags: ReadonlySet<string>;
  /** The container's id, then what the verb takes. */
  readonly words: readonly [id: string, ...more: string[]];
};

const withValue = new Set("root log bundle pid-file console-socket process resources".split(" "));

export function runtimeCall(args: readonly string[]): RuntimeCall {
  const options: Record<string, string> = {};
  const flags = new Set<string>();
  const words: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] ?? "";
    const name = arg.slice(2);
    if (!arg.startsWith("--")) words.push(arg);
    else if (withValue.has(name)) options[name] = args[++at] ?? "";
    else flags.add(name);
  }
  const [verb = "", id, ...more] = words;
  const { root, log, ...rest } = options;
  if (!root || id === undefined)
    throw new InvalidParameterError("usage: lxc-runtime --root FOLDER VERB [OPTION]... ID");
  return { verb, root, logFile: log, options: rest, flags, words: [id, ...more] };
}

/** An option without which the verb means nothing. */
export function needed({ verb, options }: RuntimeCall, name: string): string {
  const value = options[name];
  if (!value) throw new InvalidParameterError(`${verb} needs --${name}`);
  return value;
}
