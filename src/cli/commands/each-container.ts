// The commands that do one thing to each container: stop, restart, kill, pause, unpause, rm, wait.

import { actOnContainer, removeContainer, waitContainer } from "../../client/containers.ts";
import { ResponseError } from "../../client/errors.ts";
import type { Query } from "../../client/engine-client.ts";
import type { Context, Handler } from "../command.ts";
import type { Flags } from "../flags.ts";
import { describe } from "../report.ts";
import { containerName, forEach } from "./each.ts";

function verb(name: string, doing: string, queryOf: (flags: Flags) => Query = () => ({})): Handler {
  return async (context, flags, operands) => {
    const query = queryOf(flags);
    return await forEach(context, doing, operands, async (container) => {
      await actOnContainer(context.client, container, name, query);
      return container;
    });
  };
}

const stopQuery = (flags: Flags): Query => ({
  signal: flags.text("signal") || undefined,
  t: flags.given("timeout") ? flags.number("timeout") : undefined,
});

export const stop = verb("stop", "stopping", stopQuery);
export const restart = verb("restart", "restarting", stopQuery);
export const kill = verb("kill", "killing", (flags) => ({ signal: flags.text("signal") || undefined }));
export const pause = verb("pause", "pausing");
export const unpause = verb("unpause", "unpausing");

export async function remove(context: Context, flags: Flags, operands: readonly string[]): Promise<number> {
  const { client, stderr } = context;
  const force = flags.bool("force");
  const query = { force, v: flags.bool("volumes"), link: flags.bool("link") };
  return await forEach(context, "removing", operands, async (operand) => {
    try {
      await removeContainer(client, containerName(operand), query);
      return operand;
    } catch (err) {
      // With --force, what is gone already is said, but is no failure.
      if (!(force && err instanceof ResponseError && err.status === 404)) throw err;
      await stderr.write(`${describe(err)}\n`);
      return "";
    }
  });
}

export async function wait(context: Context, _flags: Flags, operands: readonly string[]): Promise<number> {
  return await forEach(context, "waiting for", operands, async (container) => {
    const { answer } = await waitContainer(context.client, container);
    const { StatusCode, Error: failure } = await answer;
    if (failure) throw new Error(failure.Message);
    return String(StatusCode);
  });
}
