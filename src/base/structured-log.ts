// The real log: LogTape writing one line an entry to standard error.
import { configureSync, getLogger, type LogRecord } from "@logtape/logtape";
import { writeSync } from "node:fs";
import type { Log } from "./log.ts";

/** A log whose lines look like `2026-11-23T10:00:00.000Z info container started container=1f… pid=77`. */
export function standardErrorLog(category: string, level: "debug" | "info"): Log {
  configureSync({
    reset: true,
    sinks: { stderr: (record) => void writeSync(2, lineOf(record)) },
    loggers: [
      { category, sinks: ["stderr"], lowestLevel: level },
      { category: ["logtape", "meta"], sinks: [] },
    ],
  });
  const logger = getLogger(category);
  return {
    debug: (message, fields) => logger.debug(message, fields),
    info: (message, fields) => logger.info(message, fields),
    warn: (message, fields) => logger.warn(message, fields),
    error: (message, fields) => logger.error(message, fields),
  };
}

function lineOf(record: LogRecord): string {
  const time = new Date(record.timestamp).toISOString();
  const fields = Object.entries(record.properties).map(([key, value]) => ` ${key}=${fieldText(value)}`);
  return `${time} ${record.level} ${record.message.join("")}${fields.join("")}\n`;
}

function fieldText(value: unknown): string {
  if (value instanceof Error) return JSON.stringify(value.message);
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? String(value));
  return /^[\w./:@+-]+$/.test(text) ? text : JSON.stringify(text);
}
