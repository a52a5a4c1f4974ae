// What the name of an archive's entry means in a layer: a place below the layer's root, or a mark that deletes something
// from the layers below (OCI image specification, layer.md, "Whiteouts").
import { InvalidParameterError } from "../base/errors.ts";

/** A place below the root, without leading, trailing or double slashes; the root itself is "". */
export type LayerPath = string;

export type Place =
  | { readonly kind: "entry"; readonly path: LayerPath; readonly folder: LayerPath; readonly name: string }
  /** `name` in `folder` is deleted from the layers below. */
  | { readonly kind: "whiteout"; readonly path: LayerPath; readonly folder: LayerPath; readonly name: string }
  /** All that the layers below have in `folder` is deleted. */
  | { readonly kind: "opaque"; readonly folder: LayerPath }
  /** Book-keeping of aufs, which no layer needs. */
  | { readonly kind: "ignored" };

const whiteoutPrefix = ".wh.";
const opaqueName = ".wh..wh..opq";
const aufsPrefix = ".wh..wh.";

/** @throws InvalidParameterError for a path that leads out of the layer or a deletion of nothing that has a name. */
export function placeOf(entryPath: string): Place {
  const path = cleanPath(entryPath);
  const { folder, name } = splitPath(path);
  if (!name.startsWith(whiteoutPrefix)) return { kind: "entry", path, folder, name };
  if (name === opaqueName) return { kind: "opaque", folder };
  if (name.startsWith(aufsPrefix)) return { kind: "ignored" };
  const deleted = name.slice(whiteoutPrefix.length);
  if (deleted === "" || deleted === "." || deleted === "..")
    throw new InvalidParameterError(`invalid whiteout in the archive: ${quoted(entryPath)}`);
  return { kind: "whiteout", path: joinPath(folder, deleted), folder, name: deleted };
}

/**
 * Resolves `.`, `..` and slashes by the text alone; an absolute path begins at the layer's root.
 * Symbolic links on the way are the kernel's business when the path is used.
 */
export function cleanPath(entryPath: string): LayerPath {
  if (isClean(entryPath)) return entryPath;
  const parts: string[] = [];
  for (const part of entryPath.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined)
      throw new InvalidParameterError(
        `invalid path in the archive: ${quoted(entryPath)} leads out of the layer`,
      );
  }
  return parts.join("/");
}

/** Most paths are, and are not taken apart. */
function isClean(path: string): boolean {
  return !/^\/|\/$|\/\/|^\.\.?(?:\/|$)|\/\.\.?(?:\/|$)/.test(path);
}

export function splitPath(path: LayerPath): { readonly folder: LayerPath; readonly name: string } {
  const slash = path.lastIndexOf("/");
  return { folder: slash === -1 ? "" : path.slice(0, slash), name: path.slice(slash + 1) };
}

export function joinPath(folder: LayerPath, name: string): LayerPath {
  return folder === "" ? name : `${folder}/${name}`;
}

/** A name from an archive in an error message: a single line, of bounded length. */
export function quoted(name: string): string {
  return JSON.stringify(name.length > 200 ? `${name.slice(0, 200)}…` : name);
}
