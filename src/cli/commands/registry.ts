// `pull`, `push`, `search`, `login` and `logout`.

import { pullImage, pushImage, searchImages } from "../../client/images.ts";
import { checkAuth } from "../../client/system.ts";
import type { SearchResult } from "../../spec/docker-resources.ts";
import { parseReference } from "../../spec/reference.ts";
import type { Context } from "../command.ts";
import { authHeader, findCredentials, hubAddress, storeCredentials } from "../credentials.ts";
import { CommandError } from "../failure.ts";
import type { Flags } from "../flags.ts";
import { formatOf } from "../format/format-flag.ts";
import { renderList } from "../format/listing.ts";
import type { Listing } from "../format/listing.ts";
import { ellipsis } from "../format/words.ts";
import { printProgress } from "../progress.ts";
import { silent } from "../streams.ts";
import { Row } from "../template/values.ts";

export async function pull(context: Context, flags: Flags, operands: readonly string[]): Promise<number> {
  const { client, config, stdout } = context;
  const [name = ""] = operands;
  checkReference(name);
  const all = flags.bool("all-tags");
  const tagged = hasTag(name);
  if (all && tagged) throw new CommandError("tag can't be used with --all-tags/-a");
  if (!all && !tagged && !flags.bool("quiet")) await stdout.write("Using default tag: latest\n");
  const image = all || tagged ? name : `${name}:latest`;
  const options = { platform: flags.text("platform") || undefined, auth: await authHeader(config, name) };
  const { body } = await pullImage(client, image, options);
  await printProgress(body, flags.bool("quiet") ? silent : stdout);
  await stdout.write(`${fullName(image)}\n`);
  return 0;
}

export async function push(context: Context, flags: Flags, operands: readonly string[]): Promise<number> {
  const { client, config, stdout } = context;
  const [name = ""] = operands;
  checkReference(name);
  const all = flags.bool("all-tags");
  const tagged = hasTag(name);
  if (all && tagged) throw new CommandError("tag can't be used with --all-tags/-a");
  if (!all && !tagged && !flags.bool("quiet")) await stdout.write("Using default tag: latest\n");
  const colon = tagged ? name.lastIndexOf(":") : name.length;
  const query = {
    tag: all ? "" : name.slice(colon + 1) || "latest",
    platform: flags.text("platform") || undefined,
    compression: flags.text("compression") || undefined,
  };
  const { body } = await pushImage(client, name.slice(0, colon), query, await authHeader(config, name));
  await printProgress(body, flags.bool("quiet") ? silent : stdout);
  if (flags.bool("quiet")) await stdout.write(`${fullName(`${name.slice(0, colon)}:${query.tag}`)}\n`);
  return 0;
}

function checkReference(name: string): void {
  const { problem } = parseReference(name);
  if (problem !== undefined) throw new CommandError(problem);
}

function hasTag(name: string): boolean {
  return /[:@][^/]*$/.test(name);
}

/** "busybox:1" -> "docker.io/library/busybox:1". */
function fullName(image: string): string {
  const [first = "", rest] = image.split("/", 2);
  if (rest === undefined) return `docker.io/library/${image}`;
  return /[.:]/.test(first) || first === "localhost" ? image : `docker.io/${image}`;
}

const searchListing: Listing = {
  table: "{{.Name}}\t{{.Description}}\t{{.StarCount}}\t{{.IsOfficial}}",
  quiet: "{{.Name}}",
  headers: {
    Description: "DESCRIPTION",
    IsAutomated: "AUTOMATED",
    IsOfficial: "OFFICIAL",
    Name: "NAME",
    StarCount: "STARS",
  },
};

const descriptionLetters = 45;

export async function search(context: Context, flags: Flags, operands: readonly string[]): Promise<number> {
  const format = await formatOf(context, flags, searchListing);
  const limit = flags.number("limit");
  const found = await searchImages(context.client, {
    term: operands[0] ?? "",
    ...(limit > 0 && { limit }),
    filters: flags.filters("filter"),
  });
  const rows = found.map((result) => searchRow(result, !flags.bool("no-trunc")));
  await context.stdout.write(renderList(format, rows));
  return 0;
}

function searchRow(result: SearchResult, truncate: boolean): Row {
  const description = result.description.replaceAll(/[\r\n]/g, " ");
  return new Row("formatter.searchContext", {
    Name: () => result.name,
    Description: () => (truncate ? ellipsis(description, descriptionLetters) : description),
    StarCount: () => String(result.star_count),
    IsOfficial: () => (result.is_official ? "[OK]" : ""),
    IsAutomated: () => (result.is_automated ? "[OK]" : ""),
  });
}

export async function login(context: Context, flags: Flags, operands: readonly string[]): Promise<number> {
  const { client, config, configDirectory, stdin, stdout, stderr } = context;
  const server = serverAddress(operands[0]);
  const fromStdin = flags.bool("password-stdin");
  if (flags.given("password")) {
    if (fromStdin)
      throw new CommandError("conflicting options: cannot specify both --password and --password-stdin");
    await stderr.write("WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n");
  }
  const known = await findCredentials(config, server);
  const username = flags.text("username") || (known?.username ?? "");
  if (fromStdin && !flags.given("username"))
    throw new CommandError("the --password-stdin option requires --username to be set");
  const password = fromStdin
    ? (await new Response(stdin.bytes()).text()).replace(/\r?\n$/, "")
    : flags.text("password") || (known?.password ?? "");
  if (username === "" || password === "") {
    throw new CommandError("Error: Cannot perform an interactive login from a non TTY device");
  }
  const { Status, IdentityToken } = await checkAuth(client, { username, password, serveraddress: server });
  await storeCredentials(context, server, {
    username,
    password: IdentityToken ? "" : password,
    serveraddress: server,
    ...(IdentityToken && { identitytoken: IdentityToken }),
  });
  await stderr.write(
    `\nWARNING! Your credentials are stored unencrypted in '${configDirectory}/config.json'.\n`,
  );
  await stdout.write(`\n${Status}\n`);
  return 0;
}

export async function logout(context: Context, _flags: Flags, operands: readonly string[]): Promise<number> {
  const server = serverAddress(operands[0]);
  await context.stdout.write(`Removing login credentials for ${server}\n`);
  if ((await findCredentials(context.config, server)) !== undefined)
    await storeCredentials(context, server, undefined);
  return 0;
}

function serverAddress(operand: string | undefined): string {
  if (operand === undefined || ["docker.io", "index.docker.io"].includes(operand)) return hubAddress;
  return operand.replace(/^https?:\/\//, "").replace(/\/.*$/, "");
}
