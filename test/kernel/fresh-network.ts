// A network namespace for tests that play "the host": what they do to bridges, routes and rules stays in it.
import { readlinkSync } from "node:fs";
import { closeFd } from "../../src/sys/file.ts";
import { check, libc } from "../../src/sys/libc.ts";
import { openNetns } from "../../src/sys/namespace.ts";

const CLONE_NEWNET = 0x40000000;

/**
 * Moves this thread, and every program that it starts from here on, into a fresh network namespace.
 * @returns the way back, to be taken before another test file runs.
 */
export function enterFreshNetwork(): () => void {
  const home = openNetns("/proc/thread-self/ns/net");
  const name = readlinkSync("/proc/thread-self/ns/net");
  check(libc.unshare(CLONE_NEWNET), "unshare");
  if (readlinkSync("/proc/thread-self/ns/net") === name)
    throw new Error("still in the machine's own network");
  return () => {
    check(libc.setns(home, CLONE_NEWNET), "setns");
    closeFd(home);
  };
}
