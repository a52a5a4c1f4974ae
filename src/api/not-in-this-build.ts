// Endpoints of the Engine API that this build does not have yet. They say so (501) instead of "page not found", so that
// a user of `docker build` or `docker search` learns what is missing and not that a path is wrong.
import { NotImplementedError } from "../base/errors.ts";
import type { Method, Route } from "./router.ts";

const table: readonly (readonly [what: string, ...routes: (readonly [Method, string])[]])[] = [
  ["building images", ["POST", "/build"], ["POST", "/build/cancel"], ["POST", "/session"], ["POST", "/grpc"]],
  ["cluster volumes", ["PUT", "/volumes/:name"]],
];

export const missingRoutes: readonly Route[] = table.flatMap(([what, ...routes]) =>
  routes.map(([method, pattern]) => ({
    method,
    pattern,
    handler: () => {
      throw new NotImplementedError(`${what}: not in this build of sampan`);
    },
  })),
);
