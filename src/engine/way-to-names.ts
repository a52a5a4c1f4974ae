// Where a container asks for names: the user networks' resolvers, on their gateways or in its own namespace.
import type { Attachment } from "../containers/record.ts";
import type { NamePlace } from "../containers/network-files.ts";
import { isUp } from "../containers/state.ts";
import { loopbackResolver, type LoopbackResolverWay } from "../networks/loopback-resolver.ts";
import { isAddressed, resolverAddressesOf, type AddressedNetworkRecord } from "../networks/network-record.ts";
import type { Engine } from "./engine.ts";

/** C libraries read no more than three servers. */
const serversMax = 3;

/** One resolver of each user network that has one: each of them knows the names of all, and a network may be left later. */
export function namePlaceOf(engine: Engine, attachments: readonly Attachment[]): NamePlace {
  const networks = userNetworksOf(engine, attachments);
  const addresses = networks.flatMap(({ record }) => resolverAddressesOf(record).slice(0, 1));
  if (networks.length === 0) return { kind: "isolated" };
  return {
    kind: "resolver",
    addresses: addresses.length > 0 ? addresses.slice(0, serversMax) : [loopbackResolver],
  };
}

/**
 * Has 127.0.0.11 answer, in the place of what answered there before: the resolver of a network with an IPv4 gateway of ours,
 * else one in the container's own namespace.
 */
export async function leadToNames(
  engine: Engine,
  id: string,
  attachments: readonly Attachment[],
): Promise<void> {
  const way = wayOf(engine, attachments);
  if (way === "inside") return engine.networks.lookUpInside(id);
  engine.networks.lookUpOutside(id);
  if (way !== undefined) engine.networks.lookUpThrough(id, way);
}

/** After a restart of the daemon: what answered in the namespaces of running containers went with the one before. */
export async function answerInsideAgain(engine: Engine): Promise<void> {
  const work = engine.containers.all().map(({ id }) =>
    engine.locks.run(id, async () => {
      const record = engine.containers.get(id);
      if (record === undefined || !isUp(record.state)) return;
      if (wayOf(engine, record.attachments) === "inside") await engine.networks.lookUpInside(id);
    }),
  );
  await Promise.all(work);
}

/** `undefined`: nobody answers. */
function wayOf(
  engine: Engine,
  attachments: readonly Attachment[],
): LoopbackResolverWay | "inside" | undefined {
  const networks = userNetworksOf(engine, attachments);
  if (networks.length === 0) return undefined;
  return networks.map((network) => wayThrough(network)).find((way) => way !== undefined) ?? "inside";
}

type UserNetwork = { readonly record: AddressedNetworkRecord; readonly attachment: Attachment };

function wayThrough({ record, attachment }: UserNetwork): LoopbackResolverWay | undefined {
  const { interface: containerInterface, endpoint } = attachment;
  const gateway = resolverAddressesOf(record).find((address) => !address.includes(":"));
  if (gateway === undefined || containerInterface === undefined) return undefined;
  return { containerInterface, address: endpoint.IPAddress, gateway };
}

/** The default network has no names, as with Docker. */
function userNetworksOf({ networks }: Engine, attachments: readonly Attachment[]): UserNetwork[] {
  return attachments.flatMap((attachment) => {
    const record = networks.store.byName(attachment.network);
    if (record === undefined || !isAddressed(record) || record.id === networks.defaultBridge.id) return [];
    return [{ record, attachment }];
  });
}
