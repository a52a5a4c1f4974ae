// `prune` of containers, images, volumes, networks, the build cache, and of everything.

import { pruneStoppedContainers } from "../../client/containers.ts";
import type { EngineClient } from "../../client/engine-client.ts";
import { ResponseError } from "../../client/errors.ts";
import { pruneUnusedImages } from "../../client/images.ts";
import { pruneUnusedNetworks } from "../../client/networks.ts";
import { pruneBuildCache } from "../../client/system.ts";
import { pruneUnusedVolumes } from "../../client/volumes.ts";
import type { Context } from "../command.ts";
import { CommandError } from "../failure.ts";
import type { Filters, Flags } from "../flags.ts";
import { humanSize } from "../format/words.ts";
import { whileWaiting } from "../waiting.ts";
import { deletedText } from "./rmi.ts";

type Pruned = { readonly text: string; readonly bytes: number };

const nothing: Pruned = { text: "", bytes: 0 };
const ask = "Are you sure you want to continue? [y/N] ";

export async function pruneContainers(context: Context, flags: Flags): Promise<number> {
  const warning = "WARNING! This will remove all stopped containers.\n";
  if (!(await confirmed(context, flags, warning))) return 0;
  return await printPruned(context, [() => containers(context.client, flags.filters("filter"))]);
}

export async function pruneImages(context: Context, flags: Flags): Promise<number> {
  const all = flags.bool("all");
  const what = all ? "all images without at least one container associated to them" : "all dangling images";
  if (!(await confirmed(context, flags, `WARNING! This will remove ${what}.\n`))) return 0;
  return await printPruned(context, [() => images(context.client, flags.filters("filter"), all)]);
}

export async function pruneVolumes(context: Context, flags: Flags): Promise<number> {
  const all = flags.bool("all");
  const filters = flags.filters("filter");
  if (all && filters["all"] !== undefined)
    throw new CommandError("conflicting options: cannot specify both --all and --filter all=1");
  const kind = all ? "all" : "anonymous";
  const warning = `WARNING! This will remove ${kind} local volumes not used by at least one container.\n`;
  if (!(await confirmed(context, flags, warning))) return 0;
  const wanted = all ? { ...filters, all: ["true"] } : filters;
  return await printPruned(context, [() => volumes(context.client, wanted)]);
}

export async function pruneNetworks(context: Context, flags: Flags): Promise<number> {
  const warning = "WARNING! This will remove all custom networks not used by at least one container.\n";
  if (!(await confirmed(context, flags, warning))) return 0;
  const { text } = await networks(context.client, flags.filters("filter"));
  await context.stdout.write(text);
  return 0;
}

export async function pruneBuilder(context: Context, flags: Flags): Promise<number> {
  const all = flags.bool("all");
  const warning = `WARNING! This will remove all ${all ? "" : "dangling "}build cache. `;
  if (!(await confirmed(context, flags, warning))) return 0;
  const keep = flags.number("keep-storage");
  return await printPruned(context, [() => buildCache(context.client, flags.filters("filter"), all, keep)]);
}

export async function pruneSystem(context: Context, flags: Flags): Promise<number> {
  const { client } = context;
  const all = flags.bool("all");
  const filters = flags.filters("filter");
  const withVolumes = flags.bool("volumes");
  if (withVolumes && filters["until"] !== undefined)
    throw new CommandError(`ERROR: The "until" filter is not supported with "--volumes"`);
  const things = [
    "all stopped containers",
    "all networks not used by at least one container",
    ...(withVolumes ? ["all anonymous volumes not used by at least one container"] : []),
    all ? "all images without at least one container associated to them" : "all dangling images",
    all ? "all build cache" : "unused build cache",
  ];
  const list = (lines: readonly string[]) => lines.map((line) => `  - ${line}\n`).join("");
  const given = flags.list("filter");
  const filtered =
    given.length === 0 ? "" : `\n  Items to be pruned will be filtered with:\n${list(given.toSorted())}`;
  const warning = `WARNING! This will remove:\n${list(things)}${filtered}\n`;
  if (!(await confirmed(context, flags, warning))) return 0;
  // Containers first: they hold on to all the others.
  return await printPruned(context, [
    () => containers(client, filters),
    () => whereKnown(networks(client, filters)),
    ...(withVolumes ? [() => volumes(client, filters)] : []),
    () => images(client, filters, all),
    () => whereKnown(buildCache(client, filters, all, 0)),
  ]);
}

/** An engine without networks of the user's, or without a build cache, has none to remove. */
async function whereKnown(pruning: Promise<Pruned>): Promise<Pruned> {
  try {
    return await pruning;
  } catch (err) {
    if (err instanceof ResponseError && err.status === 501) return nothing;
    throw err;
  }
}

async function containers(client: EngineClient, filters: Filters): Promise<Pruned> {
  const { ContainersDeleted, SpaceReclaimed } = await pruneStoppedContainers(client, filters);
  return { text: section("Deleted Containers", ContainersDeleted), bytes: SpaceReclaimed };
}

async function images(client: EngineClient, filters: Filters, all: boolean): Promise<Pruned> {
  const { ImagesDeleted, SpaceReclaimed } = await pruneUnusedImages(client, {
    ...filters,
    dangling: [all ? "false" : "true"],
  });
  const items = ImagesDeleted ?? [];
  const list = deletedText(items)
    .replaceAll(/^Untagged: /gm, "untagged: ")
    .replaceAll(/^Deleted: /gm, "deleted: ");
  return { text: items.length === 0 ? "" : `Deleted Images:\n${list}\n`, bytes: SpaceReclaimed };
}

async function volumes(client: EngineClient, filters: Filters): Promise<Pruned> {
  const { VolumesDeleted, SpaceReclaimed } = await pruneUnusedVolumes(client, filters);
  return { text: section("Deleted Volumes", VolumesDeleted), bytes: SpaceReclaimed };
}

async function networks(client: EngineClient, filters: Filters): Promise<Pruned> {
  const { NetworksDeleted } = await pruneUnusedNetworks(client, filters);
  return { text: section("Deleted Networks", NetworksDeleted), bytes: 0 };
}

async function buildCache(
  client: EngineClient,
  filters: Filters,
  all: boolean,
  keepBytes: number,
): Promise<Pruned> {
  const keep = keepBytes > 0 && { "keep-storage": keepBytes };
  const { CachesDeleted, SpaceReclaimed } = await pruneBuildCache(client, { all, ...keep, filters });
  return { text: section("Deleted build cache objects", CachesDeleted), bytes: SpaceReclaimed };
}

function section(title: string, names: readonly string[] | null): string {
  if (names === null || names.length === 0) return "";
  return `${title}:\n${names.map((name) => `${name}\n`).join("")}\n`;
}

/** One after the other: what one removes may set free what the next looks at. */
async function printPruned(context: Context, steps: readonly (() => Promise<Pruned>)[]): Promise<number> {
  const pruneAll = async () => {
    const pruned: Pruned[] = [];
    for (const step of steps) pruned.push(await step());
    return pruned;
  };
  const pruned = await whileWaiting(context, "removing", pruneAll());
  const bytes = pruned.reduce((sum, one) => sum + one.bytes, 0);
  const text = pruned.map((one) => one.text).join("");
  await context.stdout.write(`${text}Total reclaimed space: ${humanSize(bytes, 4)}\n`);
  return 0;
}

/** Asks, unless --force was given. "No" is the answer of whoever does not say yes. */
async function confirmed({ stdin, stdout }: Context, flags: Flags, warning: string): Promise<boolean> {
  if (flags.bool("force")) return true;
  await stdout.write(`${warning}${ask}`);
  const reader = stdin.bytes().getReader();
  const { value } = await reader.read();
  await reader.cancel();
  const answer = Buffer.from(value ?? [])
    .toString("utf8")
    .trim()
    .toLowerCase();
  return answer === "y" || answer === "yes";
}
