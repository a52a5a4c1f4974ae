// `history`: the steps that made an image, newest first.

import { imageHistory } from "../../client/images.ts";
import type { HistoryItem } from "../../spec/docker-images.ts";
import type { Context } from "../command.ts";
import type { Flags } from "../flags.ts";
import { formatOf } from "../format/format-flag.ts";
import { renderList } from "../format/listing.ts";
import type { Listing } from "../format/listing.ts";
import { ago, ellipsis, humanSize, rfc3339, shortID } from "../format/words.ts";
import { Row } from "../template/values.ts";

function historyListing(human: boolean): Listing {
  const created = human ? "CreatedSince" : "CreatedAt";
  return {
    table: `{{.ID}}\t{{.${created}}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}`,
    quiet: "{{.ID}}",
    headers: {
      Comment: "COMMENT",
      CreatedAt: "CREATED AT",
      CreatedBy: "CREATED BY",
      CreatedSince: "CREATED",
      ID: "IMAGE",
      Size: "SIZE",
    },
  };
}

const createdByLetters = 45;

export async function history(context: Context, flags: Flags, operands: readonly string[]): Promise<number> {
  const human = flags.bool("human");
  const truncate = !flags.bool("no-trunc");
  const format = await formatOf(context, flags, historyListing(human));
  const items = await imageHistory(context.client, operands[0] ?? "", flags.text("platform") || undefined);
  const rows = items.map((item) => historyRow(item, { human, truncate, nowMs: Date.now() }));
  await context.stdout.write(renderList(format, rows));
  return 0;
}

type HistoryOptions = { readonly human: boolean; readonly truncate: boolean; readonly nowMs: number };

function historyRow(item: HistoryItem, { human, truncate, nowMs }: HistoryOptions): Row {
  const createdBy = item.CreatedBy.replaceAll("\t", " ");
  return new Row("image.historyContext", {
    ID: () => (truncate ? shortID(item.Id) : item.Id),
    CreatedAt: () => rfc3339(item.Created),
    CreatedSince: () =>
      human ? (item.Created <= 0 ? "N/A" : ago(item.Created, nowMs)) : rfc3339(item.Created),
    CreatedBy: () => (truncate ? ellipsis(createdBy, createdByLetters) : createdBy),
    Size: () => (human ? humanSize(item.Size) : String(item.Size)),
    Comment: () => item.Comment,
  });
}
