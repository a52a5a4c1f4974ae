// What `--network` says, in the words of HostConfig.NetworkMode.

export type NetworkMode =
  | { readonly kind: "bridge" }
  | { readonly kind: "host" }
  | { readonly kind: "none" }
  /** The network of another container, by id or name. */
  | { readonly kind: "container"; readonly container: string }
  /** A network that a user made, by name or id. */
  | { readonly kind: "network"; readonly network: string };

const containerPrefix = "container:";

export function parseNetworkMode(text: string): NetworkMode {
  switch (text) {
    case "":
    case "default":
    case "bridge":
      return { kind: "bridge" };
    case "host":
    case "none":
      return { kind: text };
    default:
      return text.startsWith(containerPrefix)
        ? { kind: "container", container: text.slice(containerPrefix.length) }
        : { kind: "network", network: text };
  }
}
