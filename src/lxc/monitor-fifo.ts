// How LXC tells of its containers: to a FIFO, if somebody reads it (src/lxc/monitor.c, lxc_monitor_send_exit_code). The reader
// is lxc-start itself, which is given the FIFO open; its stop hook keeps what was said in a file. So the exit code is there
// whoever has died meanwhile, and on every kernel, though LXC reaps the program.
import { mkdirSync, rmSync, rmdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { hasCode } from "../base/errors.ts";
import { mkfifo } from "../sys/fifo.ts";
import { O_RDWR, openFile } from "../sys/file.ts";
import { stateFiles } from "./container-state.ts";

/** LXC's own place for the FIFO of all containers below one folder; each of ours is below a folder of its own. */
const lxcRunFolder = "/run/lxc";

export function monitorFifo(root: string, id: string): string {
  return join(lxcRunFolder, stateFiles(root, id).folder, "monitor-fifo");
}

/** Makes it and opens both its ends. */
export function openMonitorFifo(root: string, id: string): number {
  const path = monitorFifo(root, id);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  rmSync(path, { force: true });
  mkfifo(path, 0o600);
  return openFile(path, O_RDWR);
}

/** With the folders on the way to it that nobody else needs. */
export function removeMonitorFifo(root: string, id: string): void {
  const path = monitorFifo(root, id);
  rmSync(path, { force: true });
  for (let folder = dirname(path); folder.length > lxcRunFolder.length; folder = dirname(folder)) {
    try {
      rmdirSync(folder);
    } catch (err) {
      if (hasCode(err, "ENOENT")) continue;
      if (hasCode(err, "ENOTEMPTY")) return;
      throw err;
    }
  }
}
