// `inspect`: everything that the engine knows about objects of any kind.

import { inspectContainerText } from "../../client/containers.ts";
import type { EngineClient } from "../../client/engine-client.ts";
import { ResponseError } from "../../client/errors.ts";
import { inspectImageText } from "../../client/images.ts";
import { inspectNetworkText } from "../../client/networks.ts";
import { inspectVolumeText } from "../../client/volumes.ts";
import type { Context } from "../command.ts";
import { CommandError } from "../failure.ts";
import type { Flags } from "../flags.ts";
import { indentJson } from "../format/json-indent.ts";
import { readFormat } from "../format/one-value.ts";
import { describe } from "../report.ts";
import { parseGoJson } from "../template/go-json.ts";
import { renderTemplate, TemplateError } from "../template/template.ts";
import { whileWaiting } from "../waiting.ts";

/** Returns the JSON text of one object. Throws ResponseError. */
type Getter = (name: string) => Promise<string>;

export async function inspectContainers(
  context: Context,
  flags: Flags,
  operands: readonly string[],
): Promise<number> {
  const size = flags.bool("size");
  return await inspectAll(context, flags, operands, (name) =>
    inspectContainerText(context.client, name, size),
  );
}

export async function inspectImages(
  context: Context,
  flags: Flags,
  operands: readonly string[],
): Promise<number> {
  const platform = flags.text("platform") || undefined;
  return await inspectAll(context, flags, operands, (name) =>
    inspectImageText(context.client, name, platform),
  );
}

export async function inspectNetworks(
  context: Context,
  flags: Flags,
  operands: readonly string[],
): Promise<number> {
  const verbose = flags.bool("verbose");
  return await inspectAll(context, flags, operands, (name) =>
    inspectNetworkText(context.client, name, verbose),
  );
}

export async function inspectVolumes(
  context: Context,
  flags: Flags,
  operands: readonly string[],
): Promise<number> {
  return await inspectAll(context, flags, operands, (name) => inspectVolumeText(context.client, name));
}

type Kind = { readonly get: (client: EngineClient, name: string, size: boolean) => Promise<string> };

/** In the order in which a name is looked for. */
const searched: Readonly<Record<string, Kind>> = {
  container: { get: inspectContainerText },
  image: { get: (client, name) => inspectImageText(client, name) },
  network: { get: (client, name) => inspectNetworkText(client, name) },
  volume: { get: inspectVolumeText },
};

/** Of clusters and plugins, which the engine does not have: its own words say so. */
function kindAt(pathOf: (name: string) => string): Kind {
  return {
    get: (client, name) => client.text({ method: "GET", path: pathOf(encodeURIComponent(name)) }),
  };
}

const kinds: Readonly<Record<string, Kind>> = {
  config: kindAt((name) => `/configs/${name}`),
  ...searched,
  node: kindAt((name) => `/nodes/${name}`),
  plugin: kindAt((name) => `/plugins/${name}/json`),
  secret: kindAt((name) => `/secrets/${name}`),
  service: kindAt((name) => `/services/${name}`),
  task: kindAt((name) => `/tasks/${name}`),
};

export async function inspect(context: Context, flags: Flags, operands: readonly string[]): Promise<number> {
  const { client, stderr } = context;
  const type = flags.text("type");
  const size = flags.bool("size");
  const names = Object.keys(kinds)
    .sort()
    .map((name) => JSON.stringify(name))
    .join(", ");
  if (flags.given("type") && type === "") throw new CommandError(`type is empty: must be one of ${names}`);
  const kind = kinds[type];
  if (type !== "" && kind === undefined)
    throw new CommandError(`unknown type: ${JSON.stringify(type)}: must be one of ${names}`);
  const getFrom = async (from: string, one: Kind, name: string) => {
    const text = await one.get(client, name, size);
    if (size && from !== "container") await stderr.write(`WARNING: --size ignored for ${from}\n`);
    return text;
  };
  if (kind !== undefined)
    return await inspectAll(context, flags, operands, (name) => getFrom(type, kind, name));
  return await inspectAll(context, flags, operands, async (name) => {
    for (const [from, one] of Object.entries(searched)) {
      try {
        return await getFrom(from, one, name);
      } catch (err) {
        if (!(err instanceof ResponseError && err.status === 404)) throw err;
      }
    }
    throw new CommandError(`Error: No such object: ${name}`);
  });
}

async function inspectAll(
  context: Context,
  flags: Flags,
  names: readonly string[],
  get: Getter,
): Promise<number> {
  const { stdout, stderr } = context;
  const format = flags.text("format");
  const template = format === "" || format === "json" ? undefined : readFormat(format);
  const getNamed = async (name: string) => {
    if (name === "") throw new CommandError("invalid container name or ID: value is empty");
    return await get(name);
  };
  const results = await whileWaiting(context, "looking", Promise.allSettled(names.map(getNamed)));
  const found = results.flatMap((result) => (result.status === "fulfilled" ? [result.value.trim()] : []));
  const failed = results.flatMap((result) => (result.status === "rejected" ? [describe(result.reason)] : []));
  if (template === undefined) {
    const list = `[${found.join(",")}]`;
    await stdout.write(`${format === "json" ? list : indentJson(list)}\n`);
  } else {
    const { text, problems } = renderEach(found, (one) => renderTemplate(template, parseGoJson(one)));
    await stdout.write(text);
    failed.push(...problems);
  }
  await stderr.write(failed.map((line) => `${line}\n`).join(""));
  return failed.length === 0 ? 0 : 1;
}

type Rendered = { readonly text: string; readonly problems: readonly string[] };

/** Up to the first failure. */
function renderEach(texts: readonly string[], render: (text: string) => string): Rendered {
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
  // Nothing found is an empty line.
  return { text: lines.length === 0 ? "\n" : lines.map((line) => `${line}\n`).join(""), problems };
}
