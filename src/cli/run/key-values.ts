// KEY=VALUE from flags and from files: environment variables and labels.

import { CommandError, InvalidValueError } from "../failure.ts";
import type { Flags } from "../flags.ts";
import { splitPair } from "../flags.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** `--env-file` and `--env`, files first. A KEY without a value takes ours; one that we do not have unsets the image's. */
export async function environment(flags: Flags, env: Env): Promise<readonly string[]> {
  const result: string[] = [];
  for (const path of flags.list("env-file")) {
    for (const line of await linesOf(path)) {
      const [key] = splitPair(line);
      checkVariableName(path, key, line);
      if (line.includes("=")) result.push(line);
      else if (env[key] !== undefined) result.push(`${key}=${env[key]}`);
    }
  }
  for (const pair of flags.list("env")) {
    if (pair === "" || pair.startsWith("=")) {
      throw new InvalidValueError("env", pair, `invalid environment variable: ${pair}`);
    }
    const own = pair.includes("=") ? undefined : env[pair];
    result.push(own === undefined ? pair : `${pair}=${own}`);
  }
  return result;
}

/** Adds what is not set, nor named to be taken from us, already. */
export function withDefaults(
  variables: readonly string[],
  defaults: Readonly<Record<string, string>>,
): readonly string[] {
  const named = new Set(variables.map((variable) => splitPair(variable)[0]));
  const missing = Object.entries(defaults).filter(([name]) => !named.has(name));
  return [...variables, ...missing.map(([name, value]) => `${name}=${value}`)];
}

function checkVariableName(path: string, key: string, line: string): void {
  if (/\s/.test(key)) {
    throw new CommandError(`invalid env file (${path}): variable '${key}' contains whitespaces`, 125);
  }
  if (key === "")
    throw new CommandError(`invalid env file (${path}): no variable name on line '${line}'`, 125);
}

/** `--label-file` and `--label`. */
export async function labels(flags: Flags): Promise<Readonly<Record<string, string>>> {
  const pairs: string[] = [];
  for (const path of flags.list("label-file")) pairs.push(...(await linesOf(path)));
  for (const pair of flags.list("label")) {
    if (pair === "" || pair.startsWith("=")) {
      throw new InvalidValueError("label", pair, `invalid label '${pair}': empty name`);
    }
    pairs.push(pair);
  }
  return Object.fromEntries(pairs.map(splitPair));
}

/** Lines that are neither empty nor comments, without the blanks before them. */
async function linesOf(path: string): Promise<readonly string[]> {
  const text = await readFile(path, `open ${path}: no such file or directory`);
  return text
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/)
    .map((line) => line.trimStart())
    .filter((line) => line !== "" && !line.startsWith("#"));
}

/** The text of a file that a flag names; `missing` is said when there is none. */
export async function readFile(path: string, missing: string): Promise<string> {
  const file = Bun.file(path);
  if (!(await file.exists())) throw new CommandError(missing, 125);
  return await file.text();
}
