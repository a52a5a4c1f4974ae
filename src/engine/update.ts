// `update`: other limits and another restart policy, at once where the container runs.
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ConflictError } from "../base/errors.ts";
import type { ContainerRecord } from "../containers/record.ts";
import { updatedHostConfig } from "../containers/settings/update.ts";
import type { Updated } from "../containers/settings/update.ts";
import { isUp } from "../containers/state.ts";
import { updatedLimits } from "../runtime/oci-spec/resources.ts";
import type { HostConfig, UpdateContainerAnswer, UpdateContainerBody } from "../spec/docker.ts";
import { resolveDevices } from "./devices.ts";
import { driverOf, publishContainerEvent } from "./engine.ts";
import type { Engine } from "./engine.ts";
import { hostFacts } from "./host-facts.ts";
import { runRuntime } from "./pause.ts";
import { taskFiles } from "./task-paths.ts";

/** The kernel first, the record after it: limits that the kernel refuses are in no record. */
export function updateContainer(
  engine: Engine,
  ref: string,
  body: UpdateContainerBody,
): Promise<UpdateContainerAnswer> {
  const { id } = engine.containers.find(ref);
  return engine.locks.run(id, async () => {
    const record = engine.containers.find(id);
    const { hostConfig, warnings } = updated(engine, record, body);
    if (isUp(record.state)) await applyLimits(engine, record, hostConfig);
    engine.containers.update(id, (now) => ({ ...now, hostConfig }));
    publishContainerEvent(engine, record, "update");
    return { Warnings: warnings };
  });
}

function updated(engine: Engine, record: ContainerRecord, body: UpdateContainerBody): Updated {
  try {
    if (record.state.status === "removing" || record.state.status === "dead")
      throw new ConflictError('container is marked for removal and cannot be "update"');
    return updatedHostConfig(record.hostConfig, body, hostFacts(engine));
  } catch (err) {
    if (!(err instanceof ConflictError)) throw err;
    throw new ConflictError(`Cannot update container ${record.id}: ${err.message}`, { cause: err });
  }
}

async function applyLimits(engine: Engine, record: ContainerRecord, hostConfig: HostConfig): Promise<void> {
  const { id } = record;
  const { blockDevices } = resolveDevices(hostConfig);
  const limits = updatedLimits(hostConfig, blockDevices, engine.machine.cgroup);
  const file = join(taskFiles(engine.config.execRoot, id).dir, "resources.json");
  writeFileSync(file, JSON.stringify(limits), { mode: 0o600 });
  try {
    await runRuntime(engine, driverOf(engine, record).update(id, file), `Cannot update container ${id}`);
  } finally {
    rmSync(file, { force: true });
  }
}
