// The filters of `docker ps`: one predicate over records, made once for a list. Everything is checked before anything is listed.
import { InvalidParameterError } from "../base/errors.ts";
import {
  booleanFilter,
  checkFilterKeys,
  matchesExactly,
  matchesLabels,
  matchesPattern,
  valuesOf,
} from "../base/filters.ts";
import { parseGoInt } from "../base/go-numbers.ts";
import type { Filters } from "../base/filters.ts";
import type { ContainerStateName } from "../spec/docker.ts";
import type { ContainerRecord } from "./record.ts";
import { countsAsRunning, networksOf, portsOf, portSummaries } from "./view.ts";

export type FilterLookups = {
  /** NotFoundError where there is none. */
  findContainer(ref: string): ContainerRecord;
  /** The id that begins so; undefined where there is none, or more than one. */
  findByIdPrefix(prefix: string): string | undefined;
  /** Layers (chain ids, lowest first) and id of an image, or undefined where there is none. */
  findImage(ref: string): { readonly id: string; readonly layers: readonly string[] } | undefined;
};

const acceptedKeys: ReadonlySet<string> = new Set([
  "ancestor",
  "before",
  "exited",
  "expose",
  "health",
  "id",
  "is-task",
  "isolation",
  "label",
  "name",
  "network",
  "publish",
  "since",
  "status",
  "volume",
]);
const statusNames: readonly ContainerStateName[] = [
  "created",
  "running",
  "paused",
  "restarting",
  "removing",
  "exited",
  "dead",
];
const healthNames = ["none", "starting", "healthy", "unhealthy"];

/** Keys that ask for one of their values even where there is none. */
const emptyExcludesAll: ReadonlySet<string> = new Set(["ancestor", "network", "volume"]);

type Predicate = (record: ContainerRecord) => boolean;

/** The order of `docker ps`: newest first. Equal times are ordered by id, so that before and since cut a fixed order. */
export function newestFirst(a: ContainerRecord, b: ContainerRecord): number {
  if (a.createdAt !== b.createdAt) return a.createdAt < b.createdAt ? 1 : -1;
  return a.id < b.id ? 1 : -1;
}

/** InvalidParameterError in Docker's words for a key or value that Docker refuses. */
export function containerFilter(filters: Filters, lookups: FilterLookups): Predicate {
  checkFilterKeys(filters, acceptedKeys);
  checkValues(filters, "status", "state", statusNames);
  checkValues(filters, "health", "health", healthNames);
  const wantsTasks = booleanFilter(filters, "is-task", false);
  const predicates = [
    ...given(filters, "name", () => (record) => matchesName(filters, record.name)),
    ...given(filters, "id", (values) => {
      const ids = new Set(values.map((value) => lookups.findByIdPrefix(value)));
      return ({ id }) => ids.has(id);
    }),
    ...given(filters, "label", () => (record) => matchesLabels(filters, "label", record.config.Labels)),
    ...given(filters, "status", () => (record) => matchesExactly(filters, "status", record.state.status)),
    ...given(
      filters,
      "health",
      () =>
        ({ health }) =>
          matchesExactly(filters, "health", health?.Status ?? "none"),
    ),
    // No container here is the task of a swarm service.
    () => !wantsTasks,
    ...given(filters, "exited", exitedWith),
    ...given(filters, "ancestor", (values) => descendsFrom(values, lookups)),
    ...given(filters, "before", (values) => beyond(values, lookups, (order) => order > 0)),
    ...given(filters, "since", (values) => beyond(values, lookups, (order) => order < 0)),
    ...given(filters, "volume", mounts),
    ...given(filters, "network", joins),
    ...portFilters(filters),
  ];
  return (record) => predicates.every((predicate) => predicate(record));
}

function given(filters: Filters, key: string, make: (values: readonly string[]) => Predicate): Predicate[] {
  const values = emptyExcludesAll.has(key) ? filters.get(key) : valuesOf(filters, key);
  return values ? [make(values)] : [];
}

function checkValues(filters: Filters, key: string, what: string, allowed: readonly string[]): void {
  for (const value of filters.get(key) ?? [])
    if (!allowed.includes(value))
      throw new InvalidParameterError(
        `invalid filter '${key}=${value}': invalid value for ${what} (${value}): must be one of ${allowed.join(", ")}`,
      );
}

function matchesName(filters: Filters, name: string): boolean {
  return matchesPattern(filters, "name", name) || matchesPattern(filters, "name", `/${name}`);
}

function exitedWith(values: readonly string[]): Predicate {
  const codes = new Set(values.map(exitCode));
  return ({ state }) => !countsAsRunning(state) && "exitCode" in state && codes.has(state.exitCode);
}

function exitCode(value: string): number {
  try {
    return parseGoInt(value);
  } catch (cause) {
    throw new InvalidParameterError(`invalid filter 'exited=${value}'`, { cause });
  }
}

/** The image itself, or one built on it: its layers are the first of the container's. */
function descendsFrom(values: readonly string[], lookups: FilterLookups): Predicate {
  const images = values.map((value) => lookups.findImage(value)).filter((image) => image !== undefined);
  return ({ imageId, layers }) =>
    images.some(
      (image) =>
        image.id === imageId ||
        (image.layers.length > 0 && image.layers.every((layer, i) => layer === layers[i])),
    );
}

/** One side of a container in the order of `newestFirst`; with several values the last one counts. */
function beyond(
  values: readonly string[],
  lookups: FilterLookups,
  side: (order: number) => boolean,
): Predicate {
  const limits = values.map((value) => lookups.findContainer(value));
  const limit = limits.at(-1);
  return (record) => !limit || (record.id !== limit.id && side(newestFirst(record, limit)));
}

function mounts(values: readonly string[]): Predicate {
  return (record) =>
    record.mounts.some((mount) =>
      values.some((value) => value === mount.Destination || value === (mount.Name ?? mount.Source)),
    );
}

function joins(values: readonly string[]): Predicate {
  return (record) =>
    Object.entries(networksOf(record)).some(([name, { NetworkID }]) =>
      values.some((value) => value === name || NetworkID.startsWith(value)),
    );
}

/** `publish` and `expose` together are one condition: either one's match lets a container through. */
function portFilters(filters: Filters): Predicate[] {
  const published = portSet("publish", filters.get("publish") ?? []);
  const exposed = portSet("expose", filters.get("expose") ?? []);
  if (published.size === 0 && exposed.size === 0) return [];
  return [
    (record) =>
      portSummaries(portsOf(record)).some(
        ({ PublicPort = 0, PrivatePort, Type }) =>
          published.has(`${PublicPort}/${Type}`) || exposed.has(`${PrivatePort}/${Type}`),
      ),
  ];
}

/** `80`, `80/udp`, `8000-8010/tcp` as single ports with their protocol. */
function portSet(key: string, values: readonly string[]): ReadonlySet<string> {
  const ports = new Set<string>();
  for (const value of values) {
    if (value.includes(":"))
      throw new InvalidParameterError(`filter for '${key}' should not contain ':': ${value}`);
    const match = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/([a-z]+))?$/i.exec(value);
    const [first, last] = [Number(match?.[1]), Number(match?.[2] ?? match?.[1])];
    if (!match || first > last || last > 65535)
      throw new InvalidParameterError(
        `error while looking up for ${key} ${value}: invalid port range: ${value}`,
      );
    for (let port = first; port <= last; port++) ports.add(`${port}/${match[3]?.toLowerCase() ?? "tcp"}`);
  }
  return ports;
}
