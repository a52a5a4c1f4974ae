// `network ls`, `create`, `rm`, `connect` and `disconnect`.

import { ResponseError } from "../../client/errors.ts";
import {
  connectNetwork,
  createNetwork,
  disconnectNetwork,
  listNetworks,
  removeNetwork,
} from "../../client/networks.ts";
import type { Context } from "../command.ts";
import { CommandError } from "../failure.ts";
import type { Flags } from "../flags.ts";
import { formatOf } from "../format/format-flag.ts";
import { renderList } from "../format/listing.ts";
import { byName } from "../format/natural-order.ts";
import { networkListing, networkRow } from "../format/network-rows.ts";
import { describe } from "../report.ts";
import { readIpamConfig } from "../run/ipam.ts";

export async function listAllNetworks(context: Context, flags: Flags): Promise<number> {
  const format = await formatOf(context, flags, networkListing, "networksFormat");
  const networks = await listNetworks(context.client, flags.filters("filter"));
  const rows = networks
    .toSorted((a, b) => byName(a.Name, b.Name))
    .map((network) => networkRow(network, { truncate: !flags.bool("no-trunc") }));
  await context.stdout.write(renderList(format, rows));
  return 0;
}

export async function create(context: Context, flags: Flags, operands: readonly string[]): Promise<number> {
  const from = flags.text("config-from");
  const { Id, Warning } = await createNetwork(context.client, {
    Name: operands[0] ?? "",
    Driver: flags.text("driver"),
    ...(flags.given("scope") && { Scope: flags.text("scope") }),
    ...(flags.given("ipv4") && { EnableIPv4: flags.bool("ipv4") }),
    ...(flags.given("ipv6") && { EnableIPv6: flags.bool("ipv6") }),
    IPAM: {
      Driver: flags.text("ipam-driver"),
      Config: readIpamConfig(flags),
      Options: flags.map("ipam-opt"),
    },
    Internal: flags.bool("internal"),
    Attachable: flags.bool("attachable"),
    Ingress: flags.bool("ingress"),
    ConfigOnly: flags.bool("config-only"),
    ...(from !== "" && { ConfigFrom: { Network: from } }),
    Options: flags.map("opt"),
    Labels: flags.map("label"),
  });
  if (Warning) await context.stderr.write(`WARNING: ${Warning}\n`);
  await context.stdout.write(`${Id}\n`);
  return 0;
}

/** One after the other, each told when it is done: as Docker does here. */
export async function remove(
  { client, stdout, stderr }: Context,
  flags: Flags,
  operands: readonly string[],
): Promise<number> {
  let exitCode = 0;
  for (const network of operands) {
    try {
      await removeNetwork(client, network);
      await stdout.write(`${network}\n`);
    } catch (err) {
      if (flags.bool("force") && err instanceof ResponseError && err.status === 404) continue;
      await stderr.write(`${describe(err)}\n`);
      exitCode = 1;
    }
  }
  // Docker's client says so besides.
  if (exitCode !== 0) throw new CommandError("exit status 1");
  return exitCode;
}

export async function connect(
  { client }: Context,
  flags: Flags,
  operands: readonly string[],
): Promise<number> {
  const [network = "", container = ""] = operands;
  const localIPs = flags.list("link-local-ip");
  await connectNetwork(client, network, {
    Container: container,
    EndpointConfig: {
      IPAMConfig: {
        IPv4Address: flags.text("ip"),
        IPv6Address: flags.text("ip6"),
        ...(localIPs.length > 0 && { LinkLocalIPs: localIPs }),
      },
      Links: flags.list("link"),
      Aliases: flags.list("alias"),
      DriverOpts: driverOptions(flags),
      ...(flags.number("gw-priority") !== 0 && { GwPriority: flags.number("gw-priority") }),
    },
  });
  return 0;
}

function driverOptions(flags: Flags): Readonly<Record<string, string>> {
  return Object.fromEntries(
    flags.list("driver-opt").map((option) => {
      const at = option.indexOf("=");
      if (at < 0) throw new CommandError("invalid key/value pair format in driver options");
      return [option.slice(0, at).trim().toLowerCase(), option.slice(at + 1).trim()] as const;
    }),
  );
}

export async function disconnect(
  { client }: Context,
  flags: Flags,
  operands: readonly string[],
): Promise<number> {
  const [network = "", container = ""] = operands;
  await disconnectNetwork(client, network, { Container: container, Force: flags.bool("force") });
  return 0;
}
