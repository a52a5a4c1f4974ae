// The wall clock with nanoseconds, which JavaScript's own does not show.
import { check, libc } from "./libc.ts";

const CLOCK_REALTIME = 0;
const timespec = new BigInt64Array(2);

export type WallTime = { readonly seconds: number; readonly nanoseconds: number };

/** Time since 1970. */
export function wallTime(): WallTime {
  check(libc.clock_gettime(CLOCK_REALTIME, timespec), "clock_gettime");
  return { seconds: Number(timespec[0]), nanoseconds: Number(timespec[1]) };
}
