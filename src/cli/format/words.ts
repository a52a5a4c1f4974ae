// Times, sizes and long texts in the words that Docker's tables use.

/** "About a minute", "3 weeks". */
export function humanDuration(seconds: number): string {
  if (seconds < 1) return "Less than a second";
  const whole = Math.trunc(seconds);
  if (whole === 1) return "1 second";
  if (whole < 60) return `${whole} seconds`;
  const minutes = Math.trunc(seconds / 60);
  if (minutes === 1) return "About a minute";
  if (minutes < 60) return `${minutes} minutes`;
  const hours = Math.trunc(seconds / 3600 + 0.5);
  if (hours === 1) return "About an hour";
  if (hours < 48) return `${hours} hours`;
  if (hours < 24 * 7 * 2) return `${Math.trunc(hours / 24)} days`;
  if (hours < 24 * 30 * 2) return `${Math.trunc(hours / 24 / 7)} weeks`;
  if (hours < 24 * 365 * 2) return `${Math.trunc(hours / 24 / 30)} months`;
  return `${Math.trunc(seconds / 3600 / 24 / 365)} years`;
}

/** "3 weeks ago" for a time in Unix seconds. */
export function ago(unixSeconds: number, nowMs: number): string {
  // Docker counts from whole seconds as well.
  return `${humanDuration(nowMs / 1000 - unixSeconds)} ago`;
}

const decimalUnits = ["B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"];
const binaryUnits = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"];

/** "1.98MB": by powers of 1000, `digits` digits (3 in tables, 4 in sums). */
export function humanSize(bytes: number, digits = 3): string {
  return withUnit(bytes, 1000, decimalUnits, digits);
}

/** "23.54GiB". */
export function binarySize(bytes: number): string {
  return withUnit(bytes, 1024, binaryUnits, 4);
}

function withUnit(bytes: number, base: number, units: readonly string[], digits: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= base && unit < units.length - 1) {
    value /= base;
    unit++;
  }
  return general(value, digits) + units[unit];
}

/** Go's %.3g: so many digits, no zeros at the end, "1e+03" when rounding reaches the next power. */
function general(value: number, digits: number): string {
  const text = value.toPrecision(digits);
  const [mantissa = "", exponent] = text.split("e");
  const short = mantissa.includes(".") ? mantissa.replace(/\.?0+$/, "") : mantissa;
  return exponent === undefined ? short : `${short}e${exponent.replace(/^([+-])(\d)$/, "$10$2")}`;
}

/** Cuts a text to `length` letters, of which the last is "…". Wide letters count twice. */
export function ellipsis(text: string, length: number): string {
  if (length <= 0) return "";
  const widths = Array.from(text, (letter) => [letter, Bun.stringWidth(letter)] as const);
  const total = widths.reduce((sum, [, width]) => sum + width, 0);
  if (total <= length) return text;
  let left = length - 1;
  let kept = "";
  for (const [letter, width] of widths) {
    if (width > left) break;
    kept += letter;
    left -= width;
  }
  return `${kept}…`;
}

/** Twelve hex digits, without the algorithm. */
export function shortID(id: string): string {
  return id.replace(/^[a-z0-9]+:/, "").slice(0, 12);
}

/** "2026-11-23 21:59:36 +0000 UTC": Go's Time.String() of a local time. */
export function goTime(unixSeconds: number): string {
  const { date, clock, offset } = localParts(unixSeconds * 1000);
  const zone =
    offset === "+0000"
      ? "UTC"
      : (new Date(unixSeconds * 1000)
          .toLocaleTimeString("en-US", { timeZoneName: "short" })
          .split(" ")
          .at(-1) ?? offset);
  return `${date} ${clock} ${offset} ${/^(?:GMT|UTC)[+-]/.test(zone) ? offset.slice(0, 3) : zone}`;
}

/** The same for an RFC 3339 time, whose fraction is kept. */
export function goTimeOf(text: string): string {
  const fraction = (/\.(\d+)/.exec(text)?.[1] ?? "").replace(/0+$/, "");
  const [date = "", clock = "", ...zone] = goTime(Math.floor(Date.parse(text) / 1000)).split(" ");
  return [date, fraction === "" ? clock : `${clock}.${fraction}`, ...zone].join(" ");
}

/** "2026-11-23T21:18:41Z", or with the local offset; `nanoseconds` are shown with nine digits. */
export function rfc3339(unixSeconds: number, nanoseconds?: bigint): string {
  const { date, clock, offset } = localParts(unixSeconds * 1000);
  const fraction = nanoseconds === undefined ? "" : `.${String(nanoseconds).padStart(9, "0")}`;
  const zone = offset === "+0000" ? "Z" : `${offset.slice(0, 3)}:${offset.slice(3)}`;
  return `${date}T${clock}${fraction}${zone}`;
}

type LocalParts = { readonly date: string; readonly clock: string; readonly offset: string };

function localParts(ms: number): LocalParts {
  const minutes = -new Date(ms).getTimezoneOffset();
  const local = new Date(ms + minutes * 60_000).toISOString();
  const two = (value: number) => String(Math.trunc(value)).padStart(2, "0");
  const size = Math.abs(minutes);
  return {
    date: local.slice(0, 10),
    clock: local.slice(11, 19),
    offset: `${minutes < 0 ? "-" : "+"}${two(size / 60)}${two(size % 60)}`,
  };
}
