// Runs one command of the protocol: the client's own table and handlers, with the connection for their streams, the daemon
// for their machine and its API handlers for their engine. Loaded with the first command.
import type { LocalCalls } from "../api/local-calls.ts";
import { errorText } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import { globalFlags } from "../cli/command-table.ts";
import { runAsIn2013 } from "../cli/docker-2013/run.ts";
import type { Place } from "../cli/place.ts";
import { EngineClient } from "../client/engine-client.ts";
import { parseEndpoint } from "../client/endpoint.ts";
import type { SocketStream } from "../client/socket-stream.ts";
import { commandStreams } from "./command-streams.ts";
import { dockercfgStore } from "./dockercfg-store.ts";
import { inProcessTransport } from "./in-process-transport.ts";
import { maskSecrets } from "./mask-secrets.ts";
import type { Peer } from "./peer.ts";

export type CommandWorld = {
  readonly log: Log;
  readonly calls: LocalCalls;
  /** The daemon's folder: `.dockercfg` lies in it. */
  readonly root: string;
  /** Where the engine's API is found by others. */
  readonly apiAddress: string;
};

/** The flags before a command's name that are not about reaching an engine. */
const ownGlobalFlags = globalFlags.filter(({ name }) => ["debug", "log-level", "version"].includes(name));

/** Resolves when the command is over, or nobody is there any more who wants it. */
export async function runCommand(
  words: readonly string[],
  connection: SocketStream,
  { uid, pid }: Peer,
  gone: AbortSignal,
  world: CommandWorld,
): Promise<void> {
  const { log } = world;
  surviveStrayFailures(log);
  log.info("command", { command: maskSecrets(words), uid, pid });
  const clients = new Set<EngineClient>();
  const streams = commandStreams(connection);
  const left = new Promise<"left">((resolve) =>
    gone.addEventListener("abort", () => resolve("left"), { once: true }),
  );
  const run = async (): Promise<"over"> => {
    await runAsIn2013(words, {}, streams, placeOf(world, clients));
    await streams.finish();
    return "over";
  };
  const running = run();
  running.catch(() => {}); // of one that nobody waits for any more
  if ((await Promise.race([running, left])) === "left") log.debug("command left by its user", { uid, pid });
  for (const client of clients) client.close();
}

function placeOf({ calls, root, apiAddress }: CommandWorld, clients: Set<EngineClient>): Place {
  return {
    globalFlags: ownGlobalFlags,
    hasUsersFiles: false,
    configStore: () => dockercfgStore(root),
    engine: () => {
      const client = new EngineClient(parseEndpoint(apiAddress), undefined, {}, inProcessTransport(calls));
      clients.add(client);
      return Promise.resolve({ client, contextName: "default", configDirectory: "" });
    },
    plugin: () => Promise.resolve(),
  };
}

/**
 * In the client's own process a promise that fails with nobody waiting ends the command it belongs to. Here it would end
 * the daemon.
 */
function surviveStrayFailures(log: Log): void {
  if (process.listenerCount("unhandledRejection") > 0) return;
  process.on("unhandledRejection", (err) =>
    log.error("a failure that nobody waited for", { error: errorText(err) }),
  );
}
