// host/busybox: the machine's static busybox with a name for each of its applets, in the shape of a small Linux system.
import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { NotFoundError, SystemError } from "../base/errors.ts";
import type { Host } from "../base/host.ts";
import { isStaticExecutable } from "./elf.ts";
import type { Image, ImageStore } from "./image-store.ts";
import { importImage } from "./import.ts";
import { runProgram } from "./run-program.ts";
import { encodeArchive, type EntryWithBody } from "../storage/tar-writer.ts";

const candidates = [
  "/bin/busybox",
  "/usr/bin/busybox",
  "/usr/local/bin/busybox",
  "/bin/busybox.static",
  "/usr/lib/busybox/busybox",
  "/sbin/busybox",
];

type Busybox = { readonly path: string; readonly bytes: Uint8Array; readonly modifiedNs: bigint };

export async function makeBusybox(host: Host, store: ImageStore, repository: string): Promise<Image> {
  const busybox = findBusybox();
  if (busybox === undefined)
    throw new NotFoundError(
      `${repository} cannot be made: no static busybox on this machine (Debian: apt-get install busybox-static)`,
    );
  const [version, list] = await Promise.all([
    runProgram(busybox.path, []),
    runProgram(busybox.path, ["--list-full"]),
  ]);
  const applets = list.split("\n").filter((path) => /^[\w/[.+-]+$/.test(path) && !path.includes(".."));
  if (applets.length === 0) throw new SystemError(`${busybox.path} --list-full names no applet`);
  const banner = version.split("\n", 1)[0] ?? "";
  host.log.debug("making busybox image", { path: busybox.path, version: banner, applets: applets.length });
  return await importImage(store, archive(busyboxTree(busybox, applets)), {
    repository,
    message: `made on this machine from ${busybox.path}`,
    config: {
      Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
      Cmd: ["sh"],
      Labels: { ...labelsOf(busybox), "sampan.host.version": banner },
    },
  });
}

async function* archive(entries: readonly EntryWithBody[]): AsyncGenerator<Uint8Array> {
  yield encodeArchive(entries);
}

/** What tells one busybox from another; empty where the machine has none. */
export function busyboxLabels(): Readonly<Record<string, string>> {
  const busybox = findBusybox();
  return busybox === undefined ? {} : labelsOf(busybox);
}

function labelsOf({ path, bytes }: Busybox): Readonly<Record<string, string>> {
  return {
    "sampan.host.source": path,
    "sampan.host.sha256": createHash("sha256").update(bytes).digest("hex"),
  };
}

/** The first that is there and static: a dynamic one would not start in an image without the machine's libraries. */
function findBusybox(): Busybox | undefined {
  for (const path of candidates) {
    const status = statSync(path, { throwIfNoEntry: false, bigint: true });
    if (status?.isFile() !== true) continue;
    const bytes = readFileSync(path);
    if (isStaticExecutable(bytes)) return { path, bytes, modifiedNs: status.mtimeNs };
  }
  return undefined;
}

const folders: readonly (readonly [path: string, mode: number])[] = [
  [".", 0o755],
  ["bin", 0o755],
  ["dev", 0o755],
  ["etc", 0o755],
  ["home", 0o755],
  ["mnt", 0o755],
  ["proc", 0o555],
  ["root", 0o700],
  ["run", 0o755],
  ["sbin", 0o755],
  ["sys", 0o555],
  ["tmp", 0o1777],
  ["usr", 0o755],
  ["usr/bin", 0o755],
  ["usr/local", 0o755],
  ["usr/local/bin", 0o755],
  ["usr/sbin", 0o755],
  ["var", 0o755],
  ["var/log", 0o755],
  ["var/spool", 0o755],
  ["var/tmp", 0o1777],
];

const passwd = `root:x:0:0:root:/root:/bin/sh
daemon:x:1:1:daemon:/usr/sbin:/bin/false
bin:x:2:2:bin:/bin:/bin/false
sys:x:3:3:sys:/dev:/bin/false
mail:x:8:8:mail:/var/spool/mail:/bin/false
www-data:x:33:33:www-data:/var/www:/bin/false
operator:x:37:37:Operator:/var:/bin/false
nobody:x:65534:65534:nobody:/home:/bin/false
`;

const group = `root:x:0:
daemon:x:1:
bin:x:2:
sys:x:3:
adm:x:4:
tty:x:5:
disk:x:6:
wheel:x:10:root
mail:x:8:
kmem:x:9:
utmp:x:43:
www-data:x:33:
operator:x:37:
users:x:100:
nogroup:x:65534:
`;

/** Everything has the time of the busybox file, so that the same file makes the same layer. */
function busyboxTree({ bytes, modifiedNs }: Busybox, applets: readonly string[]): EntryWithBody[] {
  const timed = (entry: EntryWithBody): EntryWithBody => ({ modifiedNs, accessedNs: modifiedNs, ...entry });
  const main = "bin/busybox";
  return [
    ...folders.map(([path, mode]) => timed({ path, kind: "directory", mode })),
    timed({ path: main, mode: 0o755, body: bytes }),
    ...applets
      .filter((path) => path !== main)
      .map((path) => timed({ path, kind: "hardlink", target: main, mode: 0o755 })),
    timed({ path: "etc/passwd", body: passwd }),
    timed({ path: "etc/group", body: group }),
  ];
}
