// `images`: the list of images.

import { listImages } from "../../client/images.ts";
import type { Context } from "../command.ts";
import { CommandError } from "../failure.ts";
import type { Filters, Flags } from "../flags.ts";
import { formatOf } from "../format/format-flag.ts";
import { imageListing, imageRows } from "../format/image-rows.ts";
import { imageTree } from "../format/image-tree.ts";
import { mentions, renderList } from "../format/listing.ts";

export async function images(context: Context, flags: Flags, operands: readonly string[]): Promise<number> {
  if (flags.bool("tree")) return await tree(context, flags, operands);
  const digests = flags.bool("digests");
  const format = await formatOf(context, flags, imageListing(digests), "imagesFormat");
  const filters = filtersOf(flags, operands);
  const found = await listImages(context.client, { all: flags.bool("all"), digests, filters });
  const options = {
    truncate: !flags.bool("no-trunc"),
    nowMs: Date.now(),
    withDigests: digests || mentions(format, "Digest"),
  };
  await context.stdout.write(
    renderList(
      format,
      found.flatMap((image) => imageRows(image, options)),
    ),
  );
  return 0;
}

function filtersOf(flags: Flags, [reference]: readonly string[]): Filters {
  const filters = flags.filters("filter");
  if (reference === undefined) return filters;
  return { ...filters, reference: [...(filters["reference"] ?? []), reference] };
}

/** Flags that Docker's tree does not know yet, by the name in its complaint. */
const notInTree = { quiet: "quiet", "no-trunc": "no-trunc", digests: "show-digest" } as const;

async function tree(context: Context, flags: Flags, operands: readonly string[]): Promise<number> {
  for (const [flag, name] of Object.entries(notInTree))
    if (flags.bool(flag)) throw new CommandError(`--${name} is not yet supported with --tree`);
  if (flags.text("format") !== "") throw new CommandError("--format is not yet supported with --tree");
  const filters = filtersOf(flags, operands);
  const found = await listImages(context.client, { all: flags.bool("all"), digests: false, filters });
  await context.stdout.write(imageTree(found));
  return 0;
}
