// Why a program that is there "is not there": the kernel says ENOENT as well for what the program is to be run by, the
// path after its "#!" or the loader of an ELF file.
import { fstatSync } from "node:fs";
import { errorText } from "../base/errors.ts";
import { programOf } from "../containers/record.ts";
import type { ContainerRecord } from "../containers/record.ts";
import { elfInterpreter } from "../images/elf.ts";
import { defaultPath } from "../runtime/oci-spec/default-paths.ts";
import { failedWith } from "../sys/errno.ts";
import { closeFd, O_PATH, O_RDONLY, openFile, readAt } from "../sys/file.ts";
import { openInRoot } from "../sys/open-in-root.ts";
import type { Engine } from "./engine.ts";
import { containerRootfs } from "./rootfs.ts";

const headBytes = 4096;

/**
 * Needs the root file system mounted. Only tells people more, so it never fails.
 *
 * @returns the interpreter's path when the container's program is there and its interpreter is not.
 */
export function missingInterpreter(engine: Engine, record: ContainerRecord): string | undefined {
  const [program = ""] = programOf(record.config);
  const search = record.config.Env.find((variable) => variable.startsWith("PATH="))?.slice("PATH=".length);
  const places = program.includes("/")
    ? [program]
    : (search ?? defaultPath).split(":").map((folder) => `${folder}/${program}`);
  try {
    for (const place of places) {
      const head = headOf(engine, record, place);
      if (head === undefined) continue;
      const interpreter = shebang(head) ?? elfInterpreter(head);
      const isThere = interpreter === undefined || headOf(engine, record, interpreter) !== undefined;
      return isThere ? undefined : interpreter;
    }
  } catch (err) {
    engine.host.log.warn("program not looked at", { container: record.id, error: errorText(err) });
  }
  return undefined;
}

/** "#!/usr/bin/env python3" -> "/usr/bin/env". */
function shebang(head: Uint8Array): string | undefined {
  const text = Buffer.from(head).toString("latin1");
  return /^#![ \t]*([^\s]+)/.exec(text)?.[1];
}

/** The first bytes of a file as the container sees it; undefined where there is none, nothing for what is no file. */
function headOf(engine: Engine, record: ContainerRecord, path: string): Uint8Array | undefined {
  const { root, inside } = placeOf(engine, record, path);
  const folder = openOrNothing(() => openFile(root, O_PATH));
  if (folder === undefined) return undefined;
  try {
    const found = inside === "" ? folder : openOrNothing(() => openInRoot(folder, inside, O_PATH));
    if (found === undefined) return undefined;
    try {
      return headOfFile(found);
    } finally {
      if (found !== folder) closeFd(found);
    }
  } finally {
    closeFd(folder);
  }
}

/** By an O_PATH descriptor: an image may hold a device in the program's place, which must not be opened. */
function headOfFile(place: number): Uint8Array {
  if (!fstatSync(place).isFile()) return new Uint8Array(0);
  const fd = openFile(`/proc/self/fd/${place}`, O_RDONLY);
  try {
    const head = new Uint8Array(headBytes);
    return head.subarray(0, readAt(fd, head, 0, headBytes, 0));
  } finally {
    closeFd(fd);
  }
}

/** What is mounted into the container is not to be seen in its root from here: the mount's own source is. */
function placeOf(
  engine: Engine,
  { id, mounts }: ContainerRecord,
  path: string,
): { readonly root: string; readonly inside: string } {
  const over = mounts
    .filter(({ Destination }) => path === Destination || path.startsWith(`${Destination}/`))
    .toSorted((a, b) => b.Destination.length - a.Destination.length)[0];
  if (over === undefined || !over.Source) return { root: containerRootfs(engine, id), inside: path };
  return { root: over.Source, inside: path.slice(over.Destination.length + 1) };
}

function openOrNothing(open: () => number): number | undefined {
  try {
    return open();
  } catch (err) {
    if (failedWith(err, "ENOENT", "ENOTDIR", "EACCES", "ELOOP")) return undefined;
    throw err;
  }
}
