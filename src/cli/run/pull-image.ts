// The pull that a `run` or `create` begins with: loaded by those that have one.

import { pullImage } from "../../client/images.ts";
import type { Context } from "../command.ts";
import { authHeader } from "../credentials.ts";
import type { Flags } from "../flags.ts";
import { printProgress } from "../progress.ts";
import { silent } from "../streams.ts";

export async function pullMissing(context: Context, image: string, flags: Flags): Promise<void> {
  if (!flags.bool("quiet")) await context.stderr.write(`Unable to find image '${withTag(image)}' locally\n`);
  await pull(context, image, flags);
}

export async function pull(context: Context, image: string, flags: Flags): Promise<void> {
  const { client, config, stderr } = context;
  const { body } = await pullImage(client, withTag(image), {
    platform: flags.text("platform") || undefined,
    auth: await authHeader(config, image),
  });
  await printProgress(body, flags.bool("quiet") ? silent : stderr);
}

function withTag(image: string): string {
  return /[:@][^/]*$/.test(image) ? image : `${image}:latest`;
}
