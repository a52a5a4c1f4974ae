// Durations as Go prints them, which is how Docker's messages show them.

/** `1.5s`, `2m0s`, `1h0m0.25s`, `300ms`, `0s` for a duration in nanoseconds. */
export function goDuration(ns: number): string {
  if (ns === 0) return "0s";
  if (ns < 0) return `-${goDuration(-ns)}`;
  if (ns < 1e3) return `${ns}ns`;
  if (ns < 1e6) return `${ns / 1e3}µs`;
  if (ns < 1e9) return `${ns / 1e6}ms`;
  const seconds = Math.floor(ns / 1e9);
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const rest = `${(ns - (seconds - (seconds % 60)) * 1e9) / 1e9}s`;
  return `${hours > 0 ? `${hours}h` : ""}${seconds >= 60 ? `${minutes}m` : ""}${rest}`;
}
