// Files of containers: archives in and out, changes, the whole root, an image of them.
import { InvalidParameterError } from "../base/errors.ts";
import { readContainerPath, statContainerPath, writeContainerPath } from "../engine/container-archive.ts";
import { commitContainer } from "../engine/commit.ts";
import { containerChanges } from "../engine/container-changes.ts";
import { exportContainer } from "../engine/export.ts";
import type { PathStat } from "../spec/docker.ts";
import type { Answer, Headers } from "./answer.ts";
import { empty, json, tarArchive } from "./answer.ts";
import { createBody } from "./bodies.ts";
import type { Call } from "./call.ts";
import { jsonBody, param } from "./call.ts";
import { flagOf, textOf } from "./query.ts";

export async function statArchive(call: Call): Promise<Answer> {
  const stat = await statContainerPath(call.engine, param(call, "id"), pathOf(call));
  return { kind: "empty", status: 200, headers: statHeader(stat) };
}

export async function getArchive(call: Call): Promise<Answer> {
  const { stat, chunks } = await readContainerPath(call.engine, param(call, "id"), pathOf(call));
  return tarArchive(chunks, statHeader(stat));
}

export async function putArchive(call: Call): Promise<Answer> {
  const { engine, query, body } = call;
  await writeContainerPath(engine, param(call, "id"), pathOf(call), body, {
    keepKinds: flagOf(query, "noOverwriteDirNonDir"),
    toContainerUser: flagOf(query, "copyUIDGID"),
  });
  return empty(200);
}

export async function changes(call: Call): Promise<Answer> {
  return json(await containerChanges(call.engine, param(call, "id")));
}

export async function exportRoot(call: Call): Promise<Answer> {
  return tarArchive(await exportContainer(call.engine, param(call, "id")));
}

/** An empty body, `null` and `{}` mean the container's own configuration. */
export async function commit(call: Call): Promise<Answer> {
  const { engine, query, signal } = call;
  const config = await jsonBody(call, createBody);
  const options = {
    repository: textOf(query, "repo"),
    tag: textOf(query, "tag"),
    author: textOf(query, "author"),
    comment: textOf(query, "comment"),
    changes: query.getAll("changes"),
    pause: flagOf(query, "pause", true),
    ...(Object.keys(config).length === 0 ? {} : { config }),
  };
  const { id } = await commitContainer(engine, textOf(query, "container"), options, signal);
  return json({ Id: id }, 201);
}

function pathOf({ query }: Call): string {
  const path = textOf(query, "path");
  if (path === "") throw new InvalidParameterError("bad parameter: path cannot be empty");
  return path;
}

function statHeader(stat: PathStat): Headers {
  return { "X-Docker-Container-Path-Stat": Buffer.from(JSON.stringify(stat)).toString("base64") };
}
