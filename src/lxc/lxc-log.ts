// What LXC's tools write to their log: `lxc-start ID 20261125023031.664 ERROR    start - ../src/lxc/start.c:func:123 - Text`.
import { readFileSync } from "node:fs";
import { hasCode } from "../base/errors.ts";

/** The first error, which is the cause; those behind it say what could not be done therefore. Empty when there is none. */
export function firstError(log: string): string {
  const lines = log
    .split("\n")
    .map((line) => / (?:ERROR|FATAL|CRIT|ALERT) +\S+ - \S+ - (.*)$/.exec(line)?.[1]);
  return lines.find((text) => text !== undefined) ?? "";
}

export function firstErrorOf(path: string): string {
  try {
    return firstError(readFileSync(path, "utf8"));
  } catch (err) {
    if (hasCode(err, "ENOENT")) return "";
    throw err;
  }
}
