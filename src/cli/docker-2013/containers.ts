// The commands of 2013 about containers that say less, or do more, than today's.

import { actOnContainer, inspectContainer } from "../../client/containers.ts";
import type { Context } from "../command.ts";
import { CommandError } from "../failure.ts";
import type { Flags } from "../flags.ts";
import { shortID } from "../format/words.ts";
import { describe } from "../report.ts";
import { passOn, today, todaySilently, withShortIDs } from "./old-command.ts";

/** Does it to one container after the other, with the short id for each; an unknown name ends it. */
function withShortID(words: (flags: Flags) => readonly string[]) {
  return async (context: Context, flags: Flags, operands: readonly string[]): Promise<number> => {
    for (const operand of operands) {
      const { Id } = await inspectContainer(context.client, operand);
      const failed = await todaySilently(context, [...words(flags), Id]);
      if (failed === 0) await context.stdout.write(`${shortID(Id)}\n`);
    }
    return 0;
  };
}

export const stop = withShortID((flags) => ["stop", `--timeout=${flags.number("t")}`]);
export const restart = withShortID((flags) => ["restart", `--timeout=${flags.number("t")}`]);

export async function start(context: Context, flags: Flags, operands: readonly string[]): Promise<number> {
  for (const operand of operands) {
    const { Id, State } = await inspectContainer(context.client, operand);
    if (State.Running) throw new CommandError(`The container ${shortID(Id)} is already running.`);
    await startOne(context, flags, [Id]);
  }
  return 0;
}

const startOne = withShortID(() => ["start"]);

/** Says nothing, but what failed; and goes on. */
export async function kill(context: Context, _flags: Flags, operands: readonly string[]): Promise<number> {
  for (const operand of operands) {
    try {
      await actOnContainer(context.client, operand, "kill");
    } catch (err) {
      await context.stdout.write(`Error killing container ${operand}: ${describe(err)}\n`);
    }
  }
  return 0;
}

/** Stops what runs first, with ten seconds for it to end. */
export async function remove(context: Context, _flags: Flags, operands: readonly string[]): Promise<number> {
  for (const operand of operands) {
    const { Id, State } = await inspectContainer(context.client, operand);
    if (State.Running) await todaySilently(context, ["stop", "--timeout=10", Id]);
    await todaySilently(context, ["rm", Id]);
  }
  return 0;
}

/** The number alone. */
export async function port(context: Context, _flags: Flags, operands: readonly string[]): Promise<number> {
  const [container = "", wanted = ""] = operands;
  const { NetworkSettings } = await inspectContainer(context.client, container);
  const [binding] = NetworkSettings.Ports?.[`${wanted}/tcp`] ?? [];
  if (binding === undefined) throw new CommandError(`No private port '${wanted}' allocated on ${container}`);
  await context.stdout.write(`${binding.HostPort}\n`);
  return 0;
}

export async function attach(context: Context, _flags: Flags, operands: readonly string[]): Promise<number> {
  return await leavingQuietly(today(context, ["attach", ...operands]));
}

export async function run(context: Context, flags: Flags, operands: readonly string[]): Promise<number> {
  const each = (old: string, name: string): readonly string[] =>
    flags.list(old).map((value) => `--${name}=${value}`);
  const switches = ["d", "i", "t"].flatMap((name) => (flags.bool(name) ? [`-${name}`] : []));
  if (flags.bool("d") && flags.given("a")) throw new CommandError("Conflicting options: -a and -d");
  const words = [
    "run",
    ...switches,
    ...passOn(flags, "h", "hostname"),
    ...passOn(flags, "u", "user"),
    ...(flags.number("m") > 0 ? [`--memory=${flags.number("m")}`] : []),
    ...each("a", "attach"),
    ...each("e", "env"),
    ...each("dns", "dns"),
    ...flags.list("p").map((value) => `--publish=${samePort(value)}`),
    ...operands,
  ];
  return await leavingQuietly(today({ ...context, stdout: withShortIDs(context.stdout) }, words));
}

/** ":80" is the same port outside as inside. */
export function samePort(value: string): string {
  const [, number] = /^:(\d+)$/.exec(value) ?? [];
  return number === undefined ? value : `${number}:${number}`;
}

/** Who leaves by Ctrl-P Ctrl-Q needs not be told. */
async function leavingQuietly(work: Promise<number>): Promise<number> {
  try {
    return await work;
  } catch (err) {
    if (err instanceof CommandError && err.message === "read escape sequence") return 0;
    throw err;
  }
}
