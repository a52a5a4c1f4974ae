// Role: the client. Reads the command line by the table, runs the command, turns what went wrong into words and an
// exit code. Everything that is not needed by every call is loaded when it is.

import { EngineClient } from "../client/engine-client.ts";
import type { Command, Context } from "./command.ts";
import { findCommand, globalFlags } from "./command-table.ts";
import { parseFlags } from "./flag-parser.ts";
import { flagsOf } from "./flags.ts";
import type { Flags } from "./flags.ts";
import { chooseEndpoint, configDirectory } from "./global-options.ts";
import { print, printError } from "./print.ts";

/** Runs one command line (without the program's name). Returns the exit code when all output has been written. */
export async function runClient(args: readonly string[]): Promise<number> {
  let command: Invoked | undefined;
  try {
    const { values, operands, help, warnings } = parseFlags(globalFlags, args, true);
    const options = flagsOf(globalFlags, values);
    if (warnings.length > 0) await printError(`${warnings.join("\n")}\n`);
    if (options.bool("version")) return await printVersion();
    if (help || operands.length === 0) return await printMainHelp(help ? print : printError);
    if (operands[0] === "help") return await printTopic(operands.slice(1));

    const found = findCommand(operands);
    if (found.kind === "command") {
      command = { command: found.command, path: found.path };
      return await invoke(command, found.rest, options);
    }
    const { groupPage } = await import("./help.ts");
    if (found.kind === "group") {
      const asked = parseFlags([], found.rest, true).help;
      await (asked ? print : printError)(groupPage(found.group));
      return 0;
    }
    const { unknownCommand } = await import("./report.ts");
    await printError(unknownCommand(operands));
    return 1;
  } catch (err) {
    const { report } = await import("./report.ts");
    const { text, exitCode } = report(err, command);
    await printError(text);
    return exitCode;
  }
}

/** A command and the path by which it was called ("container ls"). */
export type Invoked = { readonly command: Command; readonly path: string };

async function invoke({ command, path }: Invoked, words: readonly string[], options: Flags): Promise<number> {
  const parsed = parseFlags(command.flags, words, command.stopAtOperand === true);
  if (parsed.warnings.length > 0) await printError(`${parsed.warnings.join("\n")}\n`);
  if (parsed.help) {
    const { commandPage } = await import("./help.ts");
    await print(commandPage(command, path, await terminalColumns()));
    return 0;
  }
  const { min, max } = command.operands;
  const count = parsed.operands.length;
  if (count < min || (max !== undefined && count > max)) {
    const { operandCount } = await import("./report.ts");
    throw operandCount(command.operands, path);
  }
  const loading = command.load();
  const env = process.env;
  const client = new EngineClient(await chooseEndpoint(options, env), env["DOCKER_API_VERSION"]);
  const context: Context = { env, client, configDirectory: configDirectory(options, env) };
  try {
    const handler = await loading;
    return await handler(context, flagsOf(command.flags, parsed.values), parsed.operands);
  } finally {
    client.close();
  }
}

async function printVersion(): Promise<number> {
  const { buildInfo } = await import("../base/build-info.ts");
  await print(`Sampan version ${buildInfo.version}, build ${buildInfo.commit}\n`);
  return 0;
}

async function printMainHelp(write: (text: string) => Promise<void>): Promise<number> {
  const { mainPage } = await import("./help.ts");
  await write(mainPage(await terminalColumns()));
  return 0;
}

/** `sampan help [COMMAND]`. */
async function printTopic(words: readonly string[]): Promise<number> {
  if (words.length === 0) return await printMainHelp(print);
  const { commandPage, groupPage } = await import("./help.ts");
  const found = findCommand(words);
  if (found.kind === "unknown") {
    await printError(`unknown help topic: ${words.join(" ")}\n`);
    return 1;
  }
  const page =
    found.kind === "group"
      ? groupPage(found.group)
      : commandPage(found.command, found.path, await terminalColumns());
  await print(page);
  return 0;
}

/** Width for help pages: 80 where there is no terminal. */
async function terminalColumns(): Promise<number> {
  // A look at the file is 2 ms faster than loading node:tty, which then knows for sure.
  const { rdev } = await Bun.stdout.stat();
  if (rdev === 0 || rdev >> 8 === memoryDevices) return 80;
  const { isatty } = await import("node:tty");
  return isatty(1) ? process.stdout.columns : 80;
}

/** The major number of /dev/null and its neighbours. */
const memoryDevices = 1;
