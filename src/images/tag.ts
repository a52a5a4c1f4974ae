// `tag`: one more name for an image.
import { InvalidParameterError } from "../base/errors.ts";
import { familiarString, parseReference, withDefaultTag, type Reference } from "../spec/reference.ts";
import type { Image, ImageStore } from "./image-store.ts";

/** A name to give to images: `repository`, with `tag` where the caller has it apart, `latest` where neither says. */
export function targetReference(repository: string, tag = ""): Reference {
  const { reference, problem } = parseReference(repository);
  if (reference === undefined) throw new InvalidParameterError(problem);
  if (reference.digest !== undefined)
    throw new InvalidParameterError("refusing to create a tag with a digest reference");
  // `sha256:…` means an id wherever an image is named.
  if (familiarString(reference).split(":", 1)[0] === "sha256")
    throw new InvalidParameterError("refusing to create an ambiguous tag using digest algorithm as name");
  if (tag === "") return withDefaultTag(reference);
  const { reference: tagged } = parseReference(`${repository.replace(/:[^/:]*$/, "")}:${tag}`);
  if (tagged === undefined) throw new InvalidParameterError("invalid tag format");
  return tagged;
}

/**
 * Names the image `ref` also REPOSITORY:TAG, which is taken away from the image that had it.
 * @returns the image and its new name, `app:latest`.
 */
export function tagImage(
  store: ImageStore,
  ref: string,
  target: { readonly repository: string; readonly tag?: string },
): { readonly image: Image; readonly name: string } {
  const reference = targetReference(target.repository, target.tag);
  const image = store.tag(store.resolve(ref), [reference]);
  return { image, name: familiarString(reference) };
}
