// What the daemon and the service manager that started it say to each other (systemd; with another init all of it is nothing).
import { existsSync } from "node:fs";
import { sendUnixDatagram } from "./sys/unix-socket.ts";

const systemctlTimeoutMs = 5000;

export type ServiceManager = {
  /** Whether one started this daemon and wants to hear of it. */
  readonly isThere: boolean;
  /** The daemon serves from now on: `systemctl start` returns, and units that come after this one start. */
  readonly ready: () => void;
};

/**
 * Takes the manager's address out of the environment: a runtime that found it there would mount it into containers
 * (sd_notify(3); runc and crun pass it on).
 */
export function serviceManager(env: NodeJS.ProcessEnv): ServiceManager {
  const address = env["NOTIFY_SOCKET"];
  delete env["NOTIFY_SOCKET"];
  return {
    isThere: Boolean(address),
    ready: () => {
      if (address) sendUnixDatagram(address, Buffer.from("READY=1"));
    },
  };
}

/**
 * Whether the whole machine is on its way down, and not this daemon only: every way down has a job for shutdown.target.
 * (`systemctl is-system-running` says "starting" all the same when a boot is cut short.)
 */
export async function machineGoesDown(): Promise<boolean> {
  if (!existsSync("/run/systemd/system")) return false; // sd_booted(3)
  const child = Bun.spawn(["systemctl", "list-jobs", "--no-legend", "shutdown.target"], {
    stdio: ["ignore", "pipe", "ignore"],
    timeout: systemctlTimeoutMs,
  });
  return /\bshutdown\.target\s+start\b/.test(await child.stdout.text());
}
