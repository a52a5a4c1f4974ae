// `create`, and the creating half of `run`.

import { createContainer } from "../../client/containers.ts";
import type { EngineClient } from "../../client/engine-client.ts";
import { ResponseError } from "../../client/errors.ts";
import type { CreateContainerAnswer } from "../../spec/docker.ts";
import type { Context } from "../command.ts";
import { proxyVariables } from "../config-file.ts";
import { CommandError } from "../failure.ts";
import type { Flags } from "../flags.ts";
import { readCreateRequest } from "../run/create-body.ts";
import type { CreateRequest, Surroundings } from "../run/create-body.ts";

export async function create(context: Context, flags: Flags, operands: readonly string[]): Promise<number> {
  const request = await readCreateRequest(flags, operands, surroundings(context));
  const { created } = await createFrom(context, flags, request, onlyCreate);
  await context.stdout.write(`${created.Id}\n`);
  return 0;
}

export function surroundings({ env, config, client: { endpoint } }: Context): Surroundings {
  return {
    env,
    apiSocket: endpoint.kind === "unix" ? endpoint.path : undefined,
    proxies: proxyVariables(config, endpoint.url),
  };
}

type HasCreated = { readonly created: CreateContainerAnswer };
type Send<T extends HasCreated> = (client: EngineClient, request: CreateRequest) => Promise<T>;

export const onlyCreate: Send<HasCreated> = async (client, { body, ...request }) => ({
  created: await createContainer(client, body, nameAndPlatform(request)),
});

export function nameAndPlatform({ name, platform }: Omit<CreateRequest, "body">): {
  readonly name?: string;
  readonly platform?: string;
} {
  return { ...(name && { name }), ...(platform && { platform }) };
}

/** Creates the container by `send`, pulls its image where that is missing, prints the daemon's warnings, writes --cidfile. */
export async function createFrom<T extends HasCreated>(
  context: Context,
  flags: Flags,
  request: CreateRequest,
  send: Send<T>,
): Promise<T> {
  const { stderr } = context;
  const pull = flags.text("pull");
  if (!["always", "missing", "never"].includes(pull)) {
    throw new CommandError(
      `invalid pull option: '${pull}': must be one of "always", "missing" or "never"`,
      125,
    );
  }
  const path = flags.text("cidfile");
  const idFile = path === "" ? undefined : await (await import("../cid-file.ts")).makeCidFile(path);
  let answer: T;
  try {
    answer = await sendOrPull(context, flags, request, send);
  } catch (err) {
    await idFile?.drop();
    throw err;
  }
  for (const warning of answer.created.Warnings ?? []) await stderr.write(`WARNING: ${warning}\n`);
  await idFile?.write(answer.created.Id);
  return answer;
}

async function sendOrPull<T extends HasCreated>(
  context: Context,
  flags: Flags,
  request: CreateRequest,
  send: Send<T>,
): Promise<T> {
  const pull = flags.text("pull");
  const image = request.body.Image ?? "";
  if (pull === "always") {
    const { pull: pullAgain } = await import("../run/pull-image.ts");
    await pullAgain(context, image, flags);
  }
  try {
    return await send(context.client, request);
  } catch (err) {
    if (pull !== "missing" || !isMissingImage(err)) throw err;
    const { pullMissing } = await import("../run/pull-image.ts");
    await pullMissing(context, image, flags);
    return await send(context.client, request);
  }
}

/** The only other thing that can be missing at create is a container that is named by a flag. */
function isMissingImage(err: unknown): boolean {
  return (
    err instanceof ResponseError &&
    err.status === 404 &&
    /no such image|^image with reference/i.test(err.message)
  );
}
