// `run`: create, attach, wait, start, in as few round trips as that takes (see ../session/follow-container.ts): in one where the
// engine knows how, the end can come in a frame, and there is nothing to be done between create and start.

import { actOnContainer, runContainer } from "../../client/containers.ts";
import type { EngineClient } from "../../client/engine-client.ts";
import { ConnectError } from "../../client/errors.ts";
import type { CreateContainerBody } from "../../spec/docker.ts";
import type { Context } from "../command.ts";
import { CommandError } from "../failure.ts";
import type { Flags } from "../flags.ts";
import { readCreateRequest } from "../run/create-body.ts";
import type { CreateRequest } from "../run/create-body.ts";
import { chooseDetachKeys } from "../session/detach-keys-flag.ts";
import { followContainer, followRun, proxiedRun } from "../session/follow-container.ts";
import type { Run } from "../session/follow-container.ts";
import { createFrom, nameAndPlatform, onlyCreate, surroundings } from "./create.ts";

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
  const sent = createFrom(context, flags, { ...request, body: detached }, onlyCreate);
  const { created } = await sent.catch(asRunError);
  await start(context, created.Id);
  await context.stdout.write(`${created.Id}\n`);
  return 0;
}

async function runAttached(context: Context, flags: Flags, request: CreateRequest): Promise<number> {
  const { client } = context;
  const body = await withTerminal(context, request.body);
  const {
    AttachStdin: stdin = false,
    AttachStdout: stdout = false,
    AttachStderr: stderr = false,
    Tty: tty = false,
  } = body;
  const output = { stdout, stderr };
  const detachKeys = chooseDetachKeys(context, flags, { tty, stdin });
  const options = { tty, stdin, output, detachKeys, signals: flags.bool("sig-proxy") };
  const until = flags.bool("rm") ? "removed" : "next-exit";
  const inOne = !tty && (stdout || stderr) && !flags.given("cidfile");
  // Attach, wait and start go out on connections of their own, made while the engine creates. A failure shows at their use.
  const warm = inOne ? undefined : client.warm(2).catch(() => undefined);
  const runInOne = async (engine: EngineClient, { body: asked, ...made }: CreateRequest): Promise<Run> => {
    const query = { ...nameAndPlatform(made), run: until, stdin, ...output } as const;
    return await proxiedRun(context, options.signals, runContainer(engine, asked, query));
  };
  const sent = createFrom<Run>(context, flags, { ...request, body }, inOne ? runInOne : onlyCreate);
  const { created, stream, proxy } = await sent.catch(asRunError);
  await warm;
  const { Id: id } = created;
  // Nothing else will say what was started.
  if (!stdout && !stderr) await context.stdout.write(`${id}\n`);
  const end = stream
    ? await followRun(context, stream, proxy, options)
    : await followContainer(context, id, { ...options, until, start: () => start(context, id) });
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
