// Options of local volumes: what is mounted in the volume's place while a container uses it. Pure.
import { InvalidParameterError } from "../base/errors.ts";

export type DriverOptions = Readonly<Record<string, string>>;

const known: ReadonlySet<string> = new Set(["type", "device", "o", "size"]);
/** What an option makes no sense without. */
const needs: readonly (readonly [option: string, needed: readonly string[]])[] = [
  ["device", ["type"]],
  ["type", ["device"]],
  ["o", ["device", "type"]],
];

/** InvalidParameterError in Docker's words for options that cannot be mounted by; `name` is the volume's. */
export function checkDriverOptions(name: string, options: DriverOptions): void {
  const refuse = (reason: string): never => {
    throw new InvalidParameterError(`create ${name}: ${reason}`);
  };
  for (const option of Object.keys(options)) if (!known.has(option)) refuse(`invalid option: "${option}"`);
  for (const [option, needed] of needs)
    for (const other of options[option] === undefined ? [] : needed)
      if (options[other] === undefined) refuse(`missing required option: "${other}"`);
  if (options["size"] !== undefined) refuse("quota size requested but no quota support");
}

/** Operands of mount(8), which knows what its helpers for NFS, CIFS and others want; undefined where nothing is mounted. */
export function mountArguments(options: DriverOptions, target: string): readonly string[] | undefined {
  const { type, device, o = "" } = options;
  if (type === undefined || device === undefined) return undefined;
  return ["-t", type, ...(o === "" ? [] : ["-o", o]), "--", device, target];
}
