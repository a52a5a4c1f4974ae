// `system df`: what containers, images and volumes take on disk.

import { diskUsage } from "../../client/system.ts";
import type { DiskUsageAnswer } from "../../spec/docker-system.ts";
import type { Context } from "../command.ts";
import type { Flags } from "../flags.ts";
import { containerListing, containerRow } from "../format/container-rows.ts";
import {
  buildCacheListing,
  buildCacheRow,
  diskUsageListing,
  diskUsageRows,
} from "../format/disk-usage-rows.ts";
import { formatOf } from "../format/format-flag.ts";
import { imageListing, imageRows } from "../format/image-rows.ts";
import { chooseFormat, renderList } from "../format/listing.ts";
import type { Listing } from "../format/listing.ts";
import { byName } from "../format/natural-order.ts";
import { toRowJson } from "../format/row-json.ts";
import { volumeListing, volumeRow } from "../format/volume-rows.ts";
import { humanSize } from "../format/words.ts";
import { Row } from "../template/values.ts";
import { whileWaiting } from "../waiting.ts";

export async function systemDiskUsage(context: Context, flags: Flags): Promise<number> {
  const format = await formatOf(context, flags, diskUsageListing);
  const usage = await whileWaiting(context, "counting files", diskUsage(context.client));
  if (!flags.bool("verbose")) {
    await context.stdout.write(renderList(format, diskUsageRows(usage)));
    return 0;
  }
  const options = { truncate: format.headers !== undefined, nowMs: Date.now(), withDigests: false };
  const rows = detailedRows(usage, options);
  if (format.headers === undefined) {
    const whole = new Row("formatter.diskUsageContext", {
      Images: () => rows.images,
      Containers: () => rows.containers,
      Volumes: () => rows.volumes,
      BuildCache: () => rows.buildCache,
    });
    // Docker writes no line end here, and these keys in this order.
    const text = format.source === "{{json .}}" ? detailedJson(rows) : renderList(format, [whole]);
    await context.stdout.write(text.replace(/\n$/, ""));
    return 0;
  }
  await context.stdout.write(detailedPage(usage, rows));
  return 0;
}

type Options = { readonly truncate: boolean; readonly nowMs: number; readonly withDigests: boolean };

function detailedRows(usage: DiskUsageAnswer, options: Options) {
  return {
    images: (usage.Images ?? [])
      .flatMap((image) => imageRows(image, options))
      .map(({ typeName, fields }) => new Row(typeName, { ...fields, Digest: () => "" })),
    containers: (usage.Containers ?? []).map((container) =>
      // Only what the container itself has written counts here.
      containerRow({ ...container, SizeRootFs: 0 }, options),
    ),
    volumes: (usage.Volumes ?? []).toSorted((a, b) => byName(a.Name, b.Name)).map(volumeRow),
    buildCache: (usage.BuildCache ?? []).map((item) => buildCacheRow(item, options)),
  };
}

function detailedJson({ images, containers, volumes, buildCache }: ReturnType<typeof detailedRows>): string {
  const list = (rows: readonly Row[]) => `[${rows.map(toRowJson).join(",")}]`;
  return `{"Images":${list(images)},"Containers":${list(containers)},"Volumes":${list(volumes)},"BuildCache":${list(buildCache)}}`;
}

function detailedPage(usage: DiskUsageAnswer, rows: ReturnType<typeof detailedRows>): string {
  const table = (listing: Listing, columns: readonly string[], lines: readonly Row[]) => {
    const template = `table ${columns.map((name) => `{{.${name}}}`).join("\t")}`;
    return renderList(chooseFormat(listing, { format: template, quiet: false }), lines);
  };
  const cacheBytes = (usage.BuildCache ?? [])
    .filter(({ Shared }) => !Shared)
    .reduce((sum, { Size }) => sum + Size, 0);
  return [
    "Images space usage:",
    table(
      imageListing(false),
      ["Repository", "Tag", "ID", "CreatedSince", "Size", "SharedSize", "UniqueSize", "Containers"],
      rows.images,
    ),
    "Containers space usage:",
    table(
      containerListing(true),
      ["ID", "Image", "Command", "LocalVolumes", "Size", "RunningFor", "Status", "Names"],
      rows.containers,
    ),
    "Local Volumes space usage:",
    table(volumeListing, ["Name", "Links", "Size"], rows.volumes),
    `Build cache usage: ${humanSize(cacheBytes, 4)}`,
    renderList(chooseFormat(buildCacheListing, { format: "", quiet: false }), rows.buildCache),
  ]
    .join("\n\n")
    .replaceAll(/\n\n\n/g, "\n\n");
}
