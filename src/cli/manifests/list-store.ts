// Lists of manifests in the making, where docker's client keeps them too, so that both see the same:
//
//   ~/.docker/manifests/<list>/<image>     names with `/` written as `_` and `:` as `-`

import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import { hasCode } from "../../base/errors.ts";
import type { Reference } from "../../spec/reference.ts";
import { CommandError } from "../failure.ts";
import { wholeName, type LocalManifest } from "./local-manifest.ts";

export class ListStore {
  readonly #root: string;

  constructor(configDirectory: string) {
    this.#root = join(configDirectory, "manifests");
  }

  /** In the order of their names; undefined where there is no such list. */
  async list(target: Reference): Promise<LocalManifest[] | undefined> {
    if (!isAbsolute(this.#root)) return undefined; // a command that runs where the user has no files
    const folder = this.#folder(target);
    const names = await readdir(folder).catch(missing);
    if (names === undefined) return undefined;
    const files = names.filter((name) => !name.endsWith(".tmp")).toSorted();
    return await Promise.all(files.map((name) => readManifest(join(folder, name))));
  }

  /** @throws CommandError `No such manifest` for a list that is not there. */
  async existing(target: Reference): Promise<LocalManifest[]> {
    const found = await this.list(target);
    if (found === undefined) throw new CommandError(`No such manifest: ${wholeName(target)}`);
    return found;
  }

  async get(target: Reference, image: Reference): Promise<LocalManifest | undefined> {
    return await readManifest(this.#file(target, image)).catch(missing);
  }

  async save(target: Reference, image: Reference, manifest: LocalManifest): Promise<void> {
    await mkdir(this.#folder(target), { recursive: true });
    const path = this.#file(target, image);
    const temp = `${path}.${process.pid}.tmp`;
    await Bun.write(temp, JSON.stringify(manifest));
    await rename(temp, path);
  }

  async remove(target: Reference): Promise<void> {
    await rm(this.#folder(target), { recursive: true, force: true });
  }

  #folder(target: Reference): string {
    return join(this.#root, fileName(target));
  }

  #file(target: Reference, image: Reference): string {
    return join(this.#folder(target), fileName(image));
  }
}

async function readManifest(path: string): Promise<LocalManifest> {
  return (await Bun.file(path).json()) as LocalManifest;
}

function fileName(reference: Reference): string {
  return wholeName(reference).replaceAll(":", "-").replaceAll("/", "_");
}

function missing(err: unknown): undefined {
  if (hasCode(err, "ENOENT")) return undefined;
  throw err;
}
