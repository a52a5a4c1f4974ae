// Reading the values of flags by the rules (and with the complaints) of Go's strconv and Docker's units.

/** Thrown by every reader here; the message is the reason only, the parser adds flag and value. */
export class BadValueError extends Error {}

const truths = new Set(["1", "t", "T", "TRUE", "true", "True"]);
const untruths = new Set(["0", "f", "F", "FALSE", "false", "False"]);

export function parseBool(text: string): boolean {
  if (truths.has(text)) return true;
  if (untruths.has(text)) return false;
  throw new BadValueError(`strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`);
}

const integer = /^[+-]?(?:0|[1-9][0-9_]*|0[xX][0-9a-fA-F_]+|0[oO]?[0-7_]+|0[bB][01_]+)$/;

/** Go's ParseInt with base 0. Beyond 2^53 a number loses its last digits, which no flag here needs. */
export function parseInteger(text: string): number {
  const value = integer.test(text) ? readInteger(text) : Number.NaN;
  if (Number.isNaN(value)) {
    throw new BadValueError(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  }
  if (Math.abs(value) > 2 ** 63) {
    throw new BadValueError(`strconv.ParseInt: parsing ${JSON.stringify(text)}: value out of range`);
  }
  return value;
}

/** Go's ParseUint for `bits` bits. */
export function parseUnsigned(text: string, bits: number): number {
  const value = /^[+-]/.test(text) || !integer.test(text) ? Number.NaN : readInteger(text);
  if (Number.isNaN(value)) {
    throw new BadValueError(`strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`);
  }
  if (value >= 2 ** bits) {
    throw new BadValueError(`strconv.ParseUint: parsing ${JSON.stringify(text)}: value out of range`);
  }
  return value;
}

function readInteger(text: string): number {
  const digits = text.replace(/^[+-]/, "").replaceAll("_", "");
  const value = Number(/^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits);
  return text.startsWith("-") ? -value : value;
}

const byteUnits: Readonly<Record<string, number>> = {
  "": 1,
  k: 2 ** 10,
  m: 2 ** 20,
  g: 2 ** 30,
  t: 2 ** 40,
  p: 2 ** 50,
};

/** "512", "512b", "1.5g", "1GiB" -> bytes, by powers of 1024. */
export function parseBytes(text: string): number {
  const [, amount = "", suffix = ""] = /^(\d+(?:\.\d*)?|\.\d+) ?([a-z]*)$/i.exec(text) ?? [];
  if (amount === "") throw new BadValueError(`invalid size: '${text}'`);
  const unit = byteUnits[/^([kmgtp]?)(?:i?b)?$/i.exec(suffix)?.[1]?.toLowerCase() ?? "none"];
  if (unit === undefined) throw new BadValueError(`invalid suffix: '${suffix}'`);
  return Math.trunc(Number(amount) * unit);
}

/** "1.5" or "3/2" -> 1,500,000,000. */
export function parseCpus(text: string): number {
  const match = /^([+-]?(?:\d+(?:\.\d*)?|\.\d+))(?:\/(\d+))?$/.exec(text);
  if (!match || match[2] === "0") throw new BadValueError(`failed to parse ${text} as a rational number`);
  const billionths = (Number(match[1]) * 1e9) / Number(match[2] ?? 1);
  const fraction = (match[1]?.split(".")[1] ?? "").replace(/0+$/, "");
  if (fraction.length > 9) throw new BadValueError("value is too precise");
  return Math.round(billionths);
}

const durationUnits: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

/** Go's ParseDuration: "1h30m", "-1.5s", "0" -> nanoseconds. */
export function parseDuration(text: string): number {
  const unsigned = text.replace(/^[+-]/, "");
  if (unsigned === "0") return 0;
  if (!/^(?:(?:\d+(?:\.\d*)?|\.\d+)[a-zµμ]+)+$/.test(unsigned)) throw badDuration(text);
  let total = 0;
  for (const [, amount = "", unit = ""] of unsigned.matchAll(/([\d.]+)([a-zµμ]+)/g)) {
    const size = durationUnits[unit];
    if (size === undefined) {
      throw new BadValueError(
        `time: unknown unit ${JSON.stringify(unit)} in duration ${JSON.stringify(text)}`,
      );
    }
    total += Number(amount) * size;
  }
  return Math.round(text.startsWith("-") ? -total : total);
}

function badDuration(text: string): BadValueError {
  if (/^[+-]?[\d.]*\d[\d.]*$/.test(text)) {
    return new BadValueError(`time: missing unit in duration ${JSON.stringify(text)}`);
  }
  return new BadValueError(`time: invalid duration ${JSON.stringify(text)}`);
}

/** "Status = exited" -> ["status", "exited"]. */
export function parseFilter(text: string): readonly [name: string, value: string] {
  const at = text.indexOf("=");
  if (at < 0) throw new BadValueError("bad format of filter (expected name=value)");
  return [text.slice(0, at).trim().toLowerCase(), text.slice(at + 1).trim()];
}
