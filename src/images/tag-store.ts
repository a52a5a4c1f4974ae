// The names of images, in one file as the first Docker kept them:
//
//   repositories   0600   {"Repositories": {NAME: {TAG: IMAGE ID}}, "Digests": {NAME: {DIGEST: IMAGE ID}}}
//
// Names are familiar ones (`busybox`, `localhost:5000/app`). Digests are those of manifests, under which a registry knows
// an image; a name pulled by digest alone has no tag.
import { existsSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { writeFileDurable } from "../base/durable-file.ts";
import { errorText, hasCode } from "../base/errors.ts";
import type { Host } from "../base/host.ts";
import { isDigest, type Digest } from "../spec/digest.ts";
import { familiarName, familiarString, parseReference, type Reference } from "../spec/reference.ts";

type Names = Map<string, Map<string, Digest>>;

/** What a name leads to. The reference has a tag or a digest, never both. */
export type Tagged = { readonly reference: Reference; readonly id: Digest };

/** Every change is on disk when the method returns; a failure to write leaves memory and disk as they were. */
export class TagStore {
  readonly #path: string;
  #tags: Names = new Map();
  #digests: Names = new Map();
  /** References by image, made when it is asked for. */
  #byImage: ReadonlyMap<Digest, readonly Reference[]> | undefined;

  constructor(host: Host, root: string) {
    this.#path = join(root, "repositories");
    host.log.debug("opening repositories", { file: this.#path });
    try {
      this.#read();
    } catch (err) {
      const aside = `${this.#path}.broken-${host.clock.now().getTime()}`;
      host.log.warn("repositories cannot be read and are put aside", { aside, error: errorText(err) });
      renameSync(this.#path, aside);
      this.#tags = new Map();
      this.#digests = new Map();
    }
  }

  /** The image that a reference with a tag or a digest means; a digest counts more. */
  get(reference: Reference): Digest | undefined {
    const { names, key } = this.#slot(reference);
    return key === undefined ? undefined : names.get(familiarName(reference))?.get(key);
  }

  /** Sorted by name. */
  of(id: Digest): readonly Reference[] {
    this.#byImage ??= byImage(this.all());
    return this.#byImage.get(id) ?? [];
  }

  all(): readonly Tagged[] {
    const found: Tagged[] = [];
    for (const [names, key] of [[this.#tags, "tag"] as const, [this.#digests, "digest"] as const])
      for (const [name, entries] of names) {
        const { reference } = parseReference(name);
        if (reference === undefined) continue;
        for (const [value, id] of entries) found.push({ reference: { ...reference, [key]: value }, id });
      }
    return found;
  }

  /** Sets all of them in one write. What a name meant before it means no more. */
  set(entries: readonly Tagged[]): void {
    this.#change(() => {
      for (const { reference, id } of entries) {
        const { names, key } = this.#slot(reference);
        if (key === undefined) continue;
        const name = familiarName(reference);
        names.set(name, (names.get(name) ?? new Map<string, Digest>()).set(key, id));
      }
    });
  }

  /** Whether the file says what is known here: nobody else writes it. */
  isOnDisk(): boolean {
    try {
      return Bun.deepEquals(JSON.parse(readFileSync(this.#path, "utf8")), JSON.parse(this.#text()));
    } catch {
      // Not there is right as long as there are no names.
      return !existsSync(this.#path) && this.#tags.size + this.#digests.size === 0;
    }
  }

  /** Writes what is known, in the place of what is there. */
  repair(): void {
    writeFileDurable(this.#path, this.#text());
  }

  #text(): string {
    return `${JSON.stringify({ Repositories: toObject(this.#tags), Digests: toObject(this.#digests) })}\n`;
  }

  /** Those that are not there are passed over. */
  delete(references: readonly Reference[]): void {
    this.#change(() => {
      for (const reference of references) {
        const { names, key } = this.#slot(reference);
        const name = familiarName(reference);
        const entries = names.get(name);
        if (key === undefined || entries === undefined) continue;
        entries.delete(key);
        if (entries.size === 0) names.delete(name);
      }
    });
  }

  #slot({ tag, digest }: Reference): { readonly names: Names; readonly key: string | undefined } {
    return digest === undefined ? { names: this.#tags, key: tag } : { names: this.#digests, key: digest };
  }

  #change(apply: () => void): void {
    const [tags, digests] = [this.#tags, this.#digests];
    this.#tags = copied(tags);
    this.#digests = copied(digests);
    try {
      apply();
      writeFileDurable(this.#path, this.#text());
      this.#byImage = undefined;
    } catch (err) {
      this.#tags = tags;
      this.#digests = digests;
      throw err;
    }
  }

  #read(): void {
    let text: string;
    try {
      text = readFileSync(this.#path, "utf8");
    } catch (err) {
      if (hasCode(err, "ENOENT")) return;
      throw err;
    }
    const body = JSON.parse(text) as Record<string, unknown>;
    this.#tags = fromObject(body["Repositories"] ?? {});
    this.#digests = fromObject(body["Digests"] ?? {});
  }
}

function byImage(all: readonly Tagged[]): Map<Digest, Reference[]> {
  const found = new Map<Digest, Reference[]>();
  const sorted = all
    .map(({ reference, id }) => ({ reference, id, text: familiarString(reference) }))
    .sort((a, b) => (a.text < b.text ? -1 : 1));
  for (const { reference, id } of sorted) {
    const references = found.get(id);
    if (references === undefined) found.set(id, [reference]);
    else references.push(reference);
  }
  return found;
}

function copied(names: Names): Names {
  return new Map(Array.from(names, ([name, entries]) => [name, new Map(entries)]));
}

function toObject(names: Names): Record<string, Record<string, Digest>> {
  return Object.fromEntries(Array.from(names, ([name, entries]) => [name, Object.fromEntries(entries)]));
}

function fromObject(body: unknown): Names {
  const names: Names = new Map();
  for (const [name, entries] of Object.entries(body as Record<string, Record<string, unknown>>)) {
    const found = new Map<string, Digest>();
    for (const [key, id] of Object.entries(entries)) {
      if (typeof id !== "string" || !isDigest(id)) throw new Error(`${name}:${key} leads to no image id`);
      found.set(key, id);
    }
    names.set(name, found);
  }
  return names;
}
