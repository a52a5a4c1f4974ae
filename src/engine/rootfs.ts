// A container's root file system: the image's layers below its own, and what is read from it before its program runs.
import { closeSync, openSync, readFileSync } from "node:fs";
import { constants } from "node:fs";
import { dirname, join } from "node:path";
import { InvalidParameterError } from "../base/errors.ts";
import type { ContainerRecord } from "../containers/record.ts";
import { resolveUser } from "../containers/users.ts";
import type { SpecUser } from "../runtime/oci-spec/spec-input.ts";
import { containerMounts, mountAll } from "../storage/overlay.ts";
import { mkdirat } from "../sys/directory-entry.ts";
import { failedWith, SyscallError } from "../sys/errno.ts";
import { openInRoot } from "../sys/open-in-root.ts";
import type { Engine } from "./engine.ts";

/** Where it is mounted while the container runs. */
export function containerRootfs(engine: Engine, id: string): string {
  return join(engine.containers.folder(id), "rootfs");
}

export function mountRootfs(engine: Engine, record: ContainerRecord): void {
  const folder = engine.containers.folder(record.id);
  mountAll(containerMounts(engine.images.layers, record.layers, folder));
}

/** The user by numbers, looked up in the container's own files; InvalidParameterError when it is not there. */
export function userInRootfs(
  engine: Engine,
  id: string,
  user: string,
  groupAdd: readonly string[],
): SpecUser {
  using root = openRoot(engine, id);
  return userIn(root.fd, user, groupAdd);
}

/** The same below an open root folder. */
export function userIn(root: number, user: string, groupAdd: readonly string[] = []): SpecUser {
  const passwd = readInRoot(root, "/etc/passwd");
  const group = readInRoot(root, "/etc/group");
  return resolveUser(user, passwd, group, groupAdd);
}

/** Docker makes a working directory that the image has not. Owned by root, 0755. InvalidParameterError where a file is in the way. */
export function makeWorkingDir(engine: Engine, record: ContainerRecord): void {
  const { WorkingDir } = record.config;
  if (WorkingDir === "" || WorkingDir === "/") return;
  using root = openRoot(engine, record.id);
  try {
    makeFolders(root.fd, WorkingDir);
  } catch (err) {
    if (!failedWith(err, "ENOTDIR")) throw err;
    throw new InvalidParameterError(`Cannot mkdir: ${WorkingDir} is not a directory`);
  }
}

/** An open folder, so that every path below it is resolved by the kernel inside it, whatever links the image holds. */
export function openRoot(engine: Engine, id: string): Disposable & { readonly fd: number } {
  const fd = openSync(containerRootfs(engine, id), constants.O_RDONLY | constants.O_DIRECTORY);
  return { fd, [Symbol.dispose]: () => closeSync(fd) };
}

/** The text of a file of the container, empty when it is not there. */
function readInRoot(root: number, path: string): string {
  let fd: number;
  try {
    fd = openInRoot(root, path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (err) {
    if (
      err instanceof SyscallError &&
      (err.code === "ENOENT" || err.code === "ENOTDIR" || err.code === "ELOOP")
    )
      return "";
    throw err;
  }
  try {
    return readFileSync(fd, "utf8");
  } finally {
    closeSync(fd);
  }
}

/** `mkdir -p` inside the root. */
export function makeFolders(root: number, path: string): void {
  try {
    closeSync(openInRoot(root, path, constants.O_RDONLY | constants.O_DIRECTORY));
    return;
  } catch (err) {
    if (!(err instanceof SyscallError && err.code === "ENOENT")) throw err;
  }
  makeFolders(root, dirname(path));
  const parent = openInRoot(root, dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    mkdirat(parent, path.slice(path.lastIndexOf("/") + 1), 0o755);
  } finally {
    closeSync(parent);
  }
}
