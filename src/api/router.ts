// Finds the route of a request. Patterns are compiled once; a fixed path is one look-up, the others are tried in table order.
import { pathToRegexp } from "path-to-regexp";
import { InvalidParameterError } from "../base/errors.ts";
import type { Handler } from "./call.ts";
import type { ApiVersion } from "./version.ts";

export type Method = "GET" | "HEAD" | "POST" | "PUT" | "DELETE" | "OPTIONS";

export type Route = {
  readonly method: Method;
  /** `:name` is one segment, `*name` one or more: image names contain slashes. */
  readonly pattern: string;
  /** First API version that has it, where not all have. */
  readonly since?: ApiVersion | undefined;
  readonly handler: Handler;
};

export type Match = {
  readonly route: Route;
  /** What stands behind `/v`, or undefined for a path without version. */
  readonly version: string | undefined;
  readonly params: Readonly<Record<string, string>>;
};

export type Router = (method: string, path: string) => Match | undefined;

type Dynamic = { readonly route: Route; readonly regexp: RegExp; readonly names: readonly string[] };

/** Every route is reachable with a version prefix and without. `path` is the raw one of the request, without its query. */
export function compileRoutes(routes: readonly Route[]): Router {
  const fixed = new Map<string, Route>();
  const dynamic = new Map<string, Dynamic[]>();
  for (const route of routes) {
    const { regexp, keys } = pathToRegexp(route.pattern, { trailing: false, sensitive: true });
    if (keys.length === 0) {
      fixed.set(`${route.method} ${route.pattern}`, route);
      continue;
    }
    const list = dynamic.get(route.method) ?? [];
    list.push({ route, regexp, names: keys.map((key) => key.name) });
    dynamic.set(route.method, list);
  }

  return (method, rawPath) => {
    const { version, path } = splitVersion(rawPath);
    const exact = fixed.get(`${method} ${path}`);
    if (exact) return { route: exact, version, params: {} };
    for (const { route, regexp, names } of dynamic.get(method) ?? []) {
      const found = regexp.exec(path);
      if (!found) continue;
      const params = names.map((name, i) => [name, decodeSegment(found[i + 1] ?? "")]);
      return { route, version, params: Object.fromEntries(params) as Record<string, string> };
    }
    return undefined;
  };
}

/** Double slashes count as one: python clients put a container's `/name` into the path as it is. */
function splitVersion(rawPath: string): { readonly version: string | undefined; readonly path: string } {
  const path = rawPath.includes("//") ? rawPath.replaceAll(/\/{2,}/g, "/") : rawPath;
  const versioned = /^\/v([0-9.]+)(\/.*)$/.exec(path);
  return versioned ? { version: versioned[1], path: versioned[2] ?? "/" } : { version: undefined, path };
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch (cause) {
    throw new InvalidParameterError(`invalid URL escape in ${JSON.stringify(segment)}`, { cause });
  }
}
