import { describe, expect, test } from "bun:test";
import type { ContainerInspect, EventMessage, ImageInspect, ImageSummary } from "../spec/docker.ts";
import type { InfoAnswer } from "../spec/docker-system.ts";
import {
  containerInspectByVersion,
  containerSummaryByVersion,
  eventByVersion,
  forVersion,
  hidesEvent,
  imageInspectByVersion,
  imageSummaryByVersion,
  infoByVersion,
} from "./answers-by-version.ts";
import type { ByVersion } from "./answers-by-version.ts";

/** The answer as a client reads it; `path` is one field of it. */
function shown<T extends object>(answer: T, table: ByVersion<T>, version: number, path = ""): unknown {
  let value: unknown = JSON.parse(JSON.stringify(forVersion(answer, table, version)));
  for (const name of path.split(".").filter(Boolean)) value = (value as Record<string, unknown>)[name];
  return value;
}

const container = Object.freeze({
  Id: "0123456789abcdef",
  Config: Object.freeze({ Hostname: "box", OnBuild: null }),
  NetworkSettings: Object.freeze({
    IPAddress: "10.0.0.2",
    Bridge: "",
    Networks: { bridge: { Aliases: null }, shop: { Aliases: ["web"] } },
  }),
}) as unknown as ContainerInspect;

describe("container inspect", () => {
  test("has addresses at the top below 1.52 only", () => {
    expect(shown(container, containerInspectByVersion, 51, "NetworkSettings.IPAddress")).toBe("10.0.0.2");
    expect(Object.keys(shown(container, containerInspectByVersion, 52, "NetworkSettings") as object)).toEqual(
      ["Networks"],
    );
    expect(shown(container, containerInspectByVersion, 52, "Config")).toEqual({ Hostname: "box" });
  });
  test("names the short id among a user network's aliases below 1.45 only", () => {
    const aliases = (network: string, version: number): unknown =>
      shown(container, containerInspectByVersion, version, `NetworkSettings.Networks.${network}.Aliases`);
    expect(aliases("shop", 44)).toEqual(["web", "0123456789ab", "box"]);
    expect(aliases("bridge", 44)).toBeNull();
    expect(aliases("shop", 45)).toEqual(["web"]);
  });
  test("the engine's own object is not touched", () => {
    const before = JSON.stringify(container);
    for (let version = 24; version <= 55; version++)
      forVersion(container, containerInspectByVersion, version);
    expect(JSON.stringify(container)).toBe(before);
  });
});

test("list shows annotations from 1.46 on", () => {
  const row = { HostConfig: { NetworkMode: "host", Annotations: { a: "b" } } } as never;
  expect(shown(row, containerSummaryByVersion, 45, "HostConfig")).toEqual({ NetworkMode: "host" });
  expect(shown(row, containerSummaryByVersion, 46, "HostConfig.Annotations")).toEqual({ a: "b" });
});

test("image list: VirtualSize, <none> names and Containers by version", () => {
  const row = { RepoTags: [], RepoDigests: [], Size: 7, Containers: 2 } as unknown as ImageSummary;
  expect(shown(row, imageSummaryByVersion, 42)).toEqual({
    RepoTags: ["<none>:<none>"],
    RepoDigests: ["<none>@<none>"],
    Size: 7,
    VirtualSize: 7,
    Containers: -1,
  });
  expect(shown(row, imageSummaryByVersion, 44)).toEqual({
    RepoTags: [],
    RepoDigests: [],
    Size: 7,
    Containers: -1,
  });
  expect(shown(row, imageSummaryByVersion, 51, "Containers")).toBe(2);
});

test("image inspect: the config's fields by version", () => {
  const image = {
    Config: { Cmd: ["sh"] },
    Size: 7,
    Created: "",
    Parent: "",
    Author: "",
  } as unknown as ImageInspect;
  expect(shown(image, imageInspectByVersion, 52)).toEqual({ Config: { Cmd: ["sh"] }, Size: 7, Created: "" });
  expect(shown(image, imageInspectByVersion, 50, "Config")).toMatchObject({
    Cmd: ["sh"],
    Env: null,
    User: "",
  });
  expect(shown(image, imageInspectByVersion, 50, "Config")).not.toHaveProperty("Tty");
  expect(shown(image, imageInspectByVersion, 49, "Config")).toMatchObject({ Cmd: ["sh"], Tty: false });
  expect(shown(image, imageInspectByVersion, 43)).toMatchObject({
    VirtualSize: 7,
    Created: "0001-01-01T00:00:00Z",
    ContainerConfig: null,
  });
});

describe("events", () => {
  const event: EventMessage = {
    Type: "container",
    Action: "start",
    Actor: { ID: "c1", Attributes: { image: "busybox" } },
    scope: "local",
    time: 1,
    timeNano: 1e9,
  };
  test("carry the fields of 1.21 until 1.52", () => {
    expect(shown(event, eventByVersion, 51)).toMatchObject({ status: "start", id: "c1", from: "busybox" });
    expect(shown(event, eventByVersion, 52)).not.toHaveProperty("status");
    expect(shown({ ...event, Type: "network" }, eventByVersion, 24)).not.toHaveProperty("status");
  });
  test("of an image's making are hidden below 1.46", () => {
    const made: EventMessage = { ...event, Type: "image", Action: "create" };
    expect(hidesEvent(made, 45)).toBe(true);
    expect(hidesEvent(made, 46)).toBe(false);
    expect(hidesEvent(event, 24)).toBe(false);
  });
});

test("info: what came with which version", () => {
  const info = {
    Runtimes: { crun: { path: "/usr/bin/crun", status: { a: "b" } } },
    FirewallBackend: { Driver: "iptables" },
    ContainerdCommit: { ID: "x" },
    RuncCommit: { ID: "y" },
    InitCommit: { ID: "z" },
    RegistryConfig: { Mirrors: [] },
  } as unknown as InfoAnswer;
  expect(shown(info, infoByVersion, 43, "Runtimes")).toEqual({ crun: { path: "/usr/bin/crun" } });
  expect(shown(info, infoByVersion, 46, "RegistryConfig")).toHaveProperty(
    "AllowNondistributableArtifactsCIDRs",
  );
  expect(shown(info, infoByVersion, 48, "RuncCommit")).toEqual({ ID: "y", Expected: "y" });
  expect(shown(info, infoByVersion, 48)).not.toHaveProperty("FirewallBackend");
  expect(shown(info, infoByVersion, 55)).toEqual(JSON.parse(JSON.stringify(info)));
});
