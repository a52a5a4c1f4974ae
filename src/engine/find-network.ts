// A network by what a user calls it.
import { InvalidParameterError, NotFoundError } from "../base/errors.ts";
import type { NetworkRecord } from "../networks/network-record.ts";
import type { Engine } from "./engine.ts";

/** By id, name or unique beginning of an id, in this order as Docker does. NotFoundError in its words. */
export function findNetwork(engine: Engine, ref: string): NetworkRecord {
  const network = lookUpNetwork(engine, ref);
  if (network === undefined) throw new NotFoundError(`network ${ref} not found`);
  return network;
}

/** `undefined` when there is none. */
export function lookUpNetwork({ networks: { store } }: Engine, ref: string): NetworkRecord | undefined {
  const exact = store.get(ref) ?? store.byName(ref === "default" ? "bridge" : ref);
  if (exact !== undefined || ref === "") return exact;
  const matches = store.all().filter(({ id }) => id.startsWith(ref));
  if (matches.length > 1)
    throw new InvalidParameterError(
      `${matches.length} matches found based on ID prefix: network ${ref} is ambiguous`,
    );
  return matches[0];
}
