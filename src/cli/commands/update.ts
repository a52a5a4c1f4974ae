// `update`: other limits for containers that exist.

import { updateContainer } from "../../client/containers.ts";
import type { RestartPolicy, UpdateContainerBody } from "../../spec/docker.ts";
import type { Context } from "../command.ts";
import { CommandError } from "../failure.ts";
import type { Flags } from "../flags.ts";
import { parseRestartPolicy, readLimits } from "../run/limits.ts";
import { forEach } from "./each.ts";

export async function update(context: Context, flags: Flags, operands: readonly string[]): Promise<number> {
  const restart = flags.text("restart");
  const body: UpdateContainerBody = {
    ...readLimits(flags),
    ...(restart !== "" && { RestartPolicy: restartPolicy(restart) }),
  };
  if (Object.keys(body).length === 0) {
    throw new CommandError("you must provide one or more flags when using this command");
  }
  const warnings: string[] = [];
  const exitCode = await forEach(context, "updating", operands, async (container) => {
    const { Warnings } = await updateContainer(context.client, container, body);
    warnings.push(...(Warnings ?? []));
    return container;
  });
  if (warnings.length > 0) await context.stderr.write(`${warnings.join("\n")}\n`);
  return exitCode;
}

/** What is wrong with a policy is no reason for 125 here: no container was to be run. */
function restartPolicy(text: string): RestartPolicy {
  try {
    return parseRestartPolicy(text);
  } catch (err) {
    throw err instanceof CommandError ? new CommandError(err.message) : err;
  }
}
