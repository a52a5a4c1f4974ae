// `ps`: the list of containers.

import { listContainers } from "../../client/containers.ts";
import type { Context } from "../command.ts";
import type { Flags } from "../flags.ts";
import { containerListing, containerRow } from "../format/container-rows.ts";
import { formatOf } from "../format/format-flag.ts";
import { mentions, renderList } from "../format/listing.ts";

export async function ps(context: Context, flags: Flags, _operands: readonly string[]): Promise<number> {
  const withSize = flags.bool("size");
  const format = await formatOf(context, flags, containerListing(withSize), "psFormat");
  const last = flags.bool("latest") && !flags.given("last") ? 1 : flags.number("last");
  const filters = flags.filters("filter");
  const containers = await listContainers(context.client, {
    ...(flags.bool("all") && { all: true }),
    ...(last > 0 && { limit: last }),
    ...((withSize || mentions(format, "Size")) && { size: true }),
    filters,
  });
  const options = { truncate: !flags.bool("no-trunc"), nowMs: Date.now() };
  await context.stdout.write(
    renderList(
      format,
      containers.map((container) => containerRow(container, options)),
    ),
  );
  return 0;
}
