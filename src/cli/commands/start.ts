// `start`: in the background, or attached to one container's output (-a) and input (-i).

import { actOnContainer, inspectContainer } from "../../client/containers.ts";
import type { Context } from "../command.ts";
import { CommandError } from "../failure.ts";
import type { Flags } from "../flags.ts";
import { chooseDetachKeys } from "../session/detach-keys-flag.ts";
import { followContainer } from "../session/follow-container.ts";
import { describe } from "../report.ts";
import { forEach } from "./each.ts";

export async function start(context: Context, flags: Flags, operands: readonly string[]): Promise<number> {
  if (flags.bool("attach") || flags.bool("interactive")) {
    const [container = "", ...more] = operands;
    if (more.length > 0) throw new CommandError("you cannot start and attach multiple containers at once");
    return await startAttached(context, flags, container);
  }
  const failed: string[] = [];
  const exitCode = await forEach(context, "starting", operands, async (container) => {
    try {
      await actOnContainer(context.client, container, "start");
      return container;
    } catch (err) {
      failed.push(container);
      throw err;
    }
  });
  if (failed.length > 0)
    await context.stderr.write(`Error: failed to start containers: ${failed.join(", ")}\n`);
  return exitCode;
}

async function startAttached(context: Context, flags: Flags, container: string): Promise<number> {
  const { client } = context;
  const { Id, Config, HostConfig } = await inspectContainer(client, container);
  const tty = Config.Tty;
  const stdin = flags.bool("interactive") && Config.OpenStdin;
  const end = await followContainer(context, Id, {
    tty,
    stdin,
    output: { stdout: true, stderr: true },
    detachKeys: chooseDetachKeys(context, flags, { tty, stdin }),
    signals: !tty,
    until: HostConfig.AutoRemove ? "removed" : "next-exit",
    start: async () => {
      try {
        await actOnContainer(client, Id, "start");
      } catch (err) {
        throw new CommandError(`${describe(err)}\nError: failed to start containers: ${container}`);
      }
    },
  });
  return end === "detached" ? 0 : end.StatusCode;
}
