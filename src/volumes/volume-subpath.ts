// A place inside a volume, as `volume-subpath` names it. Whoever writes in the volume may put links anywhere and at any time:
// the kernel alone decides, and what it has opened is what is mounted.
import { posix } from "node:path";
import { InvalidParameterError, NotFoundError, SystemError } from "../base/errors.ts";
import { failedWith } from "../sys/errno.ts";
import { closeFd, O_DIRECTORY, O_PATH, openFile } from "../sys/file.ts";
import { openBeneath } from "../sys/open-in-root.ts";

/**
 * Opens (O_PATH) the folder or file that `subpath` leads to below the volume's `folder`. `subpath` is relative and does not
 * climb out by itself, which a creation refuses. In Docker's words NotFoundError when nothing is there, and
 * InvalidParameterError when a link leads out of the volume, as every absolute one does.
 */
export function openSubpath(folder: string, subpath: string): number {
  const root = openFile(folder, O_PATH | O_DIRECTORY);
  try {
    return openBeneath(root, cleanSubpath(subpath), O_PATH);
  } catch (err) {
    if (failedWith(err, "EXDEV"))
      throw new InvalidParameterError(
        `path concatenation escapes the base directory, base: ${folder}, subpath: ${subpath}`,
      );
    const path = posix.join(folder, subpath);
    if (failedWith(err, "ENOENT"))
      throw new NotFoundError(`cannot access path ${path}: no such file or directory`);
    throw new SystemError(`cannot access path ${path}`, { cause: err });
  } finally {
    closeFd(root);
  }
}

/** `a/../b/` is `b`, also when there is no `a` (Docker joins the paths before it looks). */
function cleanSubpath(subpath: string): string {
  return posix.resolve("/", subpath).slice(1) || ".";
}
