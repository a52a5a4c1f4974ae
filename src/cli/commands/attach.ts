// `attach`: joins a running container; ends with its exit code.

import { actOnContainer, attachContainer, inspectContainer, waitContainer } from "../../client/containers.ts";
import type { ContainerStateBody } from "../../spec/docker.ts";
import type { Context } from "../command.ts";
import { CommandError } from "../failure.ts";
import type { Flags } from "../flags.ts";
import { configured } from "../format/format-flag.ts";
import { runSession } from "../session/session.ts";
import { proxySignals } from "../session/signals.ts";
import { followTerminal } from "./start.ts";

export async function attach(context: Context, flags: Flags, operands: readonly string[]): Promise<number> {
  const { client } = context;
  const { Id, State, Config } = await inspectContainer(client, operands[0] ?? "");
  checkRunning(State);
  const tty = Config.Tty;
  const stdin = !flags.bool("no-stdin") && Config.OpenStdin;
  if (stdin && tty && !(await import("../session/terminal.ts")).isTerminal(0)) {
    throw new CommandError("the input device is not a TTY");
  }
  const detachKeys =
    tty && stdin ? flags.text("detach-keys") || (await configured(context, "detachKeys")) : "";
  const output = { stdout: true, stderr: true };
  const [connection, waiting] = await Promise.all([
    attachContainer(client, Id, { stream: true, stdin, ...output, detachKeys: detachKeys || undefined }),
    waitContainer(client, Id),
  ]);
  waiting.answer.catch(() => undefined);
  const stopProxy =
    flags.bool("sig-proxy") && !tty
      ? proxySignals((signal) => actOnContainer(client, Id, "kill", { signal }))
      : undefined;
  const stopResizing = tty ? await followTerminal(context, Id) : undefined;
  const end = await runSession(connection, { tty, stdin, output, detachKeys });
  if (end === "detached") throw new CommandError("read escape sequence");
  const { StatusCode, Error: failure } = await waiting.answer;
  stopProxy?.();
  stopResizing?.();
  if (failure) throw new CommandError(failure.Message);
  return StatusCode;
}

function checkRunning(state: ContainerStateBody): void {
  if (!state.Running) throw new CommandError("You cannot attach to a stopped container, start it first");
  if (state.Paused) throw new CommandError("You cannot attach to a paused container, unpause it first");
  if (state.Restarting)
    throw new CommandError("You cannot attach to a restarting container, wait until it is running");
}
