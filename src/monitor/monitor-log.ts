// The monitor's own log: one line of text an event on stderr, which whoever starts the monitor leads to a file.
import type { Log, LogFields } from "../base/log.ts";
import { write } from "../sys/file.ts";
import { formatStamp } from "../runtime/log-stamp.ts";
import { wallTime } from "../sys/clock.ts";

const stderrFd = 2;

export function stderrLog(): Log {
  const say = (level: string, message: string, fields: LogFields = {}): void => {
    const details = Object.keys(fields).length === 0 ? "" : ` ${JSON.stringify(fields)}`;
    const line = Buffer.from(`${formatStamp(wallTime())} ${level} ${message}${details}\n`);
    try {
      write(stderrFd, line);
    } catch {
      return; // a full disk: the containers matter more than these lines
    }
  };
  return {
    debug: () => {},
    info: (message, fields) => say("info", message, fields),
    warn: (message, fields) => say("warn", message, fields),
    error: (message, fields) => say("error", message, fields),
  };
}
