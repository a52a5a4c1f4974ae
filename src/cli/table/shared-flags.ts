// Flags that several commands have in common.

import type { Flag } from "../command.ts";

export const detachKeysFlag: Flag = {
  name: "detach-keys",
  type: "string",
  help: 'Keys that detach from the container ("ctrl-p,ctrl-q")',
};

export const filterFlag: Flag = {
  name: "filter",
  short: "f",
  type: "filter",
  help: "Only those that match (NAME=VALUE)",
};

/** `--filter` of the commands where -f means --force. */
export const longFilterFlag: Flag = {
  name: "filter",
  type: "filter",
  help: 'Only those that match ("until=24h", "label=a=b")',
};

export const forceFlag: Flag = { name: "force", short: "f", type: "bool", help: "Do not ask first" };

/** Of archives; without it they go to stdout. */
export const outputFlag: Flag = {
  name: "output",
  short: "o",
  type: "string",
  file: true,
  help: "Write to this file instead of STDOUT",
};

export const noTruncFlag: Flag = { name: "no-trunc", type: "bool", help: "Do not cut long values" };

export const tableFormatFlag: Flag = {
  name: "format",
  type: "string",
  help: `Form of the output:
'table': columns with headers (default)
'table TEMPLATE': columns from a Go template
'json': one JSON object on each line
'TEMPLATE': a Go template`,
};

export const formatFlag: Flag = {
  name: "format",
  type: "string",
  help: `Form of the output:
'json': JSON
'TEMPLATE': a Go template`,
};

export const inspectFormatFlag: Flag = { ...formatFlag, short: "f" };
