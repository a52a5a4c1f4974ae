// `network create`, `rm` and `prune`.
import { errorText, ForbiddenError, NotFoundError } from "../base/errors.ts";
import { checkFilterKeys, lacksLabels, matchesLabels } from "../base/filters.ts";
import type { Filters } from "../base/filters.ts";
import { parseMoment } from "../base/moment.ts";
import { findLink } from "../netlink/rtnetlink.ts";
import { rangesInUse, usualMtu } from "../networks/host-ranges.ts";
import { isAddressed, predefinedNames } from "../networks/network-record.ts";
import { networkFrom } from "../networks/network-request.ts";
import { uniqueLocalPool } from "../networks/subnet-choice.ts";
import type { CreateNetworkBody } from "../spec/docker-resources.ts";
import type { Engine } from "./engine.ts";
import { findNetwork } from "./find-network.ts";
import { publishNetworkEvent } from "./network-events.ts";
import { endpointsOn } from "./network-list.ts";

/** One change of the set of networks at a time: names, ranges and bridges are compared with those that there are. */
const allNetworks = "networks";

export function createNetwork(engine: Engine, body: CreateNetworkBody): Promise<{ readonly id: string }> {
  return engine.networkLocks.run(allNetworks, async () => {
    const { networks, instance } = engine;
    const { store, rtnetlink, options } = networks;
    const pools = options.addressPools;
    const v6 = pools.filter(({ range }) => range.family === 6);
    const record = networkFrom(body, {
      identity: store.identity(body.Name ?? ""),
      existing: store.all(),
      bridgePrefix: instance.networkPrefix,
      inUse: rangesInUse(rtnetlink),
      pools: {
        4: pools.filter(({ range }) => range.family === 4),
        6: v6.length > 0 ? v6 : [uniqueLocalPool(instance.tag)],
      },
      usualMtu: usualMtu(rtnetlink),
      hasInterface: (name) => findLink(rtnetlink, name) !== undefined,
    });
    await networks.create(record);
    publishNetworkEvent(engine, record, "create");
    return { id: record.id };
  });
}

/** ForbiddenError in Docker's words for a network that is there of itself, or that running containers are on. */
export function removeNetwork(engine: Engine, ref: string): Promise<void> {
  return engine.networkLocks.run(allNetworks, async () => {
    const record = findNetwork(engine, ref);
    if (!isAddressed(record) || predefinedNames.has(record.name))
      throw new ForbiddenError(`${record.name} is a pre-defined network and cannot be removed`);
    const active = Object.values(endpointsOn(engine, record.id)).map(
      ({ Name, EndpointID }) => `name:${JSON.stringify(Name)} id:${JSON.stringify(EndpointID.slice(0, 12))}`,
    );
    if (active.length > 0)
      throw new ForbiddenError(
        `error while removing network: network ${record.name} has active endpoints (${active.join(", ")})`,
      );
    await engine.networks.remove(record);
    publishNetworkEvent(engine, record, "destroy");
  });
}

const pruneKeys: ReadonlySet<string> = new Set(["label", "label!", "until"]);

/** Removes all networks of users that no running container is on; the names of those removed. */
export async function pruneNetworks(engine: Engine, filters: Filters): Promise<string[]> {
  checkFilterKeys(filters, pruneKeys);
  const limit = Math.min(
    ...(filters.get("until") ?? []).map((text) => parseMoment(text, engine.host.clock.now())),
  );
  const doomed = engine.networks.store
    .all()
    .filter(
      ({ id, name, createdAt, labels = {} }) =>
        !predefinedNames.has(name) &&
        Object.keys(endpointsOn(engine, id)).length === 0 &&
        Date.parse(createdAt) <= limit &&
        matchesLabels(filters, "label", labels) &&
        lacksLabels(filters, "label!", labels),
    );
  const removed: string[] = [];
  for (const { id, name } of doomed)
    try {
      await removeNetwork(engine, id);
      removed.push(name);
    } catch (err) {
      if (err instanceof NotFoundError) continue; // somebody else was quicker
      engine.host.log.warn("network not pruned", { network: name, error: errorText(err) });
    }
  engine.events.publish("network", "prune", "", { reclaimed: "0" });
  return removed;
}
