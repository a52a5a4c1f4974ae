// An image as lines of `images`: one for each of its names.

import type { ImageSummary } from "../../spec/docker-images.ts";
import { Row } from "../template/values.ts";
import type { Listing } from "./listing.ts";
import type { RowOptions } from "./container-rows.ts";
import { ago, goTime, humanSize, shortID } from "./words.ts";

export function imageListing(withDigests: boolean): Listing {
  const columns = ["Repository", "Tag", ...(withDigests ? ["Digest"] : []), "ID", "CreatedSince", "Size"];
  return {
    table: columns.map((name) => `{{.${name}}}`).join("\t"),
    quiet: "{{.ID}}",
    headers: {
      Containers: "CONTAINERS",
      CreatedAt: "CREATED AT",
      CreatedSince: "CREATED",
      Digest: "DIGEST",
      ID: "IMAGE ID",
      Repository: "REPOSITORY",
      SharedSize: "SHARED SIZE",
      Size: "SIZE",
      Tag: "TAG",
      UniqueSize: "UNIQUE SIZE",
    },
  };
}

const none = "<none>";

type Name = { readonly repository: string; readonly tag: string; readonly digest: string };

export function imageRows(
  image: ImageSummary,
  options: RowOptions & { readonly withDigests: boolean },
): readonly Row[] {
  return namesOf(image, options.withDigests).map((name) => imageRow(image, name, options));
}

function imageRow(image: ImageSummary, name: Name, { truncate, nowMs }: RowOptions): Row {
  const unknown = (value: number) => (value < 0 ? "N/A" : humanSize(value, 4));
  return new Row("formatter.imageContext", {
    ID: () => (truncate ? shortID(image.Id) : image.Id),
    Repository: () => name.repository,
    Tag: () => name.tag,
    Digest: () => name.digest,
    CreatedSince: () => (image.Created <= 0 ? "N/A" : ago(image.Created, nowMs)),
    CreatedAt: () => goTime(image.Created),
    Size: () => humanSize(image.Size),
    VirtualSize: () => humanSize(image.Size, 4),
    Containers: () => (image.Containers < 0 ? "N/A" : String(image.Containers)),
    SharedSize: () => unknown(image.SharedSize),
    UniqueSize: () => (image.SharedSize < 0 ? "N/A" : humanSize(image.Size - image.SharedSize, 4)),
  });
}

/** Each tag, with the digest of its repository where there is one; an image with neither is `<none>`. */
function namesOf({ RepoTags, RepoDigests }: ImageSummary, withDigests: boolean): readonly Name[] {
  const digests = new Map<string, string[]>();
  for (const reference of (RepoDigests ?? []).filter((text) => text !== "<none>@<none>")) {
    const at = reference.lastIndexOf("@");
    const list = digests.get(reference.slice(0, at)) ?? [];
    digests.set(reference.slice(0, at), [...list, reference.slice(at + 1)]);
  }
  const names: Name[] = [];
  const tagged = new Set<string>();
  for (const reference of (RepoTags ?? []).filter((text) => text !== "<none>:<none>")) {
    const colon = reference.lastIndexOf(":");
    const repository = reference.slice(0, colon);
    const tag = reference.slice(colon + 1);
    tagged.add(repository);
    const own = withDigests ? (digests.get(repository) ?? [none]) : [none];
    for (const digest of own) names.push({ repository, tag, digest });
  }
  for (const [repository, list] of digests) {
    if (tagged.has(repository)) continue;
    for (const digest of withDigests ? list : [none]) names.push({ repository, tag: none, digest });
  }
  return names.length > 0 ? names : [{ repository: none, tag: none, digest: none }];
}
