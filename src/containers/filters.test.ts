import { describe, expect, test } from "bun:test";
import { errorText, InvalidParameterError, NotFoundError } from "../base/errors.ts";
import type { EndpointSettings } from "../spec/docker.ts";
import { containerFilter, newestFirst } from "./filters.ts";
import type { ContainerRecord } from "./record.ts";

function record(change: Partial<ContainerRecord> & { readonly id: string }): ContainerRecord {
  const base = {
    name: change.id,
    createdAt: "2026-11-23T12:00:00.000Z",
    imageId: "sha256:app",
    layers: ["sha256:base", "sha256:app"],
    platform: "linux",
    config: { Labels: {}, ExposedPorts: null },
    hostConfig: {},
    mounts: [],
    endpoints: {},
    attachments: [],
    driver: "crun",
    state: { status: "created" },
    restartCount: 0,
    stoppedByUser: false,
  };
  return { ...base, ...change } as unknown as ContainerRecord;
}

const running = { status: "running", pid: 1, startTime: "1", startedAt: "2026-11-23T12:00:00Z" } as const;
const exited = (exitCode: number) =>
  ({ status: "exited", startedAt: "", finishedAt: "", exitCode, oomKilled: false, known: true }) as const;
const endpoint = (NetworkID: string): EndpointSettings => ({ NetworkID }) as EndpointSettings;

const config = (part: Partial<ContainerRecord["config"]>): ContainerRecord["config"] =>
  ({ Labels: {}, ExposedPorts: null, ...part }) as ContainerRecord["config"];

const all: readonly ContainerRecord[] = [
  record({
    id: "aaa1",
    name: "web",
    createdAt: "2026-11-23T12:00:01.000Z",
    state: running,
    config: config({ Labels: { tier: "front", env: "prod" }, ExposedPorts: { "80/tcp": {}, "53/udp": {} } }),
    endpoints: { bridge: endpoint("feed01") },
  }),
  record({
    id: "aaa2",
    name: "web-old",
    createdAt: "2026-11-23T12:00:02.000Z",
    state: exited(1),
    config: config({ Labels: { tier: "front" } }),
    endpoints: { none: endpoint("cafe02") },
  }),
  record({
    id: "bbb1",
    name: "db",
    createdAt: "2026-11-23T12:00:03.000Z",
    state: exited(0),
    imageId: "sha256:base",
    layers: ["sha256:base"],
    mounts: [
      {
        Type: "volume",
        Name: "data",
        Source: "/x",
        Destination: "/var/db",
        Mode: "",
        RW: true,
        Propagation: "",
      },
      { Type: "bind", Source: "/srv", Destination: "/mnt", Mode: "", RW: true, Propagation: "" },
    ],
  }),
  record({ id: "ccc1", name: "new", createdAt: "2026-11-23T12:00:03.000Z" }),
];

const images: Record<string, { id: string; layers: string[] }> = {
  app: { id: "sha256:app", layers: ["sha256:base", "sha256:app"] },
  base: { id: "sha256:base", layers: ["sha256:base"] },
  other: { id: "sha256:other", layers: ["elsewhere"] },
};

function list(filters: Record<string, string[]>): string {
  const matches = containerFilter(new Map(Object.entries(filters)), {
    findContainer: (ref) => {
      const found = all.find(({ id, name }) => id === ref || name === ref);
      if (!found) throw new NotFoundError(`No such container: ${ref}`);
      return found;
    },
    findByIdPrefix: (prefix) => {
      const [match, ...more] = all.filter(({ id }) => id.startsWith(prefix));
      return more.length === 0 ? match?.id : undefined;
    },
    findImage: (ref) => images[ref],
  });
  return all
    .toSorted(newestFirst)
    .filter(matches)
    .map(({ name }) => name)
    .join(" ");
}

describe("containerFilter", () => {
  const cases: readonly [Record<string, string[]>, string][] = [
    [{}, "new db web-old web"],
    [{ name: ["web"] }, "web-old web"],
    [{ name: ["^web$"] }, "web"],
    [{ name: ["^/web$"] }, "web"],
    [{ name: ["[", "db"] }, "db"],
    [{ id: ["aaa1"] }, "web"],
    [{ id: ["aaa1", "bb"] }, "db web"],
    [{ id: ["aaa"] }, ""],
    [{ id: ["a1"] }, ""],
    [{ name: [], id: [], status: [], label: [], exited: [], before: [] }, "new db web-old web"],
    [{ volume: [] }, ""],
    [{ network: [] }, ""],
    [{ ancestor: [] }, ""],
    [{ label: ["tier"] }, "web-old web"],
    [{ label: ["tier=front", "env=prod"] }, "web"],
    [{ label: ["tier=back"] }, ""],
    [{ status: ["running"] }, "web"],
    [{ status: ["exited", "created"] }, "new db web-old"],
    [{ exited: ["1"] }, "web-old"],
    [{ exited: ["0", "1"] }, "db web-old"],
    [{ ancestor: ["app"] }, "new web-old web"],
    [{ ancestor: ["base"] }, "new db web-old web"],
    [{ ancestor: ["other"] }, ""],
    [{ ancestor: ["missing"] }, ""],
    [{ before: ["db"] }, "web-old web"],
    [{ since: ["web-old"] }, "new db"],
    [{ since: ["web"], before: ["db"] }, "web-old"],
    [{ since: ["db"] }, "new"],
    [{ before: ["new"] }, "db web-old web"],
    [{ volume: ["data"] }, "db"],
    [{ volume: ["/var/db"] }, "db"],
    [{ volume: ["/srv"] }, "db"],
    [{ volume: ["/x"] }, ""],
    [{ network: ["bridge"] }, "web"],
    [{ network: ["cafe"] }, "web-old"],
    [{ expose: ["80"] }, "web"],
    [{ expose: ["50-60/udp"] }, "web"],
    [{ expose: ["81-90/tcp"] }, ""],
    [{ publish: ["80"] }, ""],
    [{ publish: ["80"], expose: ["80"] }, "web"],
    [{ health: ["none"] }, "new db web-old web"],
    [{ health: ["healthy"] }, ""],
    [{ "is-task": ["true"] }, ""],
    [{ "is-task": ["false"] }, "new db web-old web"],
    [{ isolation: ["default"] }, "new db web-old web"],
    [{ name: ["web"], status: ["exited"] }, "web-old"],
  ];
  for (const [filters, expected] of cases)
    test(`${JSON.stringify(filters)} lists "${expected}"`, () => expect(list(filters)).toBe(expected));

  const refused: readonly [Record<string, string[]>, string][] = [
    [{ colour: ["red"] }, "invalid filter 'colour'"],
    [
      { status: ["up"] },
      "invalid filter 'status=up': invalid value for state (up): must be one of created, running, paused, restarting, removing, exited, dead",
    ],
    [
      { health: ["fine"] },
      "invalid filter 'health=fine': invalid value for health (fine): must be one of none, starting, healthy, unhealthy",
    ],
    [{ exited: ["x"] }, `invalid filter 'exited=x': strconv.Atoi: parsing "x": invalid syntax`],
    [
      { exited: ["99999999999999999999"] },
      `invalid filter 'exited=99999999999999999999': strconv.Atoi: parsing "99999999999999999999": value out of range`,
    ],
    [{ "is-task": ["maybe"] }, "invalid filter 'is-task=[maybe]'"],
    [{ publish: ["80:80"] }, "filter for 'publish' should not contain ':': 80:80"],
    [{ expose: ["9-3"] }, "error while looking up for expose 9-3: invalid port range: 9-3"],
    [{ expose: ["99999"] }, "error while looking up for expose 99999: invalid port range: 99999"],
  ];
  for (const [filters, message] of refused)
    test(`${JSON.stringify(filters)} is refused`, () => {
      const failure = (() => {
        try {
          return list(filters);
        } catch (err) {
          return err;
        }
      })();
      expect(failure).toBeInstanceOf(InvalidParameterError);
      expect(errorText(failure)).toBe(message);
    });

  test("before an unknown container is not found", () =>
    expect(() => list({ before: ["ghost"] })).toThrow(new NotFoundError("No such container: ghost")));
});
