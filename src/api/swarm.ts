// Endpoints of swarm mode and of managed plugins: answered as dockerd answers them on a node outside any swarm, which
// command lines and user interfaces probe for.
import { NotImplementedError, UnavailableError } from "../base/errors.ts";
import type { Answer } from "./answer.ts";
import { json } from "./answer.ts";
import type { Handler } from "./call.ts";
import type { Method, Route } from "./router.ts";

const notAManager = (): never => {
  throw new UnavailableError(
    'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.',
  );
};
const notInASwarm = (): never => {
  throw new UnavailableError("This node is not part of a swarm");
};
const noSwarmHere = (): never => {
  throw new NotImplementedError(
    "swarm mode is not part of sampan: this node can neither start nor join a swarm",
  );
};
const noPlugins = (): Answer => json([]);

const table: readonly (readonly [Method, string, Handler, since?: number])[] = [
  ["GET", "/swarm", notAManager],
  ["POST", "/swarm/init", noSwarmHere],
  ["POST", "/swarm/join", noSwarmHere],
  ["POST", "/swarm/leave", notInASwarm],
  ["POST", "/swarm/update", notAManager],
  ["GET", "/swarm/unlockkey", notAManager],
  ["POST", "/swarm/unlock", notAManager],
  ["GET", "/nodes", notAManager],
  ["GET", "/nodes/:id", notAManager],
  ["DELETE", "/nodes/:id", notAManager],
  ["POST", "/nodes/:id/update", notAManager],
  ["GET", "/services", notAManager],
  ["POST", "/services/create", notAManager],
  ["GET", "/services/:id", notAManager],
  ["DELETE", "/services/:id", notAManager],
  ["POST", "/services/:id/update", notAManager],
  ["GET", "/services/:id/logs", notAManager],
  ["GET", "/tasks", notAManager],
  ["GET", "/tasks/:id", notAManager],
  ["GET", "/tasks/:id/logs", notAManager],
  ["GET", "/secrets", notAManager, 25],
  ["POST", "/secrets/create", notAManager, 25],
  ["GET", "/secrets/:id", notAManager, 25],
  ["DELETE", "/secrets/:id", notAManager, 25],
  ["POST", "/secrets/:id/update", notAManager, 25],
  ["GET", "/configs", notAManager, 30],
  ["POST", "/configs/create", notAManager, 30],
  ["GET", "/configs/:id", notAManager, 30],
  ["DELETE", "/configs/:id", notAManager, 30],
  ["POST", "/configs/:id/update", notAManager, 30],
  ["GET", "/plugins", noPlugins],
];

export const swarmRoutes: readonly Route[] = table.map(([method, pattern, handler, since]) => ({
  method,
  pattern,
  handler,
  since,
}));
