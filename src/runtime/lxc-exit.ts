// What LXC says of a container's end, as its stop hook keeps it: messages of 264 bytes (src/lxc/monitor.h of LXC 5),
//
//   int type: 0 state, 1 priority, 2 exit code      char name[NAME_MAX + 1]      int value: as waitpid(2) tells it
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { hasCode } from "../base/errors.ts";

const messageBytes = 264;
const valueOffset = 260;
const exitCodeType = 2;

export type EndFiles = {
  /** The messages; there last. */
  readonly exitMessages: string;
  /** The kernel's memory.oom_control (v1) or memory.events (v2) of the cgroup, which LXC removes. */
  readonly oomKills: string;
};

/** `folder`: the state of the container. */
export function lxcEndFiles(folder: string): EndFiles {
  return { exitMessages: join(folder, "exit-messages"), oomKills: join(folder, "oom-kills") };
}

/** The status word of waitpid(2); `undefined` while LXC has not said it. */
export function exitStatusFrom(messages: Uint8Array): number | undefined {
  const view = new DataView(messages.buffer, messages.byteOffset, messages.length);
  let status: number | undefined;
  for (let at = 0; at + messageBytes <= messages.length; at += messageBytes)
    if (view.getInt32(at, true) === exitCodeType) status = view.getInt32(at + valueOffset, true);
  return status;
}

export function exitStatusIn(path: string): number | undefined {
  try {
    return exitStatusFrom(readFileSync(path));
  } catch (err) {
    if (hasCode(err, "ENOENT")) return undefined;
    throw err;
  }
}
