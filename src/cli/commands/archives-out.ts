// `export` and `save`: tar archives of a container's root and of images.

import { exportContainer } from "../../client/containers.ts";
import type { Answer } from "../../client/engine-client.ts";
import { saveImages } from "../../client/images.ts";
import type { Context } from "../command.ts";
import type { Flags } from "../flags.ts";
import { checkOutput, writeArchive } from "../output-file.ts";

export async function exportArchive(
  context: Context,
  flags: Flags,
  operands: readonly string[],
): Promise<number> {
  const [container = ""] = operands;
  return await toOutput(context, flags, "export container", () => exportContainer(context.client, container));
}

export async function save(context: Context, flags: Flags, operands: readonly string[]): Promise<number> {
  const platform = flags.text("platform") || undefined;
  return await toOutput(context, flags, "save image", () => saveImages(context.client, operands, platform));
}

async function toOutput(
  context: Context,
  flags: Flags,
  what: string,
  open: () => Promise<Answer>,
): Promise<number> {
  const path = flags.text("output");
  await checkOutput(context, path, what);
  await writeArchive(context, (await open()).body, path);
  return 0;
}
