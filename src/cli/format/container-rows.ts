// A container as a line of `ps`.

import type { ContainerSummary } from "../../spec/docker.ts";
import { Row } from "../template/values.ts";
import { labelText } from "./labels.ts";
import type { Listing } from "./listing.ts";
import { displayPorts } from "./port-list.ts";
import { ago, ellipsis, goTime, humanSize, shortID } from "./words.ts";

export function containerListing(withSize: boolean): Listing {
  const columns = ["ID", "Image", "Command", "RunningFor", "Status", "Ports", "Names"];
  if (withSize) columns.push("Size");
  return {
    table: columns.map((name) => `{{.${name}}}`).join("\t"),
    quiet: "{{.ID}}",
    // `docker ps` looks into the template before it asks for the list.
    words: { parse: "failed to parse template", execute: "failed to execute template" },
    headers: {
      Command: "COMMAND",
      CreatedAt: "CREATED AT",
      ID: "CONTAINER ID",
      Image: "IMAGE",
      Labels: "LABELS",
      LocalVolumes: "LOCAL VOLUMES",
      Mounts: "MOUNTS",
      Names: "NAMES",
      Networks: "NETWORKS",
      Platform: "PLATFORM",
      Ports: "PORTS",
      RunningFor: "CREATED",
      Size: "SIZE",
      State: "STATE",
      Status: "STATUS",
    },
  };
}

export type RowOptions = { readonly truncate: boolean; readonly nowMs: number };

const commandLetters = 20;
const mountLetters = 15;

export function containerRow(container: ContainerSummary, { truncate, nowMs }: RowOptions): Row {
  return new Row("formatter.ContainerContext", {
    ID: () => (truncate ? shortID(container.Id) : container.Id),
    Names: () => names(container, truncate),
    Image: () => image(container, truncate),
    // Quoted as Go quotes; the command may hold anything.
    Command: () => JSON.stringify(truncate ? ellipsis(container.Command, commandLetters) : container.Command),
    CreatedAt: () => goTime(container.Created),
    RunningFor: () => ago(container.Created, nowMs),
    Ports: () => displayPorts(container.Ports),
    State: () => container.State,
    Status: () => container.Status,
    Size: () => size(container),
    Labels: () => labelText(container.Labels),
    Label: (name) => container.Labels?.[String(name)] ?? "",
    Mounts: () => mounts(container, truncate),
    LocalVolumes: () => String((container.Mounts ?? []).filter((mount) => mount.Driver === "local").length),
    Networks: () => Object.keys(container.NetworkSettings?.Networks ?? {}).join(","),
    Platform: () => null,
  });
}

/** Without links to others, which are names with a second slash. */
function names({ Names }: ContainerSummary, truncate: boolean): string {
  const all = Names.map((name) => name.replace(/^\//, ""));
  return (truncate ? all.filter((name) => !name.includes("/")) : all).join(",");
}

function image({ Image, ImageID }: ContainerSummary, truncate: boolean): string {
  if (Image === "") return "<no image>";
  if (!truncate) return Image;
  if (shortID(ImageID) === shortID(Image)) return shortID(Image);
  // name:tag@digest is shown as name:tag; a bare digest stays.
  const [name = "", digest] = Image.split("@");
  return digest !== undefined && /:[^/]+$/.test(name) ? name : Image;
}

function size({ SizeRw = 0, SizeRootFs = 0 }: ContainerSummary): string {
  return SizeRootFs > 0 ? `${humanSize(SizeRw)} (virtual ${humanSize(SizeRootFs)})` : humanSize(SizeRw);
}

function mounts({ Mounts }: ContainerSummary, truncate: boolean): string {
  return (Mounts ?? [])
    .map(({ Name, Source }) => Name || Source)
    .map((name) => (truncate ? ellipsis(name, mountLetters) : name))
    .join(",");
}
