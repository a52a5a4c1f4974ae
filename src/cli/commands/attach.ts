// `attach`: joins a running container; ends with its exit code.

import { inspectContainer } from "../../client/containers.ts";
import type { ContainerStateBody } from "../../spec/docker.ts";
import type { Context } from "../command.ts";
import { CommandError } from "../failure.ts";
import type { Flags } from "../flags.ts";
import { chooseDetachKeys } from "../session/detach-keys-flag.ts";
import { followContainer } from "../session/follow-container.ts";

export async function attach(context: Context, flags: Flags, operands: readonly string[]): Promise<number> {
  const { client } = context;
  const { Id, State, Config } = await inspectContainer(client, operands[0] ?? "");
  checkRunning(State);
  const tty = Config.Tty;
  const stdin = !flags.bool("no-stdin") && Config.OpenStdin;
  if (stdin && tty && (await context.stdin.isTerminal()) === false) {
    throw new CommandError("the input device is not a TTY");
  }
  const end = await followContainer(context, Id, {
    tty,
    stdin,
    output: { stdout: true, stderr: true },
    detachKeys: chooseDetachKeys(context, flags, { tty, stdin }),
    signals: flags.bool("sig-proxy") && !tty,
  });
  if (end === "detached") throw new CommandError("read escape sequence");
  if (end.Error) throw new CommandError(end.Error.Message);
  return end.StatusCode;
}

function checkRunning(state: ContainerStateBody): void {
  if (!state.Running) throw new CommandError("You cannot attach to a stopped container, start it first");
  if (state.Paused) throw new CommandError("You cannot attach to a paused container, unpause it first");
  if (state.Restarting)
    throw new CommandError("You cannot attach to a restarting container, wait until it is running");
}
