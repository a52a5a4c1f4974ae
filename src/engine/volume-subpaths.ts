// Subpaths of volumes in a start: each is opened once, and mounted where only we write, for the runtime to mount it from
// there. So the container gets what was checked, whatever somebody puts in its place meanwhile.
//
//   tasks/<id>/subpaths/<n>    a folder or a file, for the nth of the container's mounts
//
// The container's own mount is made from it in the start; after that it is taken away, as Docker does.
import {
  existsSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  rmdirSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { crashPoint } from "../base/crash-point.ts";
import type { ContainerRecord } from "../containers/record.ts";
import type { MountPoint } from "../spec/docker.ts";
import { closeFd } from "../sys/file.ts";
import { mount, MS_BIND, MS_PRIVATE, setPropagation, unmountFully } from "../sys/mount.ts";
import { openSubpath } from "../volumes/volume-subpath.ts";
import type { Engine } from "./engine.ts";
import { taskFiles } from "./task-paths.ts";

/** The container's mounts, those with a subpath with its place as their source. The errors of `openSubpath`. */
export function mountSubpaths(
  engine: Engine,
  { id, mounts, subpaths = {} }: ContainerRecord,
): readonly MountPoint[] {
  const folder = taskFiles(engine.config.execRoot, id).subpaths;
  return mounts.map((point, index) => {
    const subpath = subpaths[point.Destination];
    if (subpath === undefined) return point;
    const place = join(folder, String(index));
    mountSubpath(point.Source, subpath, place);
    return { ...point, Source: place };
  });
}

function mountSubpath(volume: string, subpath: string, place: string): void {
  const fd = openSubpath(volume, subpath);
  try {
    mkdirSync(join(place, ".."), { recursive: true, mode: 0o700 });
    if (fstatSync(fd).isDirectory()) mkdirSync(place);
    else writeFileSync(place, "", { flag: "wx" });
    mount(`/proc/self/fd/${fd}`, place, "", MS_BIND);
    // Else what the host mounts below it would come here too, and be unmounted there when it is here.
    setPropagation(place, MS_PRIVATE);
    crashPoint("subpath mounted");
  } finally {
    closeFd(fd);
  }
}

/** Containers keep what they have of it. Fine where there is none. */
export function unmountSubpaths(execRoot: string, id: string): void {
  const { subpaths } = taskFiles(execRoot, id);
  if (!existsSync(subpaths)) return;
  for (const name of readdirSync(subpaths)) {
    const place = join(subpaths, name);
    unmountFully(place);
    // These two fail on what is still mounted, and never reach into it.
    if (lstatSync(place).isDirectory()) rmdirSync(place);
    else unlinkSync(place);
  }
  rmdirSync(subpaths);
}

/** Of a run that is over. Nothing is removed while a volume's subpath is mounted there: its files are not ours. */
export async function removeTaskFiles(execRoot: string, id: string): Promise<void> {
  unmountSubpaths(execRoot, id);
  await rm(taskFiles(execRoot, id).dir, { recursive: true, force: true });
}
