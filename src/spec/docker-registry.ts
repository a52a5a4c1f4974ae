// Bodies of the calls about registries, spelled as on the wire.

/** `POST /auth`. */
export type AuthBody = {
  readonly username?: string;
  readonly password?: string;
  readonly auth?: string;
  readonly email?: string;
  readonly serveraddress?: string;
  readonly identitytoken?: string;
  readonly registrytoken?: string;
};

/** `GET /distribution/{name}/json`. */
export type DistributionInspect = {
  readonly Descriptor: { readonly mediaType: string; readonly digest: string; readonly size: number };
  readonly Platforms: readonly {
    readonly architecture: string;
    readonly os: string;
    readonly variant?: string;
  }[];
};
