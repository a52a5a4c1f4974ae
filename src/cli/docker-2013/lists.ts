// `ps`, `images` and `history` with the columns of 2013.

import { listContainers } from "../../client/containers.ts";
import { imageHistory, listImages } from "../../client/images.ts";
import type { ContainerSummary } from "../../spec/docker.ts";
import type { ImageSummary } from "../../spec/docker-images.ts";
import type { Context } from "../command.ts";
import type { Flags } from "../flags.ts";
import { alignTabs } from "../format/tab-writer.ts";
import { ago, shortID } from "../format/words.ts";

const commandLetters = 20;

export async function ps(context: Context, flags: Flags): Promise<number> {
  const last = flags.number("n") > 0 ? flags.number("n") : flags.bool("l") ? 1 : 0;
  const containers = await listContainers(context.client, {
    ...((flags.bool("a") || last > 0) && { all: true }),
    ...(last > 0 && { limit: last }),
    filters: {},
  });
  const whole = flags.bool("notrunc");
  const id = ({ Id }: ContainerSummary): string => (whole ? Id : shortID(Id));
  if (flags.bool("q")) return await lines(context, containers.map(id));
  const nowMs = Date.now();
  const rows = containers.map((container) => [
    id(container),
    container.Image,
    whole ? container.Command : container.Command.slice(0, commandLetters),
    ago(container.Created, nowMs),
    oldStatus(container.Status),
    "", // COMMENT has been empty from the beginning
    oldPorts(container),
  ]);
  return await table(context, ["ID", "IMAGE", "COMMAND", "CREATED", "STATUS", "COMMENT", "PORTS"], rows, 12);
}

/** "Exited (3) 2 minutes ago" was "Exit 3"; a running container's text has not changed. */
export function oldStatus(status: string): string {
  return status.replace(/^Exited \((-?\d+)\).*/, "Exit $1");
}

/** "49153->80, 49154->443": each once, though it is published on IPv4 and on IPv6. */
export function oldPorts({ Ports }: Pick<ContainerSummary, "Ports">): string {
  const published = Ports.flatMap(({ PublicPort, PrivatePort }) =>
    PublicPort ? [`${PublicPort}->${PrivatePort}`] : [],
  );
  return [...new Set(published)].toSorted().join(", ");
}

export async function images(context: Context, flags: Flags, [name]: readonly string[]): Promise<number> {
  const found = await listImages(context.client, { all: flags.bool("a"), digests: false, filters: {} });
  const rows = found.flatMap(namesOf).filter(({ repository }) => name === undefined || repository === name);
  if (flags.bool("q"))
    return await lines(
      context,
      rows.map(({ image }) => shortID(image.Id)),
    );
  const nowMs = Date.now();
  return await table(
    context,
    ["REPOSITORY", "TAG", "ID", "CREATED"],
    rows.map(({ repository, tag, image }) => [repository, tag, shortID(image.Id), ago(image.Created, nowMs)]),
    20,
  );
}

type Named = { readonly repository: string; readonly tag: string; readonly image: ImageSummary };

function namesOf(image: ImageSummary): readonly Named[] {
  const names = (image.RepoTags ?? []).filter((name) => name !== "<none>:<none>");
  if (names.length === 0) return [{ repository: "<none>", tag: "<none>", image }];
  return names.map((name) => {
    const colon = name.lastIndexOf(":");
    return { repository: name.slice(0, colon), tag: name.slice(colon + 1), image };
  });
}

export async function history(
  context: Context,
  _flags: Flags,
  [image = ""]: readonly string[],
): Promise<number> {
  const items = await imageHistory(context.client, image, undefined);
  const nowMs = Date.now();
  const rows = items.map(({ Id, Tags, Created, CreatedBy }) => [
    Tags?.[0] ?? shortID(Id),
    ago(Created, nowMs),
    CreatedBy.replaceAll(/[\t\n]/g, " "),
  ]);
  return await table(context, ["ID", "CREATED", "CREATED BY"], rows, 20);
}

async function lines({ stdout }: Context, texts: readonly string[]): Promise<number> {
  await stdout.write(texts.map((text) => `${text}\n`).join(""));
  return 0;
}

async function table(
  { stdout }: Context,
  header: readonly string[],
  rows: readonly (readonly string[])[],
  minWidth: number,
): Promise<number> {
  const text = [header, ...rows].map((cells) => `${cells.join("\t")}\n`).join("");
  await stdout.write(alignTabs(text, { minWidth, padding: 3 }));
  return 0;
}
