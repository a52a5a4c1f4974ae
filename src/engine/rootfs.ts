// A container's root file system while it runs: the image's layers below its own.
import { join } from "node:path";
import type { ContainerRecord } from "../containers/record.ts";
import type { Engine } from "./engine.ts";

export function containerRootfs(engine: Engine, id: string): string {
  return join(engine.containers.folder(id), "rootfs");
}
