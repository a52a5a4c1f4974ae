// Runs a command line as it was meant in 2013: what the 25 commands of that year understand is answered in their form,
// everything else is today's.

import { ResponseError } from "../../client/errors.ts";
import { inContext, runClient } from "../client.ts";
import type { Env } from "../command.ts";
import { findCommand } from "../command-table.ts";
import { CommandError } from "../failure.ts";
import { flagsOf } from "../flags.ts";
import type { Place } from "../place.ts";
import { describe } from "../report.ts";
import type { Streams } from "../streams.ts";
import { oldCommands } from "./commands.ts";
import { oldCommandPage, oldMainPage } from "./help.ts";
import { parseOldFlags } from "./parse-flags.ts";

/** Returns the exit code, which the protocol has no place for. */
export async function runAsIn2013(
  words: readonly string[],
  env: Env,
  streams: Streams,
  place: Place,
): Promise<number> {
  const { stdout, stderr } = streams;
  const [name = "help", ...rest] = words;
  const command = oldCommands.find((one) => one.name === name);
  const asked = name === "help" ? oldCommands.find((one) => one.name === rest[0]) : undefined;
  if (name === "help" && (rest.length === 0 || asked !== undefined)) {
    await stdout.write(asked === undefined ? oldMainPage() : oldCommandPage(asked));
    return 0;
  }
  const parsed = command && parseOldFlags(command, rest);
  if (command === undefined || parsed === undefined) {
    if (command !== undefined && rest.length === 1 && ["-help", "--help"].includes(rest[0] ?? "")) {
      await stdout.write(oldCommandPage(command));
      return 0;
    }
    if (!name.startsWith("-") && name !== "help" && findCommand([name]).kind === "unknown") {
      await stderr.write(`Error: No such command: ${name}\n`);
      return 1;
    }
    return await runClient(words, env, streams, place);
  }
  try {
    const flags = flagsOf(command.flags, parsed.values);
    const options = flagsOf(place.globalFlags, new Map());
    return await inContext({}, options, { env, streams, place }, (context) =>
      command.handler(context, flags, parsed.operands),
    );
  } catch (err) {
    // The daemon's refusals begin with nothing else in this form.
    const refusal = err instanceof CommandError ? err.cause : err;
    const message = refusal instanceof ResponseError ? refusal.message : describe(err);
    if (message !== "") await stderr.write(`Error: ${message}\n`);
    return 1;
  }
}
