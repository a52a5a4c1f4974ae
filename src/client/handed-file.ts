// An open file of this process that the daemon reads itself, in place of being sent its bytes: for archives of some size, which
// then pass through neither this process nor a socket. Needs a Sampan daemon on this machine.

import { Connection } from "./connection.ts";
import type { EngineClient } from "./engine-client.ts";
import { ConnectError } from "./errors.ts";

/** Good for one request, and until it is let go of: not before the request has been answered. */
export type HandedFile = { readonly ticket: string; readonly letGo: () => void };

/** `fd`: of a regular file. Undefined where the daemon cannot take it, or is none of ours: then its bytes are to be sent. */
export async function handOver(client: EngineClient, fd: number): Promise<HandedFile | undefined> {
  if (client.endpoint.kind !== "unix") return undefined;
  const { head, body } = await client.open({ method: "GET", path: "/_ping" });
  for await (const _ of body) continue;
  const path = head.headers.get("sampan-files");
  const connection = path === undefined ? undefined : await connectTo(path);
  if (connection === undefined) return undefined;
  await connection.write(`${fd}\n`);
  const ticket = await lineOf(connection);
  if (ticket !== undefined) return { ticket, letGo: () => connection.close() };
  connection.close();
  return undefined;
}

/** The daemon names a path of its own, which may be another place, or no place, in a container. */
async function connectTo(path: string): Promise<Connection | undefined> {
  try {
    return await Connection.open({ kind: "unix", url: `unix://${path}`, path });
  } catch (err) {
    if (err instanceof ConnectError) return undefined;
    throw err;
  }
}

const longestLine = 128;

async function lineOf(connection: Connection): Promise<string | undefined> {
  let text = "";
  while (!text.endsWith("\n") && text.length <= longestLine) {
    const pieces = await connection.read();
    if (pieces === undefined) return undefined;
    text += Buffer.concat(pieces).toString("latin1");
  }
  return /^([0-9a-f]+)\n$/.exec(text)?.[1];
}
