// Events of what a container takes into use when it starts and lets go of when it ends: its networks and volumes.
import type { Attachment, ContainerRecord } from "../containers/record.ts";
import type { Engine } from "./engine.ts";
import { publishNetworkEvent } from "./network-events.ts";

export function publishTaken(
  engine: Engine,
  record: ContainerRecord,
  attachments: readonly Attachment[],
): void {
  publishOfNetworks(engine, record, attachments, "connect");
  for (const { Name, Destination, Driver, Propagation, RW } of volumesOf(record))
    engine.events.publish("volume", "mount", Name, {
      container: record.id,
      destination: Destination,
      driver: Driver ?? "local",
      propagation: Propagation,
      "read/write": String(RW),
    });
}

export function publishLetGo(engine: Engine, record: ContainerRecord): void {
  publishOfNetworks(engine, record, record.attachments, "disconnect");
  for (const { Name, Driver } of volumesOf(record))
    engine.events.publish("volume", "unmount", Name, { container: record.id, driver: Driver ?? "local" });
}

function publishOfNetworks(
  engine: Engine,
  { id }: ContainerRecord,
  attachments: readonly Attachment[],
  action: "connect" | "disconnect",
): void {
  for (const { endpoint } of attachments) {
    const network = engine.networks.store.get(endpoint.NetworkID);
    if (network !== undefined) publishNetworkEvent(engine, network, action, { container: id });
  }
}

function volumesOf({
  mounts,
}: ContainerRecord): (ContainerRecord["mounts"][number] & { readonly Name: string })[] {
  return mounts.flatMap((mount) =>
    mount.Type === "volume" && mount.Name !== undefined ? [{ ...mount, Name: mount.Name }] : [],
  );
}
