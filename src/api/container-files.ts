// Files of containers: archives in and out, changes, the whole root.
import { InvalidParameterError } from "../base/errors.ts";
import { readContainerPath, statContainerPath, writeContainerPath } from "../engine/container-archive.ts";
import type { PathStat } from "../spec/docker.ts";
import type { Answer, Headers } from "./answer.ts";
import { archive, empty } from "./answer.ts";
import type { Call } from "./call.ts";
import { param } from "./call.ts";
import { flagOf, textOf } from "./query.ts";

export async function statArchive(call: Call): Promise<Answer> {
  const stat = await statContainerPath(call.engine, param(call, "id"), pathOf(call));
  return { kind: "empty", status: 200, headers: statHeader(stat) };
}

export async function getArchive(call: Call): Promise<Answer> {
  const { stat, chunks } = await readContainerPath(call.engine, param(call, "id"), pathOf(call));
  return archive(chunks, statHeader(stat));
}

export async function putArchive(call: Call): Promise<Answer> {
  const { engine, query, body } = call;
  await writeContainerPath(engine, param(call, "id"), pathOf(call), body, {
    keepKinds: flagOf(query, "noOverwriteDirNonDir"),
    toContainerUser: flagOf(query, "copyUIDGID"),
  });
  return empty(200);
}

function pathOf({ query }: Call): string {
  const path = textOf(query, "path");
  if (path === "") throw new InvalidParameterError("bad parameter: path cannot be empty");
  return path;
}

function statHeader(stat: PathStat): Headers {
  return { "X-Docker-Container-Path-Stat": Buffer.from(JSON.stringify(stat)).toString("base64") };
}
