// The names that a container on a user's network has: what the resolver answers and what `DNSNames` shows.

export type NamedContainer = {
  readonly id: string;
  readonly name: string;
  readonly hostname: string;
  readonly aliases: readonly string[];
};

/** In Docker's order: its name, its aliases, its short id, its host name. */
export function dnsNames({ id, name, hostname, aliases }: NamedContainer): string[] {
  return [...new Set([name, ...aliases, id.slice(0, 12), hostname])].filter((text) => text !== "");
}

/** `db:database`, or `db` alone; a leading slash as in inspect's own output is fine. */
export function parseLink(link: string): { readonly target: string; readonly alias: string } {
  const [target = "", alias = target] = link.split(":").map((part) => part.slice(part.lastIndexOf("/") + 1));
  return { target, alias };
}
