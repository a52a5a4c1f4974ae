// `cp`: files from a container to here and back, as archives.

import { lstat, realpath, stat } from "node:fs/promises";
import { dirname, isAbsolute, posix, resolve } from "node:path";
import { openArchive, pathStatOf, putArchive, statPath } from "../../client/containers.ts";
import { ResponseError } from "../../client/errors.ts";
import type { PathStat } from "../../spec/docker.ts";
import { byteCounter, counted } from "../byte-counter.ts";
import type { Context } from "../command.ts";
import { CommandError } from "../failure.ts";
import { entryName, planCopy } from "../files/copy-plan.ts";
import type { Place } from "../files/copy-plan.ts";
import type { Flags } from "../flags.ts";
import { humanSize } from "../format/words.ts";

export async function cp(context: Context, flags: Flags, operands: readonly string[]): Promise<number> {
  const [source, target] = operands.map(splitOperand);
  if (source === undefined || target === undefined) throw new Error("cp takes two operands");
  if (source.container !== "" && target.container !== "")
    throw new CommandError("copying between containers is not supported");
  if (source.container !== "") await fromContainer(context, flags, source, target.path);
  else if (target.container !== "") await toContainer(context, flags, source.path, target);
  else throw new CommandError("must specify at least one container source");
  return 0;
}

type InContainer = { readonly container: string; readonly path: string };

/** "web:/etc/hosts"; a path that is absolute or begins with a dot is one of ours, whatever colons are in it. */
function splitOperand(operand: string): InContainer {
  const colon = operand.indexOf(":");
  if (colon < 0 || isAbsolute(operand) || operand.startsWith(".")) return { container: "", path: operand };
  return { container: operand.slice(0, colon), path: operand.slice(colon + 1) };
}

async function fromContainer(
  context: Context,
  flags: Flags,
  { container, path }: InContainer,
  target: string,
): Promise<void> {
  const { client, stdout } = context;
  const toStdout = target === "-";
  const local = toStdout ? "" : absolute(target);
  if (!toStdout) await checkFolderOf(local);
  const source = flags.bool("follow-link") ? await linkTarget(context, container, path) : path;
  const answer = await openArchive(client, container, source);
  if (toStdout) {
    for await (const piece of answer.body) await stdout.writeAll([piece]);
    return;
  }
  const plan = planCopy({ path: source, isFolder: isFolder(pathStatOf(answer)) }, await localPlace(local));
  const { unpack } = await import("../files/unpack.ts");
  await withProgress(context, flags, target, answer.body, (archive) => unpack(archive, plan));
}

async function toContainer(
  context: Context,
  flags: Flags,
  source: string,
  { container, path }: InContainer,
): Promise<void> {
  const { client, stdin } = context;
  const target = await containerPlace(context, container, path);
  const query = { noOverwriteDirNonDir: true, copyUIDGID: flags.bool("archive") };
  if (source === "-") {
    if (!target.isFolder) throw new CommandError(`destination "${container}:${path}" must be a directory`);
    await putArchive(client, container, { ...query, path: target.path }, stdin.bytes());
    return;
  }
  const local = await localSource(source, flags.bool("follow-link"));
  const plan = planCopy(local, target);
  const name = plan.rename?.to ?? entryName(local.path);
  const { pack } = await import("../files/pack.ts");
  const archive = pack(local.path, name);
  await withProgress(context, flags, `${container}:${path}`, archive, (counting) =>
    putArchive(client, container, { ...query, path: plan.folder }, counting),
  );
}

/** On a terminal Docker tells how much was copied. */
async function withProgress(
  context: Context,
  flags: Flags,
  target: string,
  archive: AsyncIterable<Uint8Array>,
  copy: (archive: AsyncIterable<Uint8Array>) => Promise<void>,
): Promise<void> {
  const { stdout, stderr } = context;
  const quiet = flags.given("quiet") ? flags.bool("quiet") : (await stdout.windowSize()) === undefined;
  if (quiet) return await copy(archive);
  let total = 0;
  const counter = byteCounter(context, (bytes) => `copied ${humanSize(bytes)}`);
  const add = (bytes: number) => {
    total += bytes;
    counter.add(bytes);
  };
  try {
    await copy(counted(archive, { ...counter, add }));
  } finally {
    await counter.end();
  }
  await stderr.write(`Successfully copied ${humanSize(total)} to ${target}\n`);
}

/** Made absolute, with what stands at its end left as it is. */
function absolute(path: string): string {
  const end = /(?:\/|(?:^|\/)\.)$/.exec(path)?.[0] ?? "";
  const whole = resolve(path);
  return end === "" || whole === "/" ? whole : `${whole}${end.startsWith("/") ? end : `/${end}`}`;
}

async function checkFolderOf(path: string): Promise<void> {
  const folder = dirname(resolve(path));
  const found = await stat(folder).catch(() => undefined);
  if (found === undefined)
    throw new CommandError(`invalid output path: directory ${JSON.stringify(folder)} does not exist`);
}

async function localPlace(path: string): Promise<Place> {
  const clean = path.replace(/\/\.$/, "/");
  const found = await stat(clean).catch(() => undefined);
  if (found === undefined) return { path, exists: false, isFolder: false };
  return { path: await realpath(clean), exists: true, isFolder: found.isDirectory() };
}

async function localSource(
  path: string,
  follow: boolean,
): Promise<{ readonly path: string; readonly isFolder: boolean }> {
  const whole = absolute(path);
  const found = await lstat(whole.replace(/\/\.$/, "/")).catch(() => undefined);
  if (found === undefined) throw new CommandError(`lstat ${resolve(path)}: no such file or directory`);
  if (!found.isSymbolicLink() || !follow) return { path: whole, isFolder: found.isDirectory() };
  const real = await realpath(whole);
  return { path: real, isFolder: (await stat(real)).isDirectory() };
}

/** Bits of Go's os.FileMode. */
const goFolder = 2 ** 31;
const goSymlink = 2 ** 27;

function isFolder({ mode }: PathStat): boolean {
  return Math.floor(mode / goFolder) % 2 === 1;
}

function isLink({ mode }: PathStat): boolean {
  return Math.floor(mode / goSymlink) % 2 === 1;
}

async function linkTarget({ client }: Context, container: string, path: string): Promise<string> {
  const found = await statPath(client, container, path);
  return isLink(found) ? pointedAt(path, found) : path;
}

function pointedAt(path: string, { linkTarget: target }: PathStat): string {
  return isAbsolute(target) ? target : posix.join(posix.dirname(path), target);
}

/** A link as a target means what it points at. What is not there is no failure yet: the copy may make it. */
async function containerPlace({ client }: Context, container: string, path: string): Promise<Place> {
  let at = path;
  try {
    let found = await statPath(client, container, at);
    if (isLink(found)) {
      at = pointedAt(at, found);
      found = await statPath(client, container, at);
    }
    return { path: at, exists: true, isFolder: isFolder(found) };
  } catch (err) {
    if (!(err instanceof ResponseError)) throw err;
    return { path: at, exists: false, isFolder: false };
  }
}
