// The arguments of the in-container init, those of the first Docker's sysinit: `-e K=V… -g GATEWAY -u USER [--] PROGRAM ARG…`.

export type InitArguments = {
  /** All that the program gets: the environment that init itself was given is not passed on. */
  readonly environment: Readonly<Record<string, string>>;
  readonly gateway?: string;
  readonly user?: string;
  readonly program: string;
  readonly programArguments: readonly string[];
};

export const initUsage = "usage: init [-e KEY=VALUE]... [-g GATEWAY] [-u USER[:GROUP]] [--] PROGRAM [ARG...]";

/**
 * Options in one- and two-dash form, the value behind `=` or as the next word; the first other word is the program. An item
 * without `=` gets an empty value, and one named `container` (which LXC sets) is dropped, as in 2013. A text says what is wrong.
 */
export function parseInitArguments(args: readonly string[]): InitArguments | string {
  const environment: Record<string, string> = {};
  const options: { gateway?: string; user?: string } = {};
  const words = [...args];
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (word === "--") return withProgram(environment, options, words);
    const option = /^--?([egu])(?:=(.*))?$/s.exec(word);
    if (!option) {
      if (word.startsWith("-")) return `unknown option ${word}\n${initUsage}`;
      return withProgram(environment, options, [word, ...words]);
    }
    const value = option[2] ?? words.shift();
    if (value === undefined) return `option ${word} needs a value\n${initUsage}`;
    if (option[1] === "g") options.gateway = value;
    else if (option[1] === "u") options.user = value;
    else addVariable(environment, value);
  }
  return withProgram(environment, options, []);
}

function addVariable(environment: Record<string, string>, item: string): void {
  const at = item.indexOf("=");
  const name = at < 0 ? item : item.slice(0, at);
  if (name !== "" && name !== "container") environment[name] = at < 0 ? "" : item.slice(at + 1);
}

function withProgram(
  environment: Readonly<Record<string, string>>,
  options: { gateway?: string; user?: string },
  [program, ...programArguments]: readonly string[],
): InitArguments | string {
  if (program === undefined) return `no program given\n${initUsage}`;
  return { environment, ...options, program, programArguments };
}
