// `container prune`: removes every container that does not run.
import { errorText } from "../base/errors.ts";
import { checkFilterKeys, lacksLabels, matchesLabels, untilFilter } from "../base/filters.ts";
import type { Filters } from "../base/filters.ts";
import { countsAsRunning } from "../containers/view.ts";
import type { PruneContainersAnswer } from "../spec/docker.ts";
import { containerSizes } from "./container-size.ts";
import type { Engine } from "./engine.ts";
import { removeContainer } from "./remove.ts";

const acceptedKeys: ReadonlySet<string> = new Set(["label", "label!", "until"]);

/**
 * A container that cannot be removed is left, with a warning in the log, and the others go on. One that somebody else
 * removes meanwhile is theirs: it is not counted here.
 */
export async function pruneContainers(engine: Engine, filters: Filters): Promise<PruneContainersAnswer> {
  checkFilterKeys(filters, acceptedKeys);
  const limit = untilFilter(filters, engine.host.clock.now());
  const doomed = engine.containers
    .all()
    .filter(
      ({ state, createdAt, config }) =>
        !countsAsRunning(state) &&
        Date.parse(createdAt) <= limit &&
        matchesLabels(filters, "label", config.Labels) &&
        lacksLabels(filters, "label!", config.Labels),
    );
  const ContainersDeleted: string[] = [];
  let SpaceReclaimed = 0;
  for (const record of doomed) {
    try {
      const { SizeRw } = await containerSizes(engine, record);
      if (!(await removeContainer(engine, record.id, { force: false, volumes: false }))) continue;
      ContainersDeleted.push(record.id);
      SpaceReclaimed += SizeRw;
    } catch (err) {
      if (!engine.containers.get(record.id)) continue;
      engine.host.log.warn("container not pruned", { container: record.id, error: errorText(err) });
    }
  }
  engine.events.publish("container", "prune", "", { reclaimed: String(SpaceReclaimed) });
  return { ContainersDeleted: ContainersDeleted.length > 0 ? ContainersDeleted : null, SpaceReclaimed };
}
