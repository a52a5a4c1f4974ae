// Calls about the image store as it lies on the disk.

import type { FsckLine, GraphLayer } from "../spec/graph.ts";
import type { EngineClient } from "./engine-client.ts";
import { bodyLines } from "./json-lines.ts";

export async function graphLayers(client: EngineClient): Promise<readonly GraphLayer[]> {
  return await client.json({ method: "GET", path: "/graph/layers" });
}

/** Findings as they come, then the summary. */
export async function* graphFsck(client: EngineClient, repair: boolean): AsyncGenerator<FsckLine> {
  const { body } = await client.open({
    method: "POST",
    path: "/graph/fsck",
    query: { repair: String(repair) },
  });
  for await (const line of bodyLines(body)) yield JSON.parse(line) as FsckLine;
}
