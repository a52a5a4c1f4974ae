// One row as a line of JSON, byte for byte as Go's encoder writes it.

import { toJson } from "../template/values.ts";
import type { Row } from "../template/values.ts";

const escapes: Readonly<Record<string, string>> = {
  "<": "\\u003c",
  ">": "\\u003e",
  "&": "\\u0026",
  "\u2028": "\\u2028",
  "\u2029": "\\u2029",
};

/** Go escapes what HTML would misread, and Docker leaves that on for rows. */
export function toRowJson(row: Row): string {
  return toJson(row).replaceAll(/[<>&\u2028\u2029]/g, (letter) => escapes[letter] ?? letter);
}
