// `graph ls` and `graph fsck`.

import { graphFsck, graphLayers } from "../../client/graph.ts";
import type { FsckFinding, FsckSummary, GraphLayer } from "../../spec/graph.ts";
import type { Context } from "../command.ts";
import { CommandError } from "../failure.ts";
import type { Flags } from "../flags.ts";
import { formatOf } from "../format/format-flag.ts";
import { renderList, type Listing } from "../format/listing.ts";
import { humanSize, shortID } from "../format/words.ts";
import { Row } from "../template/values.ts";

const layerListing: Listing = {
  table: "{{.ID}}\t{{.Parent}}\t{{.Size}}\t{{.ArchiveSize}}\t{{.Containers}}\t{{.Names}}",
  quiet: "{{.ID}}",
  headers: {
    ArchiveSize: "ARCHIVE",
    Containers: "CONTAINERS",
    DiffID: "DIFF ID",
    ID: "LAYER",
    Images: "IMAGES",
    Names: "NAMES",
    Parent: "PARENT",
    Size: "SIZE",
  },
};

export async function listLayers(context: Context, flags: Flags): Promise<number> {
  const format = await formatOf(context, flags, layerListing);
  const truncate = !flags.bool("no-trunc");
  const rows = (await graphLayers(context.client)).map((layer) => layerRow(layer, truncate));
  await context.stdout.write(renderList(format, rows));
  return 0;
}

function layerRow(layer: GraphLayer, truncate: boolean): Row {
  const id = (text: string): string => (truncate ? shortID(text) : text);
  return new Row("graph.layerContext", {
    ID: () => id(layer.Id),
    DiffID: () => id(layer.DiffID),
    Parent: () => id(layer.Parent),
    Size: () => humanSize(layer.Size),
    ArchiveSize: () => humanSize(layer.ArchiveSize),
    Images: () => layer.Images.map(id).join(","),
    Names: () => layer.Names.join(","),
    Containers: () => String(layer.Containers.length),
  });
}

/** A line each; of all layers where none is named. */
export async function layersOf2013(
  { client, stdout }: Context,
  _flags: Flags,
  operands: readonly string[],
): Promise<number> {
  const layers = await graphLayers(client);
  const wanted = operands.length === 0 ? layers : operands.map((prefix) => layerNamed(layers, prefix));
  await stdout.write(wanted.flatMap(({ Json }) => (Json ? [`${JSON.stringify(Json)}\n`] : [])).join(""));
  return 0;
}

function layerNamed(layers: readonly GraphLayer[], prefix: string): GraphLayer {
  const hex = prefix.replace("sha256:", "");
  const found = layers.filter(({ Id }) => Id.slice("sha256:".length).startsWith(hex));
  const [layer] = found;
  if (layer === undefined || hex === "") throw new CommandError(`no such layer: ${prefix}`);
  if (found.length > 1) throw new CommandError(`more than one layer begins with ${prefix}`);
  return layer;
}

/** Like other programs of this name: 0 when nothing is wrong or all has been repaired, 1 when something is left. */
export async function fsck({ client, stdout }: Context, flags: Flags): Promise<number> {
  for await (const line of graphFsck(client, flags.bool("repair"))) {
    if ("Finding" in line) {
      await stdout.write(findingText(line.Finding));
      continue;
    }
    await stdout.write(summaryText(line.Summary));
    return line.Summary.Problems > line.Summary.Repaired ? 1 : 0;
  }
  throw new Error("the engine's answer has no end");
}

const repairWords = {
  done: "repaired",
  possible: "can be repaired",
  impossible: "cannot be repaired",
} as const;

function findingText({ Kind, Object: what, Problem, Advice, Repair }: FsckFinding): string {
  const advice = Advice === "" ? "" : `; ${Advice}`;
  return `${Kind} ${what}: ${Problem} (${repairWords[Repair]}${advice})\n`;
}

function summaryText(summary: FsckSummary): string {
  const { Layers, LayerFiles, LayerBytes, Images, Names, Blobs, BlobBytes, UnaccountedBytes } = summary;
  const { Problems, Repaired } = summary;
  const verdict =
    Problems === 0
      ? "nothing wrong"
      : `${Problems} problems, ${Repaired} repaired, ${Problems - Repaired} left`;
  return [
    `${Layers} layers: ${LayerFiles} files, ${LayerBytes} bytes`,
    `${Images} images, ${Names} names`,
    `${Blobs} blobs: ${BlobBytes} bytes`,
    `${UnaccountedBytes} bytes belong to nothing`,
    verdict,
    "",
  ].join("\n");
}
