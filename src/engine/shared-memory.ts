// The /dev/shm of a shareable container: a tmpfs on the host, so that containers that join its IPC namespace have it too.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { ContainerRecord } from "../containers/record.ts";
import { MNT_DETACH, mount, MS_NODEV, MS_NOEXEC, MS_NOSUID, unmountIfMounted } from "../sys/mount.ts";
import type { Engine } from "./engine.ts";
import { taskFiles } from "./task-paths.ts";

export function sharedMemoryFolder(execRoot: string, id: string): string {
  return join(taskFiles(execRoot, id).dir, "shm");
}

/** Mounts it, empty, and says where: each run starts with an empty one. */
export function mountSharedMemory(engine: Engine, { id, hostConfig }: ContainerRecord): string {
  const folder = sharedMemoryFolder(engine.config.execRoot, id);
  unmountIfMounted(folder, MNT_DETACH);
  mkdirSync(folder, { recursive: true });
  const options = `mode=1777,size=${hostConfig.ShmSize}`;
  mount("shm", folder, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, options);
  return folder;
}

/** Containers that joined keep it until they end. Fine where there is none. */
export function unmountSharedMemory(execRoot: string, id: string): void {
  unmountIfMounted(sharedMemoryFolder(execRoot, id), MNT_DETACH);
}
