// Role: the client. Reads the command line by the table, runs the command, turns what went wrong into words and an
// exit code. Everything that is not needed by every call is loaded when it is.

import type { Command, Context, Env } from "./command.ts";
import { findCommand } from "./command-table.ts";
import { CommandError } from "./failure.ts";
import { parseFlags } from "./flag-parser.ts";
import { flagsOf } from "./flags.ts";
import type { Flags } from "./flags.ts";
import { ownMachine } from "./own-machine.ts";
import type { Place } from "./place.ts";
import type { Output, Streams } from "./streams.ts";

/**
 * Runs one command line (without the program's name). Returns the exit code when all output has been written.
 *
 * @param env the caller's variables.
 * @param place where the command runs: here, unless somebody else's command line is run on their behalf.
 */
export async function runClient(
  args: readonly string[],
  env: Env,
  streams: Streams,
  place: Place = ownMachine,
): Promise<number> {
  const { stdout, stderr } = streams;
  let command: Invoked | undefined;
  let debug = false;
  try {
    const { values, operands, help, warnings } = parseFlags(place.globalFlags, args, true);
    const options = flagsOf(place.globalFlags, values);
    debug = options.bool("debug");
    if (warnings.length > 0) await stderr.write(`${warnings.join("\n")}\n`);
    if (options.bool("version")) return await printVersion(stdout);
    if (help || operands.length === 0) return await printMainHelp(help ? stdout : stderr);
    if (operands[0] === "help") return await printTopic(streams, operands.slice(1));

    const found = findCommand(operands);
    if (found.kind === "command") {
      command = { command: found.command, path: found.path };
      return await invoke(command, found.rest, options, { env, streams, place });
    }
    const { groupPage } = await import("./help.ts");
    if (found.kind === "group") {
      const asked = parseFlags([], found.rest, true).help;
      await (asked ? stdout : stderr).write(groupPage(found.group));
      return 0;
    }
    if (found.group === undefined) await place.plugin(found.word, operands.slice(1), options, env);
    const { unknownCommand } = await import("./report.ts");
    await stderr.write(unknownCommand(operands));
    return 1;
  } catch (err) {
    const { causesOf, report } = await import("./report.ts");
    const { text, exitCode } = report(err, command);
    await stderr.write(debug ? text + causesOf(err) : text);
    return exitCode;
  }
}

/** A command and the path by which it was called ("container ls"). */
export type Invoked = { readonly command: Command; readonly path: string };

type Surroundings = { readonly env: Env; readonly streams: Streams; readonly place: Place };

async function invoke(
  { command, path }: Invoked,
  words: readonly string[],
  options: Flags,
  surroundings: Surroundings,
): Promise<number> {
  const { streams, place } = surroundings;
  const parsed = parseFlags(command.flags, words, command.stopAtOperand === true);
  if (parsed.warnings.length > 0) await streams.stderr.write(`${parsed.warnings.join("\n")}\n`);
  if (parsed.help) {
    const { commandPage } = await import("./help.ts");
    await streams.stdout.write(commandPage(command, path, await terminalColumns(streams.stdout)));
    return 0;
  }
  refuseForeign(command, parsed.values);
  const { min, max } = command.operands;
  const count = parsed.operands.length;
  if (count < min || (max !== undefined && count > max)) {
    const { operandCount } = await import("./report.ts");
    throw operandCount(command.operands, path);
  }
  if (!place.hasUsersFiles) (await import("./users-files.ts")).refuseUsersFiles(command, path, parsed);
  // Loaded while the configuration is read.
  const handler = command.load();
  handler.catch(() => undefined);
  return await inContext(command, options, surroundings, async (context) =>
    (await handler)(context, flagsOf(command.flags, parsed.values), parsed.operands),
  );
}

/** Makes the world that a command sees, and takes it down when `run` is done. */
export async function inContext(
  command: Pick<Command, "withoutEngine">,
  options: Flags,
  { env, streams, place }: Surroundings,
  run: (context: Context) => Promise<number>,
): Promise<number> {
  const configStore = place.configStore(options, env);
  const { config, warning } = await configStore.read();
  if (warning !== undefined) await streams.stderr.write(warning);
  const { client, contextName, configDirectory } = await place.engine(options, env, {
    config,
    orDefault: command.withoutEngine === true,
  });
  try {
    return await run({ ...streams, env, client, configDirectory, config, configStore, contextName });
  } finally {
    client.close();
  }
}

/** @throws CommandError for a flag that only other engines have. */
function refuseForeign({ flags }: Command, given: ReadonlyMap<string, unknown>): void {
  const foreign = flags.find(({ name, only }) => only !== undefined && given.has(name));
  if (foreign === undefined) return;
  const where =
    foreign.only === "windows"
      ? "running on windows, but the Sampan daemon is running on linux"
      : "with experimental features enabled";
  throw new CommandError(`"--${foreign.name}" is only supported on a Sampan daemon ${where}`, 1);
}

async function printVersion(stdout: Output): Promise<number> {
  const { versionLine } = await import("./quick-answers.ts");
  await stdout.write(versionLine());
  return 0;
}

async function printMainHelp(to: Output): Promise<number> {
  const { mainPage } = await import("./help.ts");
  await to.write(mainPage(await terminalColumns(to)));
  return 0;
}

/** `sampan help [COMMAND]`. */
async function printTopic({ stdout, stderr }: Streams, words: readonly string[]): Promise<number> {
  if (words.length === 0) return await printMainHelp(stdout);
  const { commandPage, groupPage } = await import("./help.ts");
  const found = findCommand(words);
  if (found.kind === "unknown") {
    await stderr.write(`unknown help topic: ${words.join(" ")}\n`);
    return 1;
  }
  const page =
    found.kind === "group"
      ? groupPage(found.group)
      : commandPage(found.command, found.path, await terminalColumns(stdout));
  await stdout.write(page);
  return 0;
}

/** Width for help pages: 80 where there is no terminal. */
async function terminalColumns(output: Output): Promise<number> {
  return (await output.windowSize())?.columns || 80;
}
