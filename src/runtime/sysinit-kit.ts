// Our executable as the /sbin/init of any container, also of one with no C library: a copy whose interpreter is a loader that
// is mounted beside it, with the libraries that it needs.
//
//   <folder>/<mark>/init       bind-mounted at /sbin/init; asks for /.sampan/ld.so
//                   ld.so      the folder is bind-mounted at /.sampan, and LD_LIBRARY_PATH says so for this one exec
//                   libc.so.6 …
import {
  constants,
  copyFileSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { chmodSync, closeSync, openSync, readSync, writeSync } from "node:fs";
import { basename, join } from "node:path";
import { SystemError } from "../base/errors.ts";
import { syncFilesystem } from "../sys/file.ts";

/** Shorter than any loader's own path, in whose place it is written. */
export const kitDestination = "/.sampan";
const loader = `${kitDestination}/ld.so`;
const headBytes = 4096;

export type SysinitKit = {
  /** Bind-mounted at `kitDestination`; its file `init` at /sbin/init. */
  readonly folder: string;
};

/** Made at the first call for this very executable, 0.3 s; else two looks at the disk. `executable`: ours, compiled. */
export function sysinitKit(folder: string, executable: string): SysinitKit {
  const kit = join(folder, markOf(executable));
  if (isThere(join(kit, "init"))) return { folder: kit };
  const temp = join(folder, `:tmp:${process.pid}`);
  rmSync(temp, { recursive: true, force: true });
  mkdirSync(temp, { recursive: true, mode: 0o755 });
  copyFileSync(executable, join(temp, "init"), constants.COPYFILE_FICLONE);
  chmodSync(join(temp, "init"), 0o755);
  const ownLoader = takeInterpreter(join(temp, "init"));
  copyFileSync(ownLoader, join(temp, "ld.so"));
  for (const path of loadedLibraries(ownLoader)) copyFileSync(path, join(temp, basename(path)));
  sync(temp);
  renameSync(temp, kit);
  return { folder: kit };
}

/** Takes away the kits of other executables. While a container runs, its init's loader must stay where it is. */
export function removeOldKits(folder: string, executable: string): void {
  if (!isThere(folder)) return;
  const own = markOf(executable);
  for (const name of readdirSync(folder))
    if (name !== own) rmSync(join(folder, name), { recursive: true, force: true });
}

function markOf(executable: string): string {
  const { ino, size, mtimeMs } = statSync(executable);
  return `${ino.toString(36)}-${size.toString(36)}-${Math.round(mtimeMs).toString(36)}`;
}

/** Half a kit must not bear its name after a power cut. */
function sync(folder: string): void {
  const fd = openSync(folder, "r");
  try {
    syncFilesystem(fd);
  } finally {
    closeSync(fd);
  }
}

/** Writes our loader's path over that of an executable (PT_INTERP, near its beginning), which is told. */
function takeInterpreter(path: string): string {
  const fd = openSync(path, "r+");
  try {
    const head = Buffer.alloc(headBytes);
    readSync(fd, head, 0, headBytes, 0);
    const text = head.toString("latin1");
    const own = /\/[\w./-]*\/ld-linux[\w.-]*\.so\.\d(?=\0)/.exec(text);
    if (!own) throw new SystemError(`${path} names no dynamic loader of glibc`);
    writeSync(fd, Buffer.alloc(own[0].length).fill(0), 0, own[0].length, own.index);
    writeSync(fd, loader, own.index, "latin1");
    return own[0];
  } finally {
    closeSync(fd);
  }
}

/** The shared libraries of this process, which runs the same program. */
function loadedLibraries(ownLoader: string): string[] {
  const paths = readFileSync("/proc/self/maps", "latin1").matchAll(/ (\/\S+\.so(?:\.\d+)*)$/gm);
  const libraries = new Set(Array.from(paths, ([, path = ""]) => path));
  return [...libraries].filter((path) => basename(path) !== basename(ownLoader));
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}
