// `exec`: create, start (together where the daemon can), and afterwards ask for the exit code.

import type { EngineClient } from "../../client/engine-client.ts";
import {
  createAndStartExec,
  createExec,
  inspectExec,
  resizeExec,
  startDetachedExec,
  startExec,
} from "../../client/exec.ts";
import type { ExecCreateBody, ExecInspect } from "../../spec/docker.ts";
import type { Context } from "../command.ts";
import { CommandError } from "../failure.ts";
import type { Flags } from "../flags.ts";
import { environment } from "../run/key-values.ts";
import { chooseDetachKeys } from "../session/detach-keys-flag.ts";
import { runSession } from "../session/session.ts";

export async function exec(context: Context, flags: Flags, operands: readonly string[]): Promise<number> {
  const { client, env } = context;
  const [container = "", ...command] = operands;
  const tty = flags.bool("tty");
  const detach = flags.bool("detach");
  const stdin = flags.bool("interactive") && !detach;
  const terminal = tty && !detach ? await import("../session/terminal.ts") : undefined;
  if (stdin && terminal && (await context.stdin.isTerminal()) === false)
    throw new CommandError("the input device is not a TTY");
  const size = await terminal?.outputSize(context);
  const detachKeys = chooseDetachKeys(context, flags, { tty, stdin });
  const variables = await environment(flags, env);
  const body: ExecCreateBody = {
    Cmd: command,
    AttachStdin: stdin,
    AttachStdout: !detach,
    AttachStderr: !detach,
    Tty: tty,
    Privileged: flags.bool("privileged"),
    ...(flags.text("user") !== "" && { User: flags.text("user") }),
    ...(flags.text("workdir") !== "" && { WorkingDir: flags.text("workdir") }),
    ...(variables.length > 0 && { Env: variables }),
    ...(detachKeys !== "" && { DetachKeys: detachKeys }),
    ...(size && { ConsoleSize: [size.rows, size.columns] as const }),
  };
  if (detach) {
    await startDetachedExec(client, await createExec(client, container, body), tty);
    return 0;
  }
  const { id, stream } = await createAndStartExec(client, container, body);
  const connection =
    stream ??
    (await startExec(client, id, {
      Detach: false,
      Tty: tty,
      ...(size && { ConsoleSize: [size.rows, size.columns] as const }),
    }));
  // The stream of one request tells the end. Asked ahead, the exit code is there with the end of the output, too.
  const inspecting = stream && !tty ? undefined : inspectExec(client, id, true);
  inspecting?.catch(() => undefined);
  const stopResizing = terminal?.followSize(context, ({ rows, columns }) =>
    resizeExec(client, id, rows, columns),
  );
  const end = await runSession(context, connection, {
    tty,
    stdin,
    output: { stdout: true, stderr: true },
    detachKeys,
  });
  stopResizing?.();
  if (end === "detached") throw new CommandError("read escape sequence");
  if (end !== "ended") return end.StatusCode;
  return await exitCodeOf(client, id, await (inspecting ?? inspectExec(client, id, true)));
}

/** Elsewhere the end of the output may be seen before the end of the command is: pauses of 0, 1, 2, 4… ms, 5 s in all. */
const longestPauseMs = 100;
const patienceMs = 5000;

async function exitCodeOf(client: EngineClient, id: string, asked: ExecInspect): Promise<number> {
  let seen = asked;
  for (let pauseMs = 0, waitedMs = 0; waitedMs < patienceMs; waitedMs += pauseMs) {
    if (!seen.Running && seen.ExitCode !== null) return seen.ExitCode;
    await Bun.sleep(pauseMs);
    seen = await inspectExec(client, id);
    pauseMs = Math.min(Math.max(1, pauseMs * 2), longestPauseMs);
  }
  // A command that closed its output and goes on: Docker's client answers 0.
  return 0;
}
