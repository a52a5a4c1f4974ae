// `inspect`: everything that the engine knows about objects of any kind.

import { inspectContainerText } from "../../client/containers.ts";
import { ResponseError } from "../../client/errors.ts";
import { inspectImageText } from "../../client/images.ts";
import type { Context } from "../command.ts";
import { CommandError } from "../failure.ts";
import type { Flags } from "../flags.ts";
import { indentJson } from "../format/json-indent.ts";
import { readFormat } from "../format/one-value.ts";
import { print, printError } from "../print.ts";
import { describe } from "../report.ts";
import { parseGoJson } from "../template/go-json.ts";
import { renderTemplate, TemplateError } from "../template/template.ts";

/** Returns the JSON text of one object. Throws ResponseError. */
type Getter = (name: string) => Promise<string>;

export async function inspectContainers(
  { client }: Context,
  flags: Flags,
  operands: readonly string[],
): Promise<number> {
  const size = flags.bool("size");
  return await inspectAll(flags, operands, (name) => inspectContainerText(client, name, size));
}

export async function inspectImages(
  { client }: Context,
  flags: Flags,
  operands: readonly string[],
): Promise<number> {
  const platform = flags.text("platform") || undefined;
  return await inspectAll(flags, operands, (name) => inspectImageText(client, name, platform));
}

const laterKinds = new Set(["config", "network", "node", "plugin", "secret", "service", "task", "volume"]);

export async function inspect(context: Context, flags: Flags, operands: readonly string[]): Promise<number> {
  const { client } = context;
  const type = flags.text("type");
  if (flags.given("type") && type === "")
    throw new CommandError(`type is empty: must be one of "container", "image"`);
  if (type === "container") return await inspectContainers(context, flags, operands);
  if (type === "image") return await inspectAll(flags, operands, (name) => inspectImageText(client, name));
  if (laterKinds.has(type)) throw new CommandError(`this engine has no objects of type "${type}"`);
  if (type !== "") throw new CommandError(`unknown type: "${type}": must be one of "container", "image"`);
  return await inspectAll(flags, operands, async (name) => {
    for (const get of [
      () => inspectContainerText(client, name, flags.bool("size")),
      () => inspectImageText(client, name),
    ]) {
      try {
        return await get();
      } catch (err) {
        if (!(err instanceof ResponseError && err.status === 404)) throw err;
      }
    }
    throw new CommandError(`Error: No such object: ${name}`);
  });
}

async function inspectAll(flags: Flags, names: readonly string[], get: Getter): Promise<number> {
  const format = flags.text("format");
  const template = format === "" || format === "json" ? undefined : readFormat(format);
  for (const name of names)
    if (name === "") throw new CommandError("invalid container name or ID: value is empty");
  const results = await Promise.allSettled(names.map(get));
  const found = results.flatMap((result) => (result.status === "fulfilled" ? [result.value.trim()] : []));
  const failed = results.flatMap((result) => (result.status === "rejected" ? [describe(result.reason)] : []));
  if (template === undefined) {
    const list = `[${found.join(",")}]`;
    await print(`${format === "json" ? list : indentJson(list)}\n`);
  } else {
    failed.push(...(await printEach(found, (text) => renderTemplate(template, parseGoJson(text)))));
  }
  await printError(failed.map((line) => `${line}\n`).join(""));
  return failed.length === 0 ? 0 : 1;
}

/** Up to the first failure; returns what went wrong. */
async function printEach(
  texts: readonly string[],
  render: (text: string) => string,
): Promise<readonly string[]> {
  const lines: string[] = [];
  const problems: string[] = [];
  for (const text of texts) {
    try {
      lines.push(render(text));
    } catch (err) {
      if (!(err instanceof TemplateError)) throw err;
      problems.push(`template parsing error: ${err.message}`);
      // What Docker prints before its complaint.
      lines.push("");
      break;
    }
  }
  await print(lines.map((line) => `${line}\n`).join(""));
  return problems;
}
