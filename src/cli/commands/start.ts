// `start`: in the background, or attached to one container's output (-a) and input (-i).

import { actOnContainer, attachContainer, inspectContainer, waitContainer } from "../../client/containers.ts";
import type { Context } from "../command.ts";
import { CommandError } from "../failure.ts";
import type { Flags } from "../flags.ts";
import { configured } from "../format/format-flag.ts";
import { printError } from "../print.ts";
import { runSession } from "../session/session.ts";
import { proxySignals } from "../session/signals.ts";
import { describe } from "../report.ts";
import { forEach } from "./each.ts";

export async function start(context: Context, flags: Flags, operands: readonly string[]): Promise<number> {
  if (flags.bool("attach") || flags.bool("interactive")) {
    const [container = "", ...more] = operands;
    if (more.length > 0) throw new CommandError("you cannot start and attach multiple containers at once");
    return await startAttached(context, flags, container);
  }
  const failed: string[] = [];
  const exitCode = await forEach(operands, async (container) => {
    try {
      await actOnContainer(context.client, container, "start");
      return container;
    } catch (err) {
      failed.push(container);
      throw err;
    }
  });
  if (failed.length > 0) await printError(`Error: failed to start containers: ${failed.join(", ")}\n`);
  return exitCode;
}

async function startAttached(context: Context, flags: Flags, container: string): Promise<number> {
  const { client } = context;
  const { Id, Config, HostConfig } = await inspectContainer(client, container);
  const tty = Config.Tty;
  const stdin = flags.bool("interactive") && Config.OpenStdin;
  const detachKeys =
    tty && stdin ? flags.text("detach-keys") || (await configured(context, "detachKeys")) : "";
  const output = { stdout: true, stderr: true };
  const [connection, waiting] = await Promise.all([
    attachContainer(client, Id, { stream: true, stdin, ...output, detachKeys: detachKeys || undefined }),
    waitContainer(client, Id, HostConfig.AutoRemove ? "removed" : "next-exit"),
  ]);
  waiting.answer.catch(() => undefined);
  const stopProxy = tty
    ? undefined
    : proxySignals((signal) => actOnContainer(client, Id, "kill", { signal }));
  const session = runSession(connection, { tty, stdin, output, detachKeys });
  session.catch(() => undefined);
  try {
    await actOnContainer(client, Id, "start");
  } catch (err) {
    connection.close();
    await session.catch(() => undefined);
    await printError(`${describe(err)}\n`);
    throw new CommandError(`Error: failed to start containers: ${container}`);
  }
  const stopResizing = tty ? await followTerminal(context, Id) : undefined;
  if ((await session) === "detached") return 0;
  const { StatusCode } = await waiting.answer;
  stopProxy?.();
  stopResizing?.();
  return StatusCode;
}

/** Keeps the size of a container's terminal that of ours. */
export async function followTerminal({ client }: Context, id: string): Promise<() => void> {
  const { followSize } = await import("../session/terminal.ts");
  return followSize(({ rows, columns }) => actOnContainer(client, id, "resize", { h: rows, w: columns }));
}
