// Removes a folder and all in it while somebody else may be changing it: by descriptors only, no link is ever followed.
import { readdirSync } from "node:fs";
import { AT_REMOVEDIR, unlinkat } from "../sys/directory-entry.ts";
import { failedWith, type Path } from "../sys/errno.ts";
import { closeFd, O_DIRECTORY, O_NOFOLLOW, O_RDONLY } from "../sys/file.ts";
import { openInRoot } from "../sys/open-in-root.ts";

/** `name` is one component in an open folder. Fine when it is gone already. */
export function removeTree(parent: number, name: Path): void {
  try {
    // EISDIR is what Linux says to the unlinking of a folder.
    unlinkat(parent, name);
    return;
  } catch (err) {
    if (failedWith(err, "ENOENT")) return;
    if (!failedWith(err, "EISDIR", "EPERM")) throw err;
  }
  const folder = openInRoot(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  try {
    for (const child of readdirSync(`/proc/self/fd/${folder}`, { encoding: "buffer" }))
      removeTree(folder, child);
  } finally {
    closeFd(folder);
  }
  unlinkat(parent, name, AT_REMOVEDIR);
}
