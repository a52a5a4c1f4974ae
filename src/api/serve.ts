// One request: route, version, handler, answer. Which endpoints there are is said by the table; listening is server.ts's part.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex, Readable } from "node:stream";
import { buildInfo } from "../base/build-info.ts";
import { errorText, InvalidParameterError, rootError } from "../base/errors.ts";
import type { Engine } from "../engine/engine.ts";
import type { Answer, Headers } from "./answer.ts";
import { json } from "./answer.ts";
import type { HandedFiles } from "./handed-files.ts";
import { statusOf } from "./http-status.ts";
import { compileRoutes } from "./router.ts";
import type { Route, Router } from "./router.ts";
import { newestVersion, parseVersion, versionText, VersionTooOldError } from "./version.ts";
import { responseSink, socketSink, writeAnswer } from "./write-answer.ts";
import type { Sink } from "./write-answer.ts";

/** The two events of a `node:http` server; any server that gives out these can carry the API. */
export type Api = {
  request(request: IncomingMessage, response: ServerResponse): void;
  /** For requests with an Upgrade header. `head` is what the client sent behind its request. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Uint8Array): void;
};

const commonHeaders: Headers = {
  "Api-Version": versionText(newestVersion),
  "Docker-Experimental": "false",
  Ostype: "linux",
  Server: `Sampan/${buildInfo.version} (linux)`,
};

/** What requests are answered with. `files`: where clients may hand some over. */
export type Service = {
  readonly engine: Engine;
  readonly router: Router;
  readonly files: HandedFiles | undefined;
};

/** What a handler may know of a request, however it came. */
export type ApiRequest = Readable & Pick<IncomingMessage, "method" | "url" | "headers">;

export function serveRoutes(engine: Engine, table: readonly Route[], files?: HandedFiles): Api {
  const service: Service = { engine, router: compileRoutes(table), files };
  return {
    request(request, response) {
      for (const [name, value] of Object.entries(commonHeaders)) response.setHeader(name, value);
      const gone = new AbortController();
      response.on("close", () => gone.abort());
      void serve(service, request, responseSink(request, response), gone.signal);
    },
    upgrade(request, socket, head) {
      const gone = new AbortController();
      socket.on("close", () => gone.abort());
      socket.on("error", () => gone.abort());
      if (head.length > 0) socket.unshift(head);
      void serve(service, request, socketSink(request, socket, commonHeaders), gone.signal);
    },
  };
}

/** Never rejects: whatever fails becomes an error answer, or the end of the connection once an answer has begun. */
async function serve(
  service: Service,
  request: IncomingMessage,
  sink: Sink,
  signal: AbortSignal,
): Promise<void> {
  try {
    const answer = await answerTo(service, request, signal);
    await writeAnswer(answer, sink, signal);
  } catch (err) {
    const failed = errorAnswer(service.engine, request, err, signal);
    if (sink.isStarted() || signal.aborted) sink.stream.destroy();
    else await writeAnswer(failed, sink, signal);
  }
}

/** What a client is told of a failure; what is our fault, or the machine's, is logged too. */
export function errorAnswer(engine: Engine, request: ApiRequest, err: unknown, signal: AbortSignal): Answer {
  const status = statusOf(err);
  // Every other status tells the client what it can do itself.
  if (status === 500 && !signal.aborted) logFailure(engine, request, err);
  const message = errorText(err);
  if (err instanceof VersionTooOldError) return { kind: "text", status, text: `${message}\n` };
  return json({ message }, status);
}

function logFailure(engine: Engine, { method, url }: ApiRequest, err: unknown): void {
  const root = rootError(err);
  const stack = root instanceof Error ? root.stack : undefined;
  engine.host.log.error("request failed", { method, url, error: errorText(err), stack });
}

/** Proxies are asked for whole URLs, and every server has to take them (RFC 9112, 3.2.2): the host does not matter here. */
function originForm(target: string): string {
  return target.replace(/^https?:\/\/[^/?]*/i, "");
}

/** Rejects with what the handler throws. */
export async function answerTo(
  { engine, router, files }: Service,
  request: ApiRequest,
  signal: AbortSignal,
): Promise<Answer> {
  const { method = "GET", headers } = request;
  const url = originForm(request.url ?? "/");
  const mark = url.indexOf("?");
  const match = router(method, mark < 0 ? url : url.slice(0, mark));
  // dockerd answers a wrong method like an unknown path.
  if (!match) return json({ message: "page not found" }, 404);
  const { route, params } = match;
  const version = match.version === undefined ? newestVersion : parseVersion(match.version);
  if (route.since !== undefined && version < route.since)
    throw new InvalidParameterError(
      `${route.method} ${route.pattern} requires minimum API version ${versionText(route.since)}`,
    );
  const query = new URLSearchParams(mark < 0 ? "" : url.slice(mark + 1));
  return route.handler({ engine, version, params, query, headers, body: request, files, signal });
}
