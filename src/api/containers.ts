// Containers: the endpoints that are a request and an answer. Streams are in container-streams.ts.
import { InvalidParameterError } from "../base/errors.ts";
import { createContainer } from "../engine/create.ts";
import { explainContainer } from "../engine/explain.ts";
import { inspectContainer } from "../engine/inspect.ts";
import { killContainer } from "../engine/kill.ts";
import { listContainers } from "../engine/list.ts";
import { pauseContainer, unpauseContainer } from "../engine/pause.ts";
import { pruneContainers } from "../engine/prune.ts";
import { removeContainer } from "../engine/remove.ts";
import { renameContainer } from "../engine/rename.ts";
import { resizeContainer } from "../engine/resize.ts";
import { startContainer } from "../engine/start.ts";
import { restartContainer, stopContainer } from "../engine/stop.ts";
import type { StopOptions } from "../engine/stop.ts";
import { containerTop } from "../engine/top.ts";
import { updateContainer } from "../engine/update.ts";
import type { UpdateContainerBody } from "../spec/docker.ts";
import type { Answer } from "./answer.ts";
import { changedOr304, empty, json } from "./answer.ts";
import { containerInspectByVersion, containerSummaryByVersion, forVersion } from "./answers-by-version.ts";
import { createBody, updateBody } from "./bodies.ts";
import type { Call } from "./call.ts";
import { clientOf, jsonBody, param } from "./call.ts";
import { isRun, runCreated } from "./container-run.ts";
import { createBodyForVersion } from "./create-by-version.ts";
import { filtersOf, flagOf, integerOf, terminalSize, textOf } from "./query.ts";

export async function list({ engine, query, version }: Call): Promise<Answer> {
  const rows = await listContainers(engine, {
    all: flagOf(query, "all"),
    limit: integerOf(query, "limit"),
    size: flagOf(query, "size"),
    filters: filtersOf(query),
  });
  return json(rows.map((row) => forVersion(row, containerSummaryByVersion, version)));
}

/** With `run`, which is ours, and a connection that may be upgraded: see container-run.ts. */
export async function create(call: Call): Promise<Answer> {
  const { engine, query, version } = call;
  const asked = await jsonBody(call, createBody, { required: true });
  const { body, warnings } = createBodyForVersion(asked, version, {
    cgroupVersion: engine.machine.cgroup.version,
  });
  const runs = isRun(call, body);
  const name = textOf(query, "name");
  const platform = version >= 41 ? textOf(query, "platform") : "";
  const created = await createContainer(engine, {
    body,
    ...(name === "" ? {} : { name }),
    ...(platform === "" ? {} : { platform }),
  });
  const answer = { Id: created.id, Warnings: [...created.warnings, ...warnings] };
  return runs ? await runCreated(call, answer) : json(answer, 201);
}

export async function inspect(call: Call): Promise<Answer> {
  const { engine, query, version } = call;
  const answer = await inspectContainer(engine, param(call, "id"), { size: flagOf(query, "size") });
  const shown = forVersion(answer, containerInspectByVersion, version);
  // Beyond Docker's API, and only for who asks: `sampan why`.
  if (!flagOf(query, "sampan")) return json(shown);
  return json({ ...shown, Sampan: explainContainer(engine, param(call, "id")) });
}

/** A body with a host configuration was the way to start before 1.24: refused rather than ignored. */
export async function start(call: Call): Promise<Answer> {
  const { "content-length": length = "0", "transfer-encoding": encoding } = call.headers;
  // "{}" and "null" are bodies of old clients that mean nothing by them.
  if (encoding !== undefined || Number(length) > 7)
    throw new InvalidParameterError(
      "starting container with non-empty request body was deprecated since API v1.22 and removed in v1.24",
    );
  return changedOr304(
    await startContainer(call.engine, param(call, "id"), { action: "start", by: clientOf(call) }),
  );
}

export async function stop(call: Call): Promise<Answer> {
  return changedOr304(await stopContainer(call.engine, param(call, "id"), stopOptions(call)));
}

export async function restart(call: Call): Promise<Answer> {
  await restartContainer(call.engine, param(call, "id"), stopOptions(call));
  return empty();
}

function stopOptions({ query, version, headers }: Call): StopOptions {
  const signal = version >= 42 ? textOf(query, "signal") : "";
  const timeoutSeconds = integerOf(query, "t");
  return {
    by: clientOf({ headers }),
    ...(signal === "" ? {} : { signal }),
    ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
  };
}

export async function kill(call: Call): Promise<Answer> {
  await killContainer(call.engine, param(call, "id"), textOf(call.query, "signal"), clientOf(call));
  return empty();
}

export async function pause(call: Call): Promise<Answer> {
  await pauseContainer(call.engine, param(call, "id"));
  return empty();
}

export async function unpause(call: Call): Promise<Answer> {
  await unpauseContainer(call.engine, param(call, "id"));
  return empty();
}

export async function rename(call: Call): Promise<Answer> {
  await renameContainer(call.engine, param(call, "id"), textOf(call.query, "name"));
  return empty();
}

export async function resize(call: Call): Promise<Answer> {
  const { engine, query } = call;
  const size = { rows: terminalSize(query, "h", "height"), columns: terminalSize(query, "w", "width") };
  await resizeContainer(engine, param(call, "id"), size);
  return empty(200);
}

export async function top(call: Call): Promise<Answer> {
  return json(await containerTop(call.engine, param(call, "id"), textOf(call.query, "ps_args")));
}

export async function update(call: Call): Promise<Answer> {
  const body = updateForVersion(await jsonBody(call, updateBody), call.version);
  return json(await updateContainer(call.engine, param(call, "id"), body));
}

/** What a version's update did not heed is left out of it. 0 and all below it mean no limit of processes. */
function updateForVersion(body: UpdateContainerBody, version: number): UpdateContainerBody {
  const { PidsLimit, ...rest } = body;
  const pids =
    typeof PidsLimit === "number" && version >= 40 ? { PidsLimit: PidsLimit > 0 ? PidsLimit : -1 } : {};
  return { ...(version < 55 ? withoutBlkio(rest) : rest), ...pids };
}

function withoutBlkio(body: UpdateContainerBody): UpdateContainerBody {
  const {
    BlkioWeightDevice: _weights,
    BlkioDeviceReadBps: _readBps,
    BlkioDeviceWriteBps: _writeBps,
    BlkioDeviceReadIOps: _readIOps,
    BlkioDeviceWriteIOps: _writeIOps,
    ...rest
  } = body;
  return rest;
}

export async function remove(call: Call): Promise<Answer> {
  const { engine, query } = call;
  if (flagOf(query, "link"))
    throw new InvalidParameterError(
      "links between containers are not in this build: there is none to remove",
    );
  await removeContainer(engine, param(call, "id"), {
    force: flagOf(query, "force"),
    volumes: flagOf(query, "v"),
  });
  return empty();
}

export async function prune({ engine, query }: Call): Promise<Answer> {
  return json(await pruneContainers(engine, filtersOf(query)));
}
