// `context …`: named addresses of engines, in the files of Docker's client.

import { mkdir, readdir, rm } from "node:fs/promises";
import { chooseHost } from "../../client/endpoint.ts";
import type { Context } from "../command.ts";
import { textSetting } from "../config-file.ts";
import { contextFolder, readContext } from "../contexts.ts";
import type { ContextMeta } from "../contexts.ts";
import { CommandError } from "../failure.ts";
import { splitPair } from "../flags.ts";
import type { Flags } from "../flags.ts";
import { formatOf } from "../format/format-flag.ts";
import { indentJson } from "../format/json-indent.ts";
import { renderList } from "../format/listing.ts";
import type { Listing } from "../format/listing.ts";
import { byName } from "../format/natural-order.ts";
import { readFormat } from "../format/one-value.ts";
import { ellipsis } from "../format/words.ts";
import { defaultContext } from "../global-options.ts";
import { commaFields } from "../run/comma-fields.ts";
import { parseGoJson } from "../template/go-json.ts";
import { renderTemplate } from "../template/template.ts";
import { Row } from "../template/values.ts";

const listing: Listing = {
  table: "{{.Name}}{{if .Current}} *{{end}}\t{{.Description}}\t{{.DockerEndpoint}}\t{{.Error}}",
  quiet: "{{.Name}}",
  headers: {
    Current: "",
    Description: "DESCRIPTION",
    DockerEndpoint: "DOCKER ENDPOINT",
    Error: "ERROR",
    Name: "NAME",
  },
};

/** What a table has room for. */
const descriptionLetters = 60;
const errorLetters = 45;

export async function list(context: Context, flags: Flags): Promise<number> {
  const { configDirectory, contextName, env, stdout, stderr } = context;
  const format = await formatOf(context, flags, listing);
  const stored = await storedNames(configDirectory);
  const missing = contextName !== defaultContext && !stored.includes(contextName) ? [contextName] : [];
  const names = [defaultContext, ...stored, ...missing].toSorted(byName);
  const rows = await Promise.all(
    names.map((name) => contextRow(context, name, format.headers !== undefined)),
  );
  await stdout.write(renderList(format, rows));
  const variable = hostVariables.find((one) => env[one]);
  if (variable !== undefined) await stderr.write(overridden(variable, "a context"));
  return 0;
}

const hostVariables = ["SAMPAN_HOST", "DOCKER_HOST"];

function overridden(variable: string, what: string): string {
  return `Warning: ${variable} environment variable overrides the active context. To use ${what}, either set the global --context flag, or unset ${variable} environment variable.\n`;
}

async function contextRow(context: Context, name: string, truncate: boolean): Promise<Row> {
  let meta: ContextMeta | undefined;
  let problem = "";
  try {
    meta = await metaOf(context, name);
  } catch (err) {
    if (!(err instanceof CommandError)) throw err;
    problem = err.message;
  }
  const description =
    name === defaultContext ? "Current DOCKER_HOST based configuration" : (meta?.Metadata.Description ?? "");
  return new Row("formatter.clientContextContext", {
    Name: () => name,
    Current: () => name === context.contextName,
    Description: () => (truncate ? ellipsis(description, descriptionLetters) : description),
    DockerEndpoint: () => meta?.Endpoints.docker?.Host ?? "",
    Error: () => (truncate ? ellipsis(problem, errorLetters) : problem),
  });
}

async function metaOf({ configDirectory, env }: Context, name: string): Promise<ContextMeta> {
  if (name !== defaultContext) return await readContext(configDirectory, name);
  const docker = { Host: chooseHost(undefined, env), SkipTLSVerify: false };
  return { Name: name, Metadata: {}, Endpoints: { docker } };
}

async function storedNames(directory: string): Promise<readonly string[]> {
  const folder = `${directory}/contexts/meta`;
  const ids = await readdir(folder).catch(() => []);
  const metas = await Promise.all(
    ids.map(async (id) => {
      const file = Bun.file(`${folder}/${id}/meta.json`);
      return (await file.exists()) ? ((await file.json()) as ContextMeta).Name : undefined;
    }),
  );
  return metas.filter((name) => name !== undefined);
}

export async function show({ contextName, stdout }: Context): Promise<number> {
  await stdout.write(`${contextName}\n`);
  return 0;
}

export async function inspect(context: Context, flags: Flags, operands: readonly string[]): Promise<number> {
  const { configDirectory, contextName, stdout } = context;
  const format = flags.text("format");
  const template = format === "" || format === "json" ? undefined : readFormat(format);
  const names = operands.length > 0 ? operands : [contextName];
  const found: string[] = [];
  let problem: CommandError | undefined;
  for (const name of names) {
    try {
      const meta = await metaOf(context, name);
      const stored = name !== defaultContext;
      const Storage = {
        MetadataPath: stored ? contextFolder(configDirectory, "meta", name) : "<IN MEMORY>",
        TLSPath: stored ? contextFolder(configDirectory, "tls", name) : "<IN MEMORY>",
      };
      found.push(goEscaped(JSON.stringify({ ...meta, TLSMaterial: {}, Storage })));
    } catch (err) {
      if (!(err instanceof CommandError)) throw err;
      problem ??= err;
    }
  }
  const text =
    template === undefined
      ? `${format === "json" ? `[${found.join(",")}]` : indentJson(`[${found.join(",")}]`)}\n`
      : found.map((one) => `${renderTemplate(template, parseGoJson(one))}\n`).join("");
  await stdout.write(text);
  if (problem !== undefined) throw problem;
  return 0;
}

/** Go's encoder writes these two as numbers. */
function goEscaped(json: string): string {
  return json.replaceAll("<", "\\u003c").replaceAll(">", "\\u003e");
}

const validName = /^[a-zA-Z0-9][a-zA-Z0-9_.+-]+$/;

export async function create(context: Context, flags: Flags, operands: readonly string[]): Promise<number> {
  const { configDirectory, stdout, stderr } = context;
  const [name = ""] = operands;
  if (name === defaultContext) throw new CommandError(`${JSON.stringify(name)} is a reserved context name`);
  if (!validName.test(name)) {
    throw new CommandError(
      `context name "${name}" is invalid, names are validated against regexp "${validName.source}"`,
    );
  }
  if ((await storedNames(configDirectory)).includes(name))
    throw new CommandError(`context "${name}" already exists`);
  const from = flags.text("from");
  const base =
    from !== "" || !flags.given("docker") ? await metaOf(context, from || context.contextName) : undefined;
  const meta: ContextMeta = {
    Name: name,
    Metadata: describedBy(flags, base),
    Endpoints: flags.given("docker")
      ? { docker: await dockerEndpoint(context, name, flags) }
      : (base?.Endpoints ?? {}),
  };
  await storeContext(configDirectory, meta);
  await stdout.write(`${name}\n`);
  await stderr.write(`Successfully created context "${name}"\n`);
  return 0;
}

function describedBy(flags: Flags, base: ContextMeta | undefined): ContextMeta["Metadata"] {
  const text = flags.given("description") ? flags.text("description") : (base?.Metadata.Description ?? "");
  return text === "" ? {} : { Description: text };
}

export async function update(context: Context, flags: Flags, operands: readonly string[]): Promise<number> {
  const { configDirectory, stdout, stderr } = context;
  const [name = ""] = operands;
  const before = await readContext(configDirectory, name);
  await storeContext(configDirectory, {
    Name: name,
    Metadata: describedBy(flags, before),
    Endpoints: flags.given("docker")
      ? { docker: await dockerEndpoint(context, name, flags) }
      : before.Endpoints,
  });
  await stdout.write(`${name}\n`);
  await stderr.write(`Successfully updated context "${name}"\n`);
  return 0;
}

const endpointKeys = new Set(["from", "host", "ca", "cert", "key", "skip-tls-verify"]);

/** `--docker host=…,ca=…`; the TLS files are copied. */
async function dockerEndpoint(
  context: Context,
  name: string,
  flags: Flags,
): Promise<NonNullable<ContextMeta["Endpoints"]["docker"]>> {
  const fields = Object.fromEntries(flags.list("docker").flatMap(commaFields).map(splitPair));
  for (const key of Object.keys(fields))
    if (!endpointKeys.has(key))
      throw new CommandError(`unable to create sampan endpoint config: unrecognized config key: ${key}`);
  if (fields["from"] !== undefined) {
    const { Endpoints } = await metaOf(context, fields["from"]);
    return Endpoints.docker ?? {};
  }
  const folder = `${contextFolder(context.configDirectory, "tls", name)}/docker`;
  for (const key of ["ca", "cert", "key"] as const) {
    const path = fields[key];
    if (path === undefined) continue;
    const file = Bun.file(path);
    if (!(await file.exists())) throw new CommandError(`open ${path}: no such file or directory`);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await Bun.write(`${folder}/${key}.pem`, await file.bytes(), { mode: 0o600 });
  }
  return { Host: fields["host"] ?? "", SkipTLSVerify: fields["skip-tls-verify"] === "true" };
}

async function storeContext(directory: string, meta: ContextMeta): Promise<void> {
  await Bun.write(`${contextFolder(directory, "meta", meta.Name)}/meta.json`, JSON.stringify(meta));
}

export async function remove(context: Context, flags: Flags, operands: readonly string[]): Promise<number> {
  const { configDirectory, contextName, stdout, stderr } = context;
  const stored = await storedNames(configDirectory);
  const problems: string[] = [];
  for (const name of operands) {
    if (name === defaultContext) problems.push(`context "${name}" cannot be removed`);
    else if (!stored.includes(name)) {
      if (!flags.bool("force")) problems.push(`context "${name}" does not exist`);
    } else if (name === contextName && !flags.bool("force")) {
      problems.push(`context "${name}" is in use, set -f flag to force remove`);
    } else {
      if (name === textSetting(context.config, "currentContext")) await setCurrent(context, defaultContext);
      await rm(contextFolder(configDirectory, "meta", name), { recursive: true, force: true });
      await rm(contextFolder(configDirectory, "tls", name), { recursive: true, force: true });
      await stdout.write(`${name}\n`);
    }
  }
  await stderr.write(problems.map((line) => `${line}\n`).join(""));
  return problems.length === 0 ? 0 : 1;
}

export async function use(context: Context, _flags: Flags, operands: readonly string[]): Promise<number> {
  const { configDirectory, env, stdout, stderr } = context;
  const [name = ""] = operands;
  if (name !== defaultContext) await readContext(configDirectory, name);
  await setCurrent(context, name);
  await stdout.write(`${name}\n`);
  await stderr.write(`Current context is now "${name}"\n`);
  const variable = hostVariables.find((one) => env[one]);
  if (variable !== undefined && name !== defaultContext)
    await stderr.write(overridden(variable, JSON.stringify(name)));
  return 0;
}

async function setCurrent({ config, configStore }: Context, name: string): Promise<void> {
  const { currentContext: _before, ...others } = config;
  await configStore.write(name === defaultContext ? others : { ...others, currentContext: name });
}
