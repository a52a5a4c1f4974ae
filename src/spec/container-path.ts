// Paths inside a container, as requests write them.
import { posix } from "node:path";

/** Without `.`, `..`, doubled slashes and a slash at the end. */
export function cleanPath(path: string): string {
  const clean = posix.normalize(path);
  return clean.length > 1 && clean.endsWith("/") ? clean.slice(0, -1) : clean;
}
