// The route table: every endpoint of the Engine API that is answered here.
import * as streams from "./container-streams.ts";
import * as files from "./container-files.ts";
import * as containers from "./containers.ts";
import { diskUsage, pruneBuildCache } from "./disk-usage.ts";
import * as exec from "./exec.ts";
import * as graph from "./graph.ts";
import * as images from "./images.ts";
import * as networks from "./networks.ts";
import { missingRoutes } from "./not-in-this-build.ts";
import * as registry from "./registry.ts";
import type { Route } from "./router.ts";
import { swarmRoutes } from "./swarm.ts";
import * as system from "./system.ts";
import * as volumes from "./volumes.ts";

export const routes: readonly Route[] = [
  { method: "GET", pattern: "/_ping", handler: system.ping },
  { method: "HEAD", pattern: "/_ping", handler: system.pingHead },
  { method: "GET", pattern: "/version", handler: system.versions },
  { method: "GET", pattern: "/info", handler: system.info },
  { method: "GET", pattern: "/events", handler: system.events },
  { method: "GET", pattern: "/system/df", handler: diskUsage },
  { method: "POST", pattern: "/build/prune", handler: pruneBuildCache },
  { method: "OPTIONS", pattern: "/", handler: system.options },
  { method: "OPTIONS", pattern: "/*path", handler: system.options },

  { method: "GET", pattern: "/containers/json", handler: containers.list },
  { method: "POST", pattern: "/containers/create", handler: containers.create },
  { method: "POST", pattern: "/containers/prune", since: 25, handler: containers.prune },
  { method: "GET", pattern: "/containers/:id/json", handler: containers.inspect },
  { method: "GET", pattern: "/containers/:id/top", handler: containers.top },
  { method: "GET", pattern: "/containers/:id/logs", handler: streams.logs },
  { method: "GET", pattern: "/containers/:id/stats", handler: streams.stats },
  { method: "POST", pattern: "/containers/:id/start", handler: containers.start },
  { method: "POST", pattern: "/containers/:id/stop", handler: containers.stop },
  { method: "POST", pattern: "/containers/:id/restart", handler: containers.restart },
  { method: "POST", pattern: "/containers/:id/kill", handler: containers.kill },
  { method: "POST", pattern: "/containers/:id/pause", handler: containers.pause },
  { method: "POST", pattern: "/containers/:id/unpause", handler: containers.unpause },
  { method: "POST", pattern: "/containers/:id/rename", handler: containers.rename },
  { method: "POST", pattern: "/containers/:id/resize", handler: containers.resize },
  { method: "POST", pattern: "/containers/:id/update", handler: containers.update },
  { method: "POST", pattern: "/containers/:id/attach", handler: streams.attach },
  { method: "GET", pattern: "/containers/:id/attach/ws", handler: streams.attachByWebSocket },
  { method: "POST", pattern: "/containers/:id/wait", handler: streams.wait },
  { method: "POST", pattern: "/containers/:id/exec", handler: exec.create },
  { method: "GET", pattern: "/containers/:id/changes", handler: files.changes },
  { method: "GET", pattern: "/containers/:id/export", handler: files.exportRoot },
  { method: "POST", pattern: "/commit", handler: files.commit },
  { method: "HEAD", pattern: "/containers/:id/archive", handler: files.statArchive },
  { method: "GET", pattern: "/containers/:id/archive", handler: files.getArchive },
  { method: "PUT", pattern: "/containers/:id/archive", handler: files.putArchive },
  { method: "DELETE", pattern: "/containers/:id", handler: containers.remove },

  { method: "POST", pattern: "/exec/:id/start", handler: exec.start },
  { method: "POST", pattern: "/exec/:id/resize", handler: exec.resize },
  { method: "GET", pattern: "/exec/:id/json", handler: exec.inspect },

  { method: "GET", pattern: "/images/json", handler: images.list },
  { method: "POST", pattern: "/images/create", handler: images.create },
  { method: "POST", pattern: "/images/load", handler: images.load },
  { method: "GET", pattern: "/images/get", handler: images.saveSeveral },
  { method: "GET", pattern: "/images/*name/get", handler: images.save },
  { method: "GET", pattern: "/images/search", handler: registry.search },
  { method: "GET", pattern: "/images/*name/json", handler: images.inspect },
  { method: "GET", pattern: "/images/*name/history", handler: images.history },
  { method: "POST", pattern: "/images/*name/push", handler: images.push },
  { method: "POST", pattern: "/images/*name/tag", handler: images.tag },
  { method: "DELETE", pattern: "/images/*name", handler: images.remove },

  { method: "POST", pattern: "/images/prune", since: 25, handler: images.prune },

  { method: "POST", pattern: "/auth", handler: registry.auth },
  { method: "GET", pattern: "/distribution/*name/json", since: 30, handler: registry.distribution },

  { method: "GET", pattern: "/graph/layers", handler: graph.layers },
  { method: "POST", pattern: "/graph/fsck", handler: graph.fsck },

  { method: "GET", pattern: "/networks", handler: networks.list },
  { method: "GET", pattern: "/networks/", handler: networks.list },
  { method: "POST", pattern: "/networks/create", handler: networks.create },
  { method: "POST", pattern: "/networks/prune", since: 25, handler: networks.prune },
  { method: "GET", pattern: "/networks/:id", handler: networks.inspect },
  { method: "POST", pattern: "/networks/:id/connect", handler: networks.connect },
  { method: "POST", pattern: "/networks/:id/disconnect", handler: networks.disconnect },
  { method: "DELETE", pattern: "/networks/:id", handler: networks.remove },

  { method: "GET", pattern: "/volumes", handler: volumes.list },
  { method: "POST", pattern: "/volumes/create", handler: volumes.create },
  { method: "POST", pattern: "/volumes/prune", since: 25, handler: volumes.prune },
  { method: "GET", pattern: "/volumes/:name", handler: volumes.inspect },
  { method: "DELETE", pattern: "/volumes/:name", handler: volumes.remove },

  ...swarmRoutes,
  ...missingRoutes,
];
