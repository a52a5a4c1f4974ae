// Whether a container's program is started by our own /sbin/init, and what init is told.
import { join } from "node:path";
import { NotImplementedError } from "../base/errors.ts";
import type { ContainerRecord } from "../containers/record.ts";
import { sysinitAsked } from "../runtime/oci-spec/sysinit.ts";
import type { Sysinit } from "../runtime/oci-spec/sysinit.ts";
import { removeOldKits as removeOtherKits, sysinitKit } from "../runtime/sysinit-kit.ts";
import { driverOf } from "./engine.ts";
import type { Engine } from "./engine.ts";

/** Asked for, usual on this machine, needed by the driver, or in the place of an init that the machine lacks. */
export function startsBySysinit(engine: Engine, record: ContainerRecord): boolean {
  const { config } = engine;
  const asked = sysinitAsked(record.hostConfig) ?? config.sysinit;
  return asked || driverOf(engine, record).kind === "lxc" || supervises(engine, record);
}

/** `gateways`: the default routes that are left to init. */
export function sysinitOf(
  engine: Engine,
  record: ContainerRecord,
  gateways: readonly string[],
): Sysinit | undefined {
  if (!startsBySysinit(engine, record)) return undefined;
  const { root, program } = engine.config;
  const [executable = "", ...more] = program;
  if (more.length > 0)
    throw new NotImplementedError(
      "/sbin/init is the compiled executable, and this daemon runs from the sources",
    );
  return {
    kitFolder: sysinitKit(kitsFolder(root), executable).folder,
    gateways,
    supervise: supervises(engine, record),
    user: record.config.User,
    groups: record.hostConfig.GroupAdd ?? [],
  };
}

/** While no container runs. */
export function removeOldKits({ config }: Engine): void {
  const [executable = ""] = config.program;
  removeOtherKits(kitsFolder(config.root), executable);
}

function kitsFolder(root: string): string {
  return join(root, "sysinit");
}

/** `--init` where there is no other, or where ours is preferred. A process 1 of the host's has one already. */
function supervises({ initPath, config }: Engine, { hostConfig }: ContainerRecord): boolean {
  return (hostConfig.Init ?? config.defaults.init) && initPath === undefined && hostConfig.PidMode === "";
}
