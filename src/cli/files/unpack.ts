// Unpacks an archive that came from a container into a folder of ours: as the user who copies, whoever owned the files.

import { chmod, link, lstat, mkdir, open, rm, symlink, utimes } from "node:fs/promises";
import { dirname, join } from "node:path";
import { TarReader } from "../../storage/tar-reader.ts";
import type { TarEntry } from "../../storage/tar-reader.ts";
import { CommandError } from "../failure.ts";
import { renamed } from "./copy-plan.ts";
import type { CopyPlan } from "./copy-plan.ts";

/** Devices and FIFOs are left out: they cannot be made without being root, and mean nothing here. */
export async function unpack(source: AsyncIterable<Uint8Array>, plan: CopyPlan): Promise<void> {
  const reader = new TarReader(source);
  /** Links that this archive has made: nothing is written through them. */
  const links = new Set<string>();
  const folders: { readonly path: string; readonly entry: TarEntry }[] = [];
  for (let entry = await reader.next(); entry !== undefined; entry = await reader.next()) {
    const inside = renamed(entry.path, plan.rename);
    if (inside === undefined) continue;
    const path = placeFor(plan.folder, inside, links);
    await unpackEntry(reader, entry, path, plan, links);
    if (entry.kind === "directory") folders.push({ path, entry });
  }
  await reader.drain();
  // What is written into a folder changes its time, and a folder may be read-only.
  for (const { path, entry } of folders.toReversed()) await setAttributes(path, entry);
}

/** @throws CommandError for a path that leaves the folder. */
function placeFor(folder: string, inside: string, links: ReadonlySet<string>): string {
  const parts = inside.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..")) throw new CommandError(`the archive holds a path outside of it: ${inside}`);
  for (let at = 1; at < parts.length; at++) {
    if (links.has(join(folder, ...parts.slice(0, at))))
      throw new CommandError(`the archive writes through a link of its own: ${inside}`);
  }
  return join(folder, ...parts);
}

async function unpackEntry(
  reader: TarReader,
  entry: TarEntry,
  path: string,
  plan: CopyPlan,
  links: Set<string>,
): Promise<void> {
  const before = await lstat(path).catch(() => undefined);
  if (entry.kind === "directory") {
    if (before !== undefined && !before.isDirectory())
      throw new CommandError(
        `cannot overwrite non-directory ${quoted(path)} with directory ${quoted(entry.path)}`,
      );
    if (before === undefined) await mkdir(path, { recursive: true });
    return;
  }
  if (before?.isDirectory())
    throw new CommandError(
      `cannot overwrite directory ${quoted(path)} with non-directory ${quoted(entry.path)}`,
    );
  if (before !== undefined) await rm(path, { force: true });
  await mkdir(dirname(path), { recursive: true });
  switch (entry.kind) {
    case "file":
      await writeFile(reader, path);
      await setAttributes(path, entry);
      return;
    case "symlink":
      await symlink(entry.target, path);
      links.add(path);
      return;
    case "hardlink": {
      const target = renamed(entry.target, plan.rename);
      if (target !== undefined) await link(placeFor(plan.folder, target, links), path);
      return;
    }
    case "char":
    case "block":
    case "fifo":
      return;
  }
}

async function writeFile(reader: TarReader, path: string): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    for await (const piece of reader.body()) await file.writeFile(piece);
  } finally {
    await file.close();
  }
}

async function setAttributes(path: string, { mode, modifiedNs }: TarEntry): Promise<void> {
  await chmod(path, mode);
  const seconds = Number(modifiedNs) / 1e9;
  await utimes(path, seconds, seconds);
}

function quoted(path: string): string {
  return JSON.stringify(path);
}
