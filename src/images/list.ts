// `images`: which there are, filtered as Docker filters them.
import { InvalidParameterError } from "../base/errors.ts";
import {
  booleanFilter,
  checkFilterKeys,
  lacksLabels,
  matchesLabels,
  noFilters,
  type Filters,
} from "../base/filters.ts";
import { parseMoment } from "../base/moment.ts";
import { pathPattern } from "../base/path-pattern.ts";
import type { ImageSummary } from "../spec/docker-images.ts";
import { familiarName, familiarString, fullName, parseReference } from "../spec/reference.ts";
import type { Image, ImageStore } from "./image-store.ts";
import { imageSummary } from "./image-summary.ts";

export type ListOptions = {
  /** Those too that have no name and are only steps to others. */
  readonly all?: boolean;
  /** dangling, label, label!, before, since, until, reference. */
  readonly filters?: Filters;
  /** Containers of an image, by id. */
  readonly containers?: (imageId: string) => number;
  readonly sharedSize?: boolean;
};

const accepted = new Set(["dangling", "label", "label!", "before", "since", "until", "reference"]);

/** Newest first. @throws InvalidParameterError for filters that make no sense, NotFoundError for images named in them. */
export function listImages(store: ImageStore, options: ListOptions = {}): ImageSummary[] {
  const { all = false, filters = noFilters, containers, sharedSize = false } = options;
  checkFilterKeys(filters, accepted);
  const wanted = imageFilter(store, filters);
  const images = store.all();
  const sharers = sharedSize ? countSharers(images) : undefined;
  const parents = new Set(images.map(({ parent }) => parent));
  const rows: ImageSummary[] = [];
  for (const image of images.filter(wanted)) {
    const row = imageSummary(store, image, {
      ...(containers === undefined ? {} : { containers: containers(image.id) }),
      ...(sharers === undefined ? {} : { sharedBytes: sharedBytes(store, image, sharers) }),
    });
    const shown = withMatchingNames(row, filters);
    const hidden = !all && isStep(row, parents.has(image.id));
    if (!hidden && matchesDangling(filters, row) && shown !== undefined) rows.push(shown);
  }
  return rows.sort((a, b) => b.Created - a.Created);
}

function isStep(row: ImageSummary, hasChildren: boolean): boolean {
  return hasChildren && row.RepoTags.length === 0 && row.RepoDigests.length === 0;
}

function matchesDangling(filters: Filters, { RepoTags, RepoDigests }: ImageSummary): boolean {
  if (!filters.has("dangling")) return true;
  return booleanFilter(filters, "dangling", false)
    ? RepoTags.length === 0
    : RepoTags.length > 0 || RepoDigests.length > 0;
}

function imageFilter(store: ImageStore, filters: Filters): (image: Image) => boolean {
  const moments = (key: string, of: (value: string) => number): number[] => (filters.get(key) ?? []).map(of);
  const created = (ref: string): number => createdMs(store.resolve(ref));
  const before = Math.min(...moments("before", created), Number.POSITIVE_INFINITY);
  const since = Math.max(...moments("since", created), Number.NEGATIVE_INFINITY);
  const now = store.host.clock.now();
  const until = Math.min(...moments("until", (text) => untilMs(text, now)), Number.POSITIVE_INFINITY);
  return (image) => {
    const labels = image.config.Labels ?? {};
    const ms = createdMs(image);
    return (
      ms < before &&
      ms > since &&
      ms < until &&
      matchesLabels(filters, "label", labels) &&
      (!filters.has("label!") || lacksLabels(filters, "label!", labels))
    );
  };
}

function untilMs(text: string, now: Date): number {
  try {
    return parseMoment(text, now);
  } catch (cause) {
    throw new InvalidParameterError("invalid value for 'until' filter", { cause });
  }
}

function createdMs({ body }: Image): number {
  const ms = Date.parse(body.created ?? "");
  return Number.isNaN(ms) ? Date.parse("0001-01-01T00:00:00Z") : ms;
}

/** With a `reference` filter a row keeps the names that match it; `undefined` when none does. */
function withMatchingNames(row: ImageSummary, filters: Filters): ImageSummary | undefined {
  const patterns = filters.get("reference");
  if (patterns === undefined) return row;
  const matches = (name: string): boolean => patterns.some((pattern) => nameMatches(pattern, name));
  const RepoTags = row.RepoTags.filter(matches);
  const RepoDigests = row.RepoDigests.filter(matches);
  if (RepoTags.length === 0 && RepoDigests.length === 0) return undefined;
  return { ...row, RepoTags, RepoDigests };
}

/** A shell pattern on the whole name or on the part before tag and digest, with or without Docker Hub's: `busy*`, `host/*:latest`. */
export function nameMatches(pattern: string, name: string): boolean {
  const expression = pathPattern(pattern);
  const { reference } = parseReference(name);
  if (expression === undefined || reference === undefined) return false;
  const short = familiarName(reference);
  const suffix = familiarString(reference).slice(short.length);
  const whole = fullName(reference);
  return [short + suffix, short, whole + suffix, whole].some((form) => expression.test(form));
}

function countSharers(images: readonly Image[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { layers } of images)
    for (const chainID of layers) counts.set(chainID, (counts.get(chainID) ?? 0) + 1);
  return counts;
}

function sharedBytes(store: ImageStore, image: Image, sharers: ReadonlyMap<string, number>): number {
  return image.layers
    .filter((chainID) => (sharers.get(chainID) ?? 0) > 1)
    .reduce((sum, chainID) => sum + (store.layers.get(chainID)?.sizeBytes ?? 0), 0);
}
