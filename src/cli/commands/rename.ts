import { actOnContainer } from "../../client/containers.ts";
import type { Context } from "../command.ts";
import { CommandError } from "../failure.ts";
import type { Flags } from "../flags.ts";
import { describe } from "../report.ts";

export async function rename(
  { client, stderr }: Context,
  _flags: Flags,
  operands: readonly string[],
): Promise<number> {
  const [container = "", name = ""] = operands.map((operand) => operand.trim());
  if (container === "" || name === "")
    throw new CommandError("Error: Neither old nor new names may be empty");
  try {
    await actOnContainer(client, container, "rename", { name });
    return 0;
  } catch (err) {
    await stderr.write(`${describe(err)}\n`);
    throw new CommandError(`Error: failed to rename container named ${container}`);
  }
}
