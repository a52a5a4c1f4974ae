// The arguments of the in-container init: those of the first Docker's sysinit, `-e K=V… -g GATEWAY -u USER [--] PROGRAM ARG…`,
// and ours for what a runtime does where there is one.
import { fromInitEnvironment } from "../spec/init-environment.ts";
import type { WindowSize } from "../sys/pty.ts";

export type InitArguments = {
  /** All that the program gets: the environment that init itself was given is not passed on. */
  readonly environment: Readonly<Record<string, string>>;
  /** At most one of a family. */
  readonly gateways: readonly string[];
  readonly user?: string;
  /** Groups by name or number besides the user's own. */
  readonly groups: readonly string[];
  /** Capabilities that the program and its children can have at most, a bit each; undefined: those that init has. */
  readonly capabilities?: bigint;
  /** Soft limit of open files: Bun has raised its own to the hard one by the time this runs. */
  readonly openFiles?: number;
  readonly folder?: string;
  /** Stay as process 1: pass signals on, reap, end as the program ends. */
  readonly supervise: boolean;
  /** A socket: where to say in one line why the program is not started, or that it will be when the other end has nodded. */
  readonly reportFd?: number;
  /** A unix socket on which somebody waits for the master of the terminal that the program is to have. */
  readonly consoleFd?: number;
  readonly consoleSize?: WindowSize;
  readonly program: string;
  readonly programArguments: readonly string[];
};

export const initUsage = `usage: init [OPTION VALUE]... [--] PROGRAM [ARG...]
  -e KEY=VALUE       a variable of the program's environment, which has no others
  -E                 and those that init was given in its own, where nobody else reads them
  -g GATEWAY         where the default route leads
  -u USER[:GROUP]    by name or number
  -a GROUP           one more group of the program
  -c MASK            capabilities to keep, as CapBnd of /proc/self/status
  -n NUMBER          how many files the program may have open
  -w FOLDER          where the program starts
  -s                 stay as process 1, pass signals on and reap
  -r FD, -t FD       where to report to, and where to send a terminal to
  -z ROWSxCOLUMNS    of the terminal`;

type OwnEnvironment = Readonly<Record<string, string | undefined>>;

type Options = { -readonly [Key in keyof InitArguments]?: InitArguments[Key] };

/**
 * Options in one- and two-dash form, the value behind `=` or as the next word; the first other word is the program. An item
 * without `=` gets an empty value, and one named `container` (which LXC sets) is dropped, as in 2013. A text says what is wrong.
 * `own`: the environment that init itself was given.
 */
export function parseInitArguments(
  args: readonly string[],
  own: OwnEnvironment = {},
): InitArguments | string {
  const environment: Record<string, string> = {};
  const gateways: string[] = [];
  const groups: string[] = [];
  const options: Options = {};
  const words = [...args];
  const withProgram = ([program, ...programArguments]: readonly string[]): InitArguments | string =>
    program === undefined
      ? `no program given\n${initUsage}`
      : { supervise: false, ...options, environment, gateways, groups, program, programArguments };
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (word === "--") return withProgram(words);
    const [, letter = "", inWord] = /^--?([eEguacnwsrtz])(?:=(.*))?$/s.exec(word) ?? [];
    if (letter === "") {
      if (word.startsWith("-")) return `unknown option ${word}\n${initUsage}`;
      return withProgram([word, ...words]);
    }
    if (letter === "s") {
      options.supervise = true;
      continue;
    }
    if (letter === "E") {
      for (const variable of fromInitEnvironment(own)) addVariable(environment, variable);
      continue;
    }
    const value = inWord ?? words.shift();
    if (value === undefined) return `option ${word} needs a value\n${initUsage}`;
    if (letter === "e") {
      // LXC's own, which 2013 dropped.
      if (!value.startsWith("container=")) addVariable(environment, value);
    } else if (letter === "g") gateways.push(value);
    else if (letter === "a") groups.push(value);
    else if (!addOption(options, letter, value)) return `option -${letter}: ${value} is no value for it`;
  }
  return withProgram([]);
}

function addOption(options: Options, letter: string, value: string): boolean {
  if (letter === "u") options.user = value;
  else if (letter === "w") options.folder = value;
  else if (letter === "c" && /^[0-9a-f]{1,16}$/.test(value)) options.capabilities = BigInt(`0x${value}`);
  else if (/^\d{1,9}$/.test(value) && letter === "n") options.openFiles = Number(value);
  else if (/^\d{1,9}$/.test(value) && letter === "r") options.reportFd = Number(value);
  else if (/^\d{1,9}$/.test(value) && letter === "t") options.consoleFd = Number(value);
  else if (/^\d{1,5}x\d{1,5}$/.test(value) && letter === "z") {
    const [rows = 0, columns = 0] = value.split("x").map(Number);
    options.consoleSize = { rows, columns };
  } else return false;
  return true;
}

function addVariable(environment: Record<string, string>, item: string): void {
  const at = item.indexOf("=");
  const name = at < 0 ? item : item.slice(0, at);
  if (name !== "") environment[name] = at < 0 ? "" : item.slice(at + 1);
}
