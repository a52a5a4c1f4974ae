// `images --tree`: each image once, with its names above each other.

import type { ImageSummary } from "../../spec/docker-images.ts";
import { alignTabs } from "./tab-writer.ts";
import { humanSize, shortID } from "./words.ts";

const header = "IMAGE\tID\tDISK USAGE\tCONTENT SIZE\tEXTRA\n";
const untagged = "<untagged>";

/** "U" marks what containers use. */
export function imageTree(images: readonly ImageSummary[]): string {
  const lines = images.map((image) => {
    const names = (image.RepoTags ?? []).filter((name) => name !== "<none>:<none>");
    const [last = untagged, ...before] = names.toReversed();
    const used = image.Containers > 0 ? "U" : "";
    // The engine keeps layers unpacked only: there is no content besides.
    const cells = [last, shortID(image.Id), humanSize(image.Size), humanSize(0), used];
    return [...before.toReversed(), cells.join("\t")].map((line) => `${line}\n`).join("");
  });
  // A name on a line of its own must not part the table in two.
  return alignTabs(header + lines.join("").replaceAll(/^([^\t\n]+)$/gm, "$1\t\t\t\t")).replaceAll(
    / +$/gm,
    "",
  );
}
