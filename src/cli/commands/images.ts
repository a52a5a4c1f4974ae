// `images`: the list of images.

import { listImages } from "../../client/images.ts";
import type { Context } from "../command.ts";
import type { Flags } from "../flags.ts";
import { formatOf } from "../format/format-flag.ts";
import { imageListing, imageRows } from "../format/image-rows.ts";
import { mentions, renderList } from "../format/listing.ts";

export async function images(context: Context, flags: Flags, operands: readonly string[]): Promise<number> {
  const digests = flags.bool("digests");
  const format = await formatOf(context, flags, imageListing(digests), "imagesFormat");
  const reference = operands[0];
  const filters = {
    ...flags.filters("filter"),
    ...(reference !== undefined && {
      reference: [...(flags.filters("filter")["reference"] ?? []), reference],
    }),
  };
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
