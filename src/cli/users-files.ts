// Refuses what names a file of the user's machine, for commands that run on another one: taking a file of that name there,
// with the rights of whoever runs the command there, would be a mistake at best.

import type { Command } from "./command.ts";
import { CommandError } from "./failure.ts";
import type { Parsed } from "./flag-parser.ts";
import type { FlagValue } from "./flags.ts";

/** @throws CommandError that names the flag or the operand. */
export function refuseUsersFiles(command: Command, path: string, { values, operands }: Parsed): void {
  if (command.ownMachine) throw refusal(`'${path}' is about the machine that it is typed on`);
  for (const { name, file } of command.flags) {
    if (file === undefined) continue;
    const found = textsOf(values.get(name)).find((text) => file === true || file.test(text));
    if (found !== undefined && found !== "") throw refusal(`--${name} ${found} names a file`);
  }
  const operand = command.fileOperand?.(operands);
  if (operand !== undefined) throw refusal(`${operand} names a file`);
}

function textsOf(value: FlagValue | undefined): readonly string[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? (value as readonly string[]) : [String(value)];
}

export function refusal(what: string): CommandError {
  return new CommandError(
    `${what}, and this command runs in the daemon, which has none of yours: send it through the connection, or use the client`,
  );
}
