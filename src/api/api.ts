// The Engine API in front of an engine.
import type { Engine } from "../engine/engine.ts";
import type { HandedFiles } from "./handed-files.ts";
import { routes } from "./routes.ts";
import { serveRoutes } from "./serve.ts";
import type { Api } from "./serve.ts";

/** What a `node:http` server needs to speak the Engine API for `engine`; `listen` of server.ts makes such servers. */
export function createApi(engine: Engine, files: HandedFiles): Api {
  return serveRoutes(engine, routes, files);
}
