// Durations as people say them, in the words that `docker ps` prints and scripts look for.

/** `Less than a second`, `5 seconds`, `About a minute`, `3 hours`, `2 weeks`…: one unit, coarser the longer it is. */
export function humanDuration(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  if (seconds < 1) return "Less than a second";
  if (seconds === 1) return "1 second";
  if (seconds < 60) return `${seconds} seconds`;
  const minutes = Math.floor(seconds / 60);
  if (minutes === 1) return "About a minute";
  if (minutes < 60) return `${minutes} minutes`;
  // Hours are rounded to the nearest, and all above counts from them: 13 days 23.5 hours are 2 weeks.
  const hours = Math.floor(ms / 3_600_000 + 0.5);
  if (hours === 1) return "About an hour";
  if (hours < 48) return `${hours} hours`;
  const days = Math.floor(hours / 24);
  if (hours < 24 * 14) return `${days} days`;
  if (hours < 24 * 60) return `${Math.floor(days / 7)} weeks`;
  if (hours < 24 * 730) return `${Math.floor(days / 30)} months`;
  return `${Math.floor(ms / 3_600_000 / 24 / 365)} years`;
}
