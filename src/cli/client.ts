// Role: the client. Reads the command line by the table, runs the command, turns what went wrong into words and an
// exit code. Everything that is not needed by every call is loaded when it is.

import { EngineClient } from "../client/engine-client.ts";
import type { Command, Env } from "./command.ts";
import { findCommand, globalFlags } from "./command-table.ts";
import { CommandError } from "./failure.ts";
import { readConfigFile, textsSetting } from "./config-file.ts";
import { parseFlags } from "./flag-parser.ts";
import { flagsOf } from "./flags.ts";
import type { Flags } from "./flags.ts";
import { chooseAddress, configDirectory } from "./global-options.ts";
import type { Output, Streams } from "./streams.ts";

/**
 * Runs one command line (without the program's name). Returns the exit code when all output has been written.
 *
 * @param env the caller's variables.
 */
export async function runClient(args: readonly string[], env: Env, streams: Streams): Promise<number> {
  const { stdout, stderr } = streams;
  let command: Invoked | undefined;
  let debug = false;
  try {
    const { values, operands, help, warnings } = parseFlags(globalFlags, args, true);
    const options = flagsOf(globalFlags, values);
    debug = options.bool("debug");
    if (warnings.length > 0) await stderr.write(`${warnings.join("\n")}\n`);
    if (options.bool("version")) return await printVersion(stdout);
    if (help || operands.length === 0) return await printMainHelp(help ? stdout : stderr);
    if (operands[0] === "help") return await printTopic(streams, operands.slice(1));

    const found = findCommand(operands);
    if (found.kind === "command") {
      command = { command: found.command, path: found.path };
      return await invoke(command, found.rest, options, { env, streams });
    }
    const { groupPage } = await import("./help.ts");
    if (found.kind === "group") {
      const asked = parseFlags([], found.rest, true).help;
      await (asked ? stdout : stderr).write(groupPage(found.group));
      return 0;
    }
    if (found.group === undefined) await runPlugin(found.word, operands.slice(1), options, { env, streams });
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

type Surroundings = { readonly env: Env; readonly streams: Streams };

async function invoke(
  { command, path }: Invoked,
  words: readonly string[],
  options: Flags,
  { env, streams }: Surroundings,
): Promise<number> {
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
  const directory = configDirectory(options, env);
  // Read by another thread while this one loads the command.
  const reading = readConfigFile(directory);
  const loading = command.load();
  loading.catch(() => undefined);
  const { config, warning } = await reading;
  if (warning !== undefined) await streams.stderr.write(warning);
  const { endpoint, contextName } = await chooseAddress(options, env, {
    directory,
    config,
    orDefault: command.withoutEngine === true,
  });
  const client = new EngineClient(endpoint, env["DOCKER_API_VERSION"], textsSetting(config, "HttpHeaders"));
  try {
    const handler = await loading;
    const context = { ...streams, env, client, configDirectory: directory, config, contextName };
    return await handler(context, flagsOf(command.flags, parsed.values), parsed.operands);
  } finally {
    client.close();
  }
}

/** Does not come back when there is such a plugin: this process becomes it. */
async function runPlugin(
  name: string,
  words: readonly string[],
  options: Flags,
  { env }: Surroundings,
): Promise<void> {
  const { becomePlugin, findPlugin } = await import("./plugin.ts");
  const directory = configDirectory(options, env);
  const plugin = await findPlugin(name, directory);
  if (plugin === undefined) return;
  const { config } = await readConfigFile(directory);
  const { endpoint } = await chooseAddress(options, env, { directory, config, orDefault: false });
  becomePlugin(plugin, [name, ...words], { ...env, DOCKER_CONFIG: directory, DOCKER_HOST: endpoint.url });
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
