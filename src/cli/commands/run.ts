// `run`: create, attach, wait, start, in as few round trips as that takes (see ../session/follow-container.ts).

import { actOnContainer } from "../../client/containers.ts";
import { ConnectError } from "../../client/errors.ts";
import type { CreateContainerBody } from "../../spec/docker.ts";
import type { Context } from "../command.ts";
import { CommandError } from "../failure.ts";
import type { Flags } from "../flags.ts";
import { readCreateRequest } from "../run/create-body.ts";
import type { CreateRequest } from "../run/create-body.ts";
import { chooseDetachKeys } from "../session/detach-keys-flag.ts";
import { followContainer } from "../session/follow-container.ts";
import { createFrom, surroundings } from "./create.ts";

export async function run(context: Context, flags: Flags, operands: readonly string[]): Promise<number> {
  const detach = flags.bool("detach");
  if (detach && flags.given("attach")) {
    throw new CommandError("conflicting options: cannot specify both --attach and --detach");
  }
  const request = await readCreateRequest(flags, operands, surroundings(context));
  if (detach) return await runDetached(context, flags, request);
  return await runAttached(context, flags, request);
}

async function runDetached(context: Context, flags: Flags, request: CreateRequest): Promise<number> {
  const { body } = request;
  const detached = {
    ...body,
    AttachStdin: false,
    AttachStdout: false,
    AttachStderr: false,
    StdinOnce: false,
  };
  const id = await createFrom(context, flags, { ...request, body: detached }).catch(asRunError);
  await start(context, id);
  await context.stdout.write(`${id}\n`);
  return 0;
}

async function runAttached(context: Context, flags: Flags, request: CreateRequest): Promise<number> {
  const { client } = context;
  const body = await withTerminal(context, request.body);
  // Attach, wait and start go out on connections of their own, made while the engine creates. A failure shows at their use.
  const warm = client.warm(2).catch(() => undefined);
  const {
    AttachStdin: stdin = false,
    AttachStdout: stdout = false,
    AttachStderr: stderr = false,
    Tty: tty = false,
  } = body;
  const id = await createFrom(context, flags, { ...request, body }).catch(asRunError);
  await warm;
  // Nothing else will say what was started.
  if (!stdout && !stderr) await context.stdout.write(`${id}\n`);
  const end = await followContainer(context, id, {
    tty,
    stdin,
    output: { stdout, stderr },
    detachKeys: chooseDetachKeys(context, flags, { tty, stdin }),
    signals: flags.bool("sig-proxy"),
    until: flags.bool("rm") ? "removed" : "next-exit",
    start: () => start(context, id),
  });
  if (end === "detached") return 0;
  if (end.Error) throw new CommandError(`Error waiting for container: ${end.Error.Message}`, 125);
  return end.StatusCode;
}

async function start({ client }: Context, id: string): Promise<void> {
  await actOnContainer(client, id, "start").catch(asRunError);
}

/** @throws CommandError with the exit code that tells why the program did not run. */
async function asRunError(err: unknown): Promise<never> {
  if (err instanceof CommandError || err instanceof ConnectError) throw err;
  const [{ describe }, { startExitCode }] = await Promise.all([
    import("../report.ts"),
    import("../start-error.ts"),
  ]);
  const message = describe(err);
  throw new CommandError(message, startExitCode(message), { cause: err });
}

/** For a program with a terminal: there must be one on our side as well, and the engine gets to know its size. */
async function withTerminal(context: Context, body: CreateContainerBody): Promise<CreateContainerBody> {
  if (!body.Tty) return body;
  if (body.AttachStdin) {
    if ((await context.stdin.isTerminal()) === false) throw new CommandError("the input device is not a TTY");
    await context.stdin.expectRaw?.();
  }
  const { outputSize } = await import("../session/terminal.ts");
  const size = await outputSize(context);
  if (size === undefined) return body;
  return { ...body, HostConfig: { ...body.HostConfig, ConsoleSize: [size.rows, size.columns] } };
}
