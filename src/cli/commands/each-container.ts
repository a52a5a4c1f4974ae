// The commands that do one thing to each container: stop, restart, kill, pause, unpause, rm, wait.

import { actOnContainer, removeContainer, waitContainer } from "../../client/containers.ts";
import { ResponseError } from "../../client/errors.ts";
import type { Query } from "../../client/engine-client.ts";
import type { Context, Handler } from "../command.ts";
import type { Flags } from "../flags.ts";
import { printError } from "../print.ts";
import { describe } from "../report.ts";
import { containerName, forEach } from "./each.ts";

function verb(name: string, queryOf: (flags: Flags) => Query = () => ({})): Handler {
  return async ({ client }, flags, operands) => {
    const query = queryOf(flags);
    return await forEach(operands, async (container) => {
      await actOnContainer(client, container, name, query);
      return container;
    });
  };
}

const stopQuery = (flags: Flags): Query => ({
  signal: flags.text("signal") || undefined,
  t: flags.given("timeout") ? flags.number("timeout") : undefined,
});

export const stop = verb("stop", stopQuery);
export const restart = verb("restart", stopQuery);
export const kill = verb("kill", (flags) => ({ signal: flags.text("signal") || undefined }));
export const pause = verb("pause");
export const unpause = verb("unpause");

export async function remove(
  { client }: Context,
  flags: Flags,
  operands: readonly string[],
): Promise<number> {
  const force = flags.bool("force");
  const query = { force, v: flags.bool("volumes"), link: flags.bool("link") };
  return await forEach(operands, async (operand) => {
    try {
      await removeContainer(client, containerName(operand), query);
      return operand;
    } catch (err) {
      // With --force, what is gone already is said, but is no failure.
      if (!(force && err instanceof ResponseError && err.status === 404)) throw err;
      await printError(`${describe(err)}\n`);
      return "";
    }
  });
}

export async function wait({ client }: Context, _flags: Flags, operands: readonly string[]): Promise<number> {
  return await forEach(operands, async (container) => {
    const { answer } = await waitContainer(client, container);
    const { StatusCode, Error: failure } = await answer;
    if (failure) throw new Error(failure.Message);
    return String(StatusCode);
  });
}
