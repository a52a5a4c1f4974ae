// Layers are named by what is below them too (OCI image specification, config.md, "Layer ChainID"): the same archive on
// another base is another layer.
import { createHash } from "node:crypto";
import { digestOfHex, type Digest } from "../spec/digest.ts";

export function chainIDOf(parent: Digest | undefined, diffID: Digest): Digest {
  if (parent === undefined) return diffID;
  return digestOfHex(createHash("sha256").update(`${parent} ${diffID}`).digest("hex"));
}

/** The chain ids of layers given lowest first. */
export function chainIDsOf(diffIDs: readonly Digest[]): Digest[] {
  const chain: Digest[] = [];
  for (const diffID of diffIDs) chain.push(chainIDOf(chain.at(-1), diffID));
  return chain;
}
