// A volume as a line of `volume ls` and of `system df -v`.

import type { VolumeBody } from "../../spec/docker-resources.ts";
import { Row } from "../template/values.ts";
import type { Listing } from "./listing.ts";
import { labelText } from "./labels.ts";
import { humanSize } from "./words.ts";

export const volumeListing: Listing = {
  table: "{{.Driver}}\t{{.Name}}",
  quiet: "{{.Name}}",
  headers: {
    Availability: "AVAILABILITY",
    Driver: "DRIVER",
    Group: "GROUP",
    ID: "VOLUME ID",
    Labels: "LABELS",
    Links: "LINKS",
    Mountpoint: "MOUNTPOINT",
    Name: "VOLUME NAME",
    Scope: "SCOPE",
    Size: "SIZE",
    Status: "STATUS",
  },
};

/** What only volumes of a cluster have. */
const ofClusters = () => "N/A";

export function volumeRow(volume: VolumeBody): Row {
  const { UsageData: usage } = volume;
  return new Row("formatter.volumeContext", {
    Name: () => volume.Name,
    Driver: () => volume.Driver,
    Scope: () => volume.Scope,
    Mountpoint: () => volume.Mountpoint,
    Labels: () => labelText(volume.Labels),
    Label: (name) => volume.Labels?.[String(name)] ?? "",
    Links: () => (usage ? String(usage.RefCount) : "N/A"),
    Size: () => (usage ? humanSize(usage.Size, 4) : "N/A"),
    Group: ofClusters,
    Status: ofClusters,
    Availability: ofClusters,
  });
}
