// What happened to networks, and who came and left.
import type { NetworkRecord } from "../networks/network-record.ts";
import type { Engine } from "./engine.ts";

export function publishNetworkEvent(
  engine: Engine,
  { id, name, driver }: NetworkRecord,
  action: string,
  attributes: Readonly<Record<string, string>> = {},
): void {
  engine.events.publish("network", action, id, { ...attributes, name, type: driver });
}
