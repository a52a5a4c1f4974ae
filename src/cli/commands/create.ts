// `create`, and the creating half of `run`.

import { createContainer } from "../../client/containers.ts";
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
  await context.stdout.write(`${await createFrom(context, flags, request)}\n`);
  return 0;
}

export function surroundings({ env, config, client: { endpoint } }: Context): Surroundings {
  return {
    env,
    apiSocket: endpoint.kind === "unix" ? endpoint.path : undefined,
    proxies: proxyVariables(config, endpoint.url),
  };
}

/** Creates the container, prints the daemon's warnings, writes --cidfile. Returns the id. */
export async function createFrom(context: Context, flags: Flags, request: CreateRequest): Promise<string> {
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
  let answer: CreateContainerAnswer;
  try {
    answer = await createOrPull(context, flags, request);
  } catch (err) {
    await idFile?.drop();
    throw err;
  }
  for (const warning of answer.Warnings ?? []) await stderr.write(`WARNING: ${warning}\n`);
  await idFile?.write(answer.Id);
  return answer.Id;
}

async function createOrPull(
  context: Context,
  flags: Flags,
  { body, name, platform }: CreateRequest,
): Promise<CreateContainerAnswer> {
  const pull = flags.text("pull");
  const image = body.Image ?? "";
  if (pull === "always") {
    const { pull: pullAgain } = await import("../run/pull-image.ts");
    await pullAgain(context, image, flags);
  }
  const attempt = () =>
    createContainer(context.client, body, { ...(name && { name }), ...(platform && { platform }) });
  try {
    return await attempt();
  } catch (err) {
    if (pull !== "missing" || !isMissingImage(err)) throw err;
    const { pullMissing } = await import("../run/pull-image.ts");
    await pullMissing(context, image, flags);
    return await attempt();
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
