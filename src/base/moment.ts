// Points in time as users of Docker write them: Unix seconds, dates, times of day, and durations that mean "so long ago".
import { InvalidParameterError } from "./errors.ts";

/** Unix milliseconds. `10m`, `1h30m`; `1136073600.000000001`; `2006-01-02`, `2006-01-02T15:04`, `2006-01-02T15:04:05.9Z`. Without a zone: local time. */
export function parseMoment(text: string, now: Date): number {
  const duration = parseDurationMs(text);
  if (duration !== undefined && text !== "0") return now.getTime() - duration;
  const seconds = /^([+-]?\d+)(\.\d+)?$/.exec(text);
  if (seconds) return Number(text) * 1000;
  const date =
    /^(\d{4})-(\d{2})-(\d{2})(?:T(\d{2})(?::(\d{2})(?::(\d{2})(\.\d+)?)?)?)?(Z|z|[+-]\d{2}:\d{2})?$/.exec(
      text,
    );
  if (!date) throw new InvalidParameterError(`failed to parse value as time or duration: ${noMoment(text)}`);
  const [, year, month, day, hour = "00", minute = "00", second = "00", fraction = "", zone = ""] = date;
  const moment = Date.parse(
    `${year}-${month}-${day}T${hour}:${minute}:${second}${fraction}${zone.toUpperCase()}`,
  );
  if (Number.isNaN(moment))
    throw new InvalidParameterError(
      `failed to parse value as time or duration: ${JSON.stringify(text)} is no date`,
    );
  return moment;
}

function noMoment(text: string): string {
  if (text.trim() === "") return "value is empty";
  if (text.includes("-")) return `${JSON.stringify(text)} is neither`;
  return `invalid seconds ${JSON.stringify(text.split(".", 1)[0])}: invalid syntax`;
}

const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** Go's durations: numbers with units, one after the other, with one sign for all. Undefined for what is none. */
export function parseDurationMs(text: string): number | undefined {
  const [, sign = "", parts = ""] = /^([+-]?)(.*)$/.exec(text) ?? [];
  if (parts === "0") return 0;
  if (!/^(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/.test(parts)) return undefined;
  let total = 0;
  for (const [, number, unit = ""] of parts.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g))
    total += Number(number) * (unitMs[unit] ?? 0);
  return sign === "-" ? -total : total;
}
