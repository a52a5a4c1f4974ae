// Bodies of networks and volumes, spelled as on the wire.

export type NetworkEndpointSummary = {
  readonly Name: string;
  readonly EndpointID: string;
  readonly MacAddress: string;
  readonly IPv4Address: string;
  readonly IPv6Address: string;
};

export type IpamConfigBody = {
  readonly Subnet?: string;
  readonly IPRange?: string;
  readonly Gateway?: string;
  readonly AuxiliaryAddresses?: Readonly<Record<string, string>>;
};

/** `POST /networks/create`. */
export type CreateNetworkBody = {
  readonly Name?: string;
  readonly Driver?: string;
  readonly Scope?: string;
  readonly EnableIPv4?: boolean | null;
  readonly EnableIPv6?: boolean | null;
  readonly IPAM?: {
    readonly Driver?: string;
    readonly Config?: readonly IpamConfigBody[] | null;
    readonly Options?: Readonly<Record<string, string>> | null;
  } | null;
  readonly Internal?: boolean;
  readonly Attachable?: boolean;
  readonly Ingress?: boolean;
  readonly ConfigOnly?: boolean;
  readonly ConfigFrom?: { readonly Network?: string } | null;
  readonly Options?: Readonly<Record<string, string>> | null;
  readonly Labels?: Readonly<Record<string, string>> | null;
};

/** How many addresses of a subnet are taken, its own two and the gateway included. */
export type SubnetStatus = { readonly IPsInUse: number; readonly DynamicIPsAvailable: number };

/** `GET /networks/{id}`, and one row of `GET /networks` (there without status). */
export type NetworkInspect = {
  readonly Name: string;
  readonly Id: string;
  readonly Created: string;
  readonly Scope: "local";
  readonly Driver: string;
  readonly EnableIPv4: boolean;
  readonly EnableIPv6: boolean;
  readonly IPAM: {
    readonly Driver: string;
    readonly Options: Readonly<Record<string, string>> | null;
    readonly Config: readonly IpamConfigBody[];
  };
  readonly Internal: boolean;
  readonly Attachable: boolean;
  readonly Ingress: boolean;
  readonly ConfigFrom: { readonly Network: string };
  readonly ConfigOnly: boolean;
  readonly Containers: Readonly<Record<string, NetworkEndpointSummary>>;
  readonly Options: Readonly<Record<string, string>>;
  readonly Labels: Readonly<Record<string, string>>;
  /** By subnet; networks that have none have no status. */
  readonly Status?: { readonly IPAM: { readonly Subnets: Readonly<Record<string, SubnetStatus>> } };
};

/** `GET /volumes/{name}`. */
export type VolumeBody = {
  readonly Name: string;
  readonly Driver: "local";
  readonly Mountpoint: string;
  readonly CreatedAt: string;
  readonly Labels: Readonly<Record<string, string>> | null;
  readonly Scope: "local";
  readonly Options: Readonly<Record<string, string>> | null;
  /** In `GET /system/df` only: containers that have it, and bytes of its files. */
  readonly UsageData?: { readonly RefCount: number; readonly Size: number };
};

/** `POST /volumes/create`. */
export type CreateVolumeBody = {
  readonly Name?: string;
  readonly Driver?: string;
  readonly DriverOpts?: Readonly<Record<string, string>>;
  readonly Labels?: Readonly<Record<string, string>>;
};

export type SearchResult = {
  readonly name: string;
  readonly description: string;
  readonly star_count: number;
  readonly is_official: boolean;
  readonly is_automated?: boolean;
};

/** A piece of the build cache in `GET /system/df`. */
export type BuildCacheItem = {
  readonly ID: string;
  readonly Type: string;
  readonly InUse: boolean;
  readonly Shared: boolean;
  readonly Size: number;
  readonly CreatedAt: string;
  readonly LastUsedAt: string | null;
  readonly UsageCount: number;
};
