// What a container has got for a start that is not recorded yet. A daemon that dies in between leaves a program that runs: the
// next one must know what it holds, or another container gets the same address.
import { readFileSync, writeFileSync } from "node:fs";
import { hasCode } from "../base/errors.ts";
import type { ContainerRecord } from "../containers/record.ts";
import type { Engine } from "./engine.ts";
import { taskFiles } from "./task-paths.ts";

export type StartNotes = Pick<ContainerRecord, "attachments" | "published">;

/** In the task's folder, with which they go. They need not survive the machine: no program does. */
export function noteStart(engine: Engine, id: string, notes: StartNotes): void {
  writeFileSync(taskFiles(engine.config.execRoot, id).startNotes, JSON.stringify(notes), { mode: 0o600 });
}

/** `undefined`: its program has not been started. */
export function startNotesOf(engine: Engine, id: string): StartNotes | undefined {
  try {
    return JSON.parse(readFileSync(taskFiles(engine.config.execRoot, id).startNotes, "utf8")) as StartNotes;
  } catch (err) {
    if (hasCode(err, "ENOENT")) return undefined;
    throw err;
  }
}
