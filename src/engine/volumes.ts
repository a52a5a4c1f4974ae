// Volumes at the start of a container: an empty one takes over what the image has in its place, as Docker's do.
import { execFile } from "node:child_process";
import { closeSync, constants, readdirSync, statSync } from "node:fs";
import { promisify } from "node:util";
import { SystemError } from "../base/errors.ts";
import type { ContainerRecord } from "../containers/record.ts";
import { SyscallError } from "../sys/errno.ts";
import { openInRoot } from "../sys/open-in-root.ts";
import type { Engine } from "./engine.ts";
import { openRoot } from "./rootfs.ts";

const run = promisify(execFile);
const copyTimeoutMs = 10 * 60_000;

/** Mounts what the container's volumes stand for, until `holder` lets go of them. */
export async function holdVolumes(
  engine: Engine,
  { mounts }: Pick<ContainerRecord, "mounts">,
  holder: string,
): Promise<void> {
  for (const { Type, Name } of mounts)
    if (Type === "volume" && Name !== undefined) await engine.volumeMounts.hold(Name, holder);
}

/** Of a container that the daemon before has started. */
export function adoptVolumes(engine: Engine, { id, mounts }: ContainerRecord): void {
  for (const { Type, Name } of mounts)
    if (Type === "volume" && Name !== undefined) engine.volumeMounts.adopt(Name, id);
}

/** The sources of `record.mounts` are those of this start: of a volume's subpath, where it is mounted for that. */
export async function fillVolumes(engine: Engine, record: ContainerRecord): Promise<void> {
  const empty = record.mounts.filter(
    ({ Type, Source, Destination }) =>
      Type === "volume" && !record.uncopied?.includes(Destination) && isEmptyFolder(Source),
  );
  if (empty.length === 0) return;
  using root = openRoot(engine, record.id);
  for (const { Source, Destination } of empty) await copyFolder(root.fd, Destination, Source);
}

/** A subpath may name a file. */
function isEmptyFolder(path: string): boolean {
  return statSync(path).isDirectory() && readdirSync(path).length === 0;
}

/** `cp -a` does owners, times, links and extended attributes; the source is named by descriptor, so no link leads out of the root. */
async function copyFolder(root: number, path: string, target: string): Promise<void> {
  let source: number;
  try {
    source = openInRoot(root, path, constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (err) {
    if (err instanceof SyscallError && (err.code === "ENOENT" || err.code === "ENOTDIR")) return; // nothing to take over
    throw err;
  }
  try {
    await run("cp", ["-a", `/proc/${process.pid}/fd/${source}/.`, target], { timeout: copyTimeoutMs });
  } catch (err) {
    throw new SystemError(`failed to copy the image's ${path} into the volume`, { cause: err });
  } finally {
    closeSync(source);
  }
}
