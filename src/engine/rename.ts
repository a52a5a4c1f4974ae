// `rename`: another name for the same container.
import { ConflictError, InvalidParameterError } from "../base/errors.ts";
import { checkName, nameTaken } from "../containers/names.ts";
import { publishContainerEvent } from "./engine.ts";
import type { Engine } from "./engine.ts";

export function renameContainer(engine: Engine, ref: string, newName: string): Promise<void> {
  if (newName === "") throw new InvalidParameterError("Neither old nor new names may be empty");
  const { id } = engine.containers.find(ref);
  return engine.locks.run(id, async () => {
    const record = engine.containers.find(id);
    const name = checkName(newName);
    if (name === record.name)
      throw new InvalidParameterError("Renaming a container with the same name as its current name");
    if (record.state.status === "removing")
      throw new ConflictError(`Container ${id} is marked for removal and cannot be renamed`);
    const holder = engine.containers.byName(name);
    if (holder) throw nameTaken(name, holder.id);
    const renamed = engine.containers.update(id, (now) => ({ ...now, name }));
    publishContainerEvent(engine, renamed, "rename", { oldName: `/${record.name}` });
  });
}
