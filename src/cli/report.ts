// What the user is told when a command line fails, and the exit code that goes with it. Docker's words and codes.

import { BadEndpointError } from "../client/endpoint.ts";
import { ConnectError, ResponseError } from "../client/errors.ts";
import type { Command } from "./command.ts";
import { commands, groups } from "./command-table.ts";
import { CommandError, FlagError, InvalidValueError, OperandError } from "./failure.ts";
import { invalidValue } from "./flag-parser.ts";
import { programName, usageLine } from "./help.ts";
import { nearest } from "./suggestion.ts";

export type Report = { readonly text: string; readonly exitCode: number };

/** The client could not do its part: a flag, the connection, the engine's refusal. `run` adds 126 and 127. */
const clientFailed = 125;

/** @param invoked the command, when it was found before things went wrong. */
export function report(err: unknown, invoked?: { readonly command: Command; readonly path: string }): Report {
  const path = invoked?.path ?? "";
  const usage = invoked?.command.usage ?? "[OPTIONS] COMMAND [ARG...]";
  const more = `Run '${[programName, path].filter(Boolean).join(" ")} --help' for more information`;
  if (err instanceof FlagError) {
    return { text: `${err.message}\n\n${usageLine(path, usage)}\n\n${more}\n`, exitCode: clientFailed };
  }
  if (err instanceof InvalidValueError) {
    const flag = invoked?.command.flags.find((candidate) => candidate.name === err.flag);
    const told = invalidValue(flag ?? { name: err.flag, type: "string", help: "" }, err.value, err.message);
    return report(told, invoked);
  }
  if (err instanceof OperandError) {
    // Docker points elsewhere by "See" in this one case.
    const pointer = / at least \d+ argument/.test(err.message) ? more.replace("Run", "See") : more;
    return {
      text: `${programName}: ${err.message}\n\n${usageLine(path, usage)}\n\n${pointer}\n`,
      exitCode: 1,
    };
  }
  const message = describe(err);
  if (message === "") return { text: "", exitCode: err instanceof CommandError ? err.exitCode : 1 };
  // The exit code of `run` is the container's, so what is not the container's is told apart.
  const exitCode =
    err instanceof CommandError ? err.exitCode : invoked?.command.containerExitCodes ? clientFailed : 1;
  if (exitCode < clientFailed || exitCode > 127) return { text: `${message}\n`, exitCode };
  return { text: `${programName}: ${message}\n\n${more}\n`, exitCode };
}

/** What led to a failure, a line each: for `--debug`. */
export function causesOf(err: unknown): string {
  const lines: string[] = [];
  for (let cause = err instanceof Error ? err.cause : undefined; cause instanceof Error; cause = cause.cause)
    lines.push(`caused by: ${cause.message}\n`);
  return lines.join("");
}

/** One failure in words: also for commands that go on with their next operand. */
export function describe(err: unknown): string {
  if (err instanceof ResponseError) return `Error response from daemon: ${err.message}`;
  if (err instanceof ConnectError) return connectMessage(err);
  if (err instanceof BadEndpointError) return `unable to parse docker host: ${err.message}`;
  return err instanceof Error ? err.message : String(err);
}

function connectMessage({ url, code }: ConnectError): string {
  if (code === "EACCES" || code === "EPERM") {
    return (
      `permission denied while trying to connect to the Sampan daemon at ${url}\n` +
      "Use sudo, or become a member of the group that the socket belongs to."
    );
  }
  const hint = url.startsWith("unix://")
    ? "\nStart it with 'sudo sampan daemon', or name another one with -H."
    : "";
  const reason = code === "ENOTFOUND" ? ` (no such host)` : "";
  return `Cannot connect to the Sampan daemon at ${url}${reason}. Is the sampan daemon running?${hint}`;
}

export function operandCount(operands: Command["operands"], path: string): OperandError {
  const { min, max } = operands;
  const name = `'${programName} ${path}'`;
  if (max === 0) return new OperandError(`${name} accepts no arguments`);
  const noun = (count: number) => `${count} argument${count === 1 ? "" : "s"}`;
  if (max === undefined) return new OperandError(`${name} requires at least ${noun(min)}`);
  if (min === max) return new OperandError(`${name} requires ${noun(min)}`);
  if (min === 0) return new OperandError(`${name} requires at most ${noun(max)}`);
  return new OperandError(`${name} requires at least ${min} and at most ${noun(max)}`);
}

/** The complaint about a word that is no command. */
export function unknownCommand(words: readonly string[]): string {
  const [first = "", second = ""] = words;
  const group = groups.find((candidate) => candidate.name === first);
  const prefix = group === undefined ? "" : `${group.name} `;
  const word = group === undefined ? first : second;
  const names = commands.flatMap((command) => (command.hidden ? [] : command.paths));
  const below = names.filter((path) => (prefix === "" ? !path.includes(" ") : path.startsWith(prefix)));
  const near = nearest(
    word,
    [...below, ...(prefix === "" ? groups.map((one) => one.name) : [])].map((path) =>
      path.slice(prefix.length),
    ),
  );
  const usage = group === undefined ? "" : `${usageLine(group.name, group.usage ?? "")}\n\n`;
  const hint = near === undefined ? "" : `Did you mean '${programName} ${prefix}${near}'?\n`;
  const help = [programName, group?.name].filter(Boolean).join(" ");
  return (
    `${programName}: unknown command: ${programName} ${prefix}${word}\n\n` +
    `${usage}${hint}Run '${help} --help' for more information\n`
  );
}
