// `prune` of containers, of images, and of everything.

import type { EngineClient } from "../../client/engine-client.ts";
import { pruneStoppedContainers } from "../../client/containers.ts";
import { pruneUnusedImages } from "../../client/images.ts";
import type { Context } from "../command.ts";
import type { Flags } from "../flags.ts";
import type { Filters } from "../flags.ts";
import { humanSize } from "../format/words.ts";
import { print, printLine } from "../print.ts";
import { deletedText } from "./rmi.ts";

type Pruned = { readonly text: string; readonly bytes: number };

const containersWarning = "WARNING! This will remove all stopped containers.";
const imagesWarning = (all: boolean) =>
  all
    ? "WARNING! This will remove all images without at least one container associated to them."
    : "WARNING! This will remove all dangling images.";

export async function pruneContainers({ client }: Context, flags: Flags): Promise<number> {
  if (!(await confirmed(flags, containersWarning))) return 0;
  return await printPruned([await containers(client, flags.filters("filter"))]);
}

export async function pruneImages({ client }: Context, flags: Flags): Promise<number> {
  const all = flags.bool("all");
  if (!(await confirmed(flags, imagesWarning(all)))) return 0;
  return await printPruned([await images(client, flags.filters("filter"), all)]);
}

export async function pruneSystem({ client }: Context, flags: Flags): Promise<number> {
  const all = flags.bool("all");
  const things = [
    "all stopped containers",
    all ? "all images without at least one container associated to them" : "all dangling images",
  ];
  const warning = `WARNING! This will remove:\n${things.map((thing) => `  - ${thing}\n`).join("")}`;
  if (!(await confirmed(flags, warning))) return 0;
  const filters = flags.filters("filter");
  // Containers first: they hold on to images.
  return await printPruned([await containers(client, filters), await images(client, filters, all)]);
}

async function containers(client: EngineClient, filters: Filters): Promise<Pruned> {
  const { ContainersDeleted, SpaceReclaimed } = await pruneStoppedContainers(client, filters);
  const ids = ContainersDeleted ?? [];
  const text = ids.length === 0 ? "" : `Deleted Containers:\n${ids.map((id) => `${id}\n`).join("")}\n`;
  return { text, bytes: SpaceReclaimed };
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

async function printPruned(pruned: readonly Pruned[]): Promise<number> {
  const bytes = pruned.reduce((sum, one) => sum + one.bytes, 0);
  await printLine(`${pruned.map(({ text }) => text).join("")}Total reclaimed space: ${humanSize(bytes, 4)}`);
  return 0;
}

/** Asks, unless --force was given. "No" is the answer of whoever does not say yes. */
async function confirmed(flags: Flags, warning: string): Promise<boolean> {
  if (flags.bool("force")) return true;
  await print(`${warning}\nAre you sure you want to continue? [y/N] `);
  const reader = Bun.stdin.stream().getReader();
  const { value } = await reader.read();
  await reader.cancel();
  const answer = Buffer.from(value ?? [])
    .toString("utf8")
    .trim()
    .toLowerCase();
  return answer === "y" || answer === "yes";
}
