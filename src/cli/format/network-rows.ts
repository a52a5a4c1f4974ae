// A network as a line of `network ls`.

import type { NetworkInspect } from "../../spec/docker-resources.ts";
import { Row } from "../template/values.ts";
import { labelText } from "./labels.ts";
import type { Listing } from "./listing.ts";
import { goTimeOf, shortID } from "./words.ts";

export const networkListing: Listing = {
  table: "{{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.Scope}}",
  quiet: "{{.ID}}",
  headers: {
    CreatedAt: "CREATED AT",
    Driver: "DRIVER",
    ID: "NETWORK ID",
    IPv4: "IPV4",
    IPv6: "IPV6",
    Internal: "INTERNAL",
    Labels: "LABELS",
    Name: "NAME",
    Scope: "SCOPE",
  },
};

export function networkRow(network: NetworkInspect, { truncate }: { readonly truncate: boolean }): Row {
  return new Row("network.networkContext", {
    ID: () => (truncate ? shortID(network.Id) : network.Id),
    Name: () => network.Name,
    Driver: () => network.Driver,
    Scope: () => network.Scope,
    IPv4: () => String(network.EnableIPv4 ?? false),
    IPv6: () => String(network.EnableIPv6),
    Internal: () => String(network.Internal),
    Labels: () => labelText(network.Labels),
    Label: (name) => network.Labels?.[String(name)] ?? "",
    CreatedAt: () => goTimeOf(network.Created),
  });
}
