// `pull`, `push` and `search`.

import { pullImage, pushImage, searchImages } from "../../client/images.ts";
import type { SearchResult } from "../../spec/docker-resources.ts";
import { parseReference } from "../../spec/reference.ts";
import type { Context } from "../command.ts";
import { authHeader } from "../credentials.ts";
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
