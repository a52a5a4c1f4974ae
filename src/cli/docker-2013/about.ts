// `info`, `version` and `inspect` as 2013 printed them.

import { buildInfo } from "../../base/build-info.ts";
import { inspectContainerText } from "../../client/containers.ts";
import { ResponseError } from "../../client/errors.ts";
import { inspectImageText } from "../../client/images.ts";
import { infoText } from "../../client/system.ts";
import type { Context } from "../command.ts";
import type { Flags } from "../flags.ts";

type Info = {
  readonly Containers: number;
  readonly Images: number;
  readonly KernelVersion: string;
  readonly MemoryLimit: boolean;
  readonly SwapLimit: boolean;
};

async function infoOf({ client }: Context): Promise<Info> {
  return JSON.parse(await infoText(client)) as Info;
}

export async function info(context: Context): Promise<number> {
  const { Containers, Images } = await infoOf(context);
  await context.stdout.write(`containers: ${Containers}\nversion: ${buildInfo.version}\nimages: ${Images}\n`);
  return 0;
}

export async function version(context: Context): Promise<number> {
  const { KernelVersion, MemoryLimit, SwapLimit } = await infoOf(context);
  const warnings = [
    MemoryLimit ? "" : "WARNING: No memory limit support\n",
    SwapLimit ? "" : "WARNING: No swap limit support\n",
  ];
  await context.stdout.write(
    `Version: ${buildInfo.version}\nGit Commit: ${buildInfo.commit}\nKernel: ${KernelVersion}\n${warnings.join("")}`,
  );
  return 0;
}

/** One object, no list of them: the container, else the image. */
export async function inspect(
  context: Context,
  _flags: Flags,
  [name = ""]: readonly string[],
): Promise<number> {
  const text = await inspectContainerText(context.client, name, false).catch(async (err: unknown) => {
    if (err instanceof ResponseError && err.status === 404)
      return await inspectImageText(context.client, name);
    throw err;
  });
  await context.stdout.write(`${JSON.stringify(JSON.parse(text), undefined, 4)}\n`);
  return 0;
}
