// `create`, and the creating half of `run`.

import { createContainer } from "../../client/containers.ts";
import { ResponseError } from "../../client/errors.ts";
import type { Context } from "../command.ts";
import { CommandError } from "../failure.ts";
import type { Flags } from "../flags.ts";
import { printError, printLine } from "../print.ts";
import { readCreateRequest } from "../run/create-body.ts";
import type { CreateRequest, Surroundings } from "../run/create-body.ts";

export async function create(context: Context, flags: Flags, operands: readonly string[]): Promise<number> {
  const request = await readCreateRequest(flags, operands, surroundings(context));
  await printLine(await createFrom(context, flags, request));
  return 0;
}

export function surroundings({ env, client: { endpoint } }: Context): Surroundings {
  return { env, apiSocket: endpoint.kind === "unix" ? endpoint.path : undefined };
}

/** Creates the container, prints the daemon's warnings, writes --cidfile. Returns the id. */
export async function createFrom({ client }: Context, flags: Flags, request: CreateRequest): Promise<string> {
  const { body, name, platform } = request;
  const pull = flags.text("pull");
  if (!["always", "missing", "never"].includes(pull)) {
    throw new CommandError(
      `invalid pull option: '${pull}': must be one of "always", "missing" or "never"`,
      125,
    );
  }
  const idFile = flags.text("cidfile");
  if (idFile !== "" && (await Bun.file(idFile).exists())) {
    throw new Error(
      `container ID file found, make sure the other container isn't running or delete ${idFile}`,
    );
  }
  try {
    const { Id, Warnings } = await createContainer(client, body, {
      ...(name && { name }),
      ...(platform && { platform }),
    });
    for (const warning of Warnings ?? []) await printError(`WARNING: ${warning}\n`);
    if (idFile !== "") await Bun.write(idFile, Id);
    return Id;
  } catch (err) {
    if (
      err instanceof ResponseError &&
      err.status === 404 &&
      pull !== "never" &&
      /no such image/i.test(err.message)
    ) {
      throw await missingImage(body.Image ?? "", flags);
    }
    throw err;
  }
}

/** A pull belongs here as soon as the engine can do one. */
async function missingImage(image: string, flags: Flags): Promise<Error> {
  const name = /[:@][^/]*$/.test(image) ? image : `${image}:latest`;
  if (!flags.bool("quiet")) await printError(`Unable to find image '${name}' locally\n`);
  return new Error(
    "this engine cannot pull yet: bring the image with 'sampan load' or 'sampan import', or use host/busybox",
  );
}
