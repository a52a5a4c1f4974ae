// What every part of the monitor works with.
import type { Log } from "../base/log.ts";
import type { Command } from "../runtime/driver.ts";
import type { ExitEvent } from "../runtime/monitor-protocol.ts";
import type { HeldPorts } from "./held-ports.ts";
import type { IoBuffers } from "./io-buffers.ts";
import type { Compress } from "./log-file.ts";
import type { Loop } from "./loop.ts";
import type { Reaper } from "./reaper.ts";
import type { RuntimeSpawn } from "./runtime-mounts.ts";

export type Context = {
  readonly log: Log;
  readonly loop: Loop;
  readonly io: IoBuffers;
  readonly reaper: Reaper;
  /** Starts a runtime's command. */
  readonly spawn: RuntimeSpawn["spawn"];
  /** A runtime that has been spawned sees what is mounted on the host after that. */
  readonly seesLaterMounts: boolean;
  /** The file that a command executes. */
  readonly executable: (command: Command) => string;
  readonly compress: Compress;
  readonly heldPorts: HeldPorts;
  /** Tells every daemon that is connected. */
  tell(event: ExitEvent): void;
  /** Whether any daemon is. */
  daemonConnected(): boolean;
};
