import { describe, expect, test } from "bun:test";
import type { ContainerInspect, EventMessage } from "../spec/docker.ts";
import type { ImageInspect, ImageSummary } from "../spec/docker-images.ts";
import type { NetworkInspect } from "../spec/docker-resources.ts";
import type { ContainerStats } from "../spec/docker-stats.ts";
import type { InfoAnswer } from "../spec/docker-system.ts";
import {
  containerInspectByVersion,
  containerStatsByVersion,
  containerSummaryByVersion,
  diskImageByVersion,
  eventByVersion,
  forVersion,
  hidesEvent,
  imageInspectByVersion,
  imageSummaryByVersion,
  infoByVersion,
  networkInspectByVersion,
  networkSummaryByVersion,
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

test("container inspect: the host's configuration has Windows' fields, and the kernel's memory until 1.42", () => {
  const answer = { ...container, HostConfig: { Memory: 5 } } as unknown as ContainerInspect;
  const windows = { CpuCount: 0, CpuPercent: 0, IOMaximumIOps: 0, IOMaximumBandwidth: 0 };
  expect(shown(answer, containerInspectByVersion, 55, "HostConfig")).toEqual({ Memory: 5, ...windows });
  expect(shown(answer, containerInspectByVersion, 42, "HostConfig")).toEqual({ Memory: 5, ...windows });
  expect(shown(answer, containerInspectByVersion, 41, "HostConfig")).toEqual({
    Memory: 5,
    ...windows,
    KernelMemory: 0,
    KernelMemoryTCP: 0,
  });
});

test("list shows health from 1.52 on", () => {
  const row = { Health: { Status: "none", FailingStreak: 0 } } as never;
  expect(shown(row, containerSummaryByVersion, 51)).toEqual({});
  expect(shown(row, containerSummaryByVersion, 52)).toEqual({ Health: { Status: "none", FailingStreak: 0 } });
});

test("stats: os_type from 1.52 on, online_cpus from 1.27 on", () => {
  const cpu = { online_cpus: 2, system_cpu_usage: 5 };
  const stats = { os_type: "linux", cpu_stats: cpu, precpu_stats: cpu } as unknown as ContainerStats;
  expect(shown(stats, containerStatsByVersion, 52)).toEqual(stats);
  expect(shown(stats, containerStatsByVersion, 27)).toEqual({ cpu_stats: cpu, precpu_stats: cpu });
  const old = { system_cpu_usage: 5 };
  expect(shown(stats, containerStatsByVersion, 26)).toEqual({ cpu_stats: old, precpu_stats: old });
});

test("networks: containers in the list until 1.28, the use of addresses from 1.52 on", () => {
  const Status = { IPAM: { Subnets: { "10.0.0.0/24": { IPsInUse: 4, DynamicIPsAvailable: 252 } } } };
  const network = { Name: "bridge", Containers: { c1: {} }, Status } as unknown as NetworkInspect;
  expect(shown(network, networkSummaryByVersion, 27)).toEqual({ Name: "bridge", Containers: { c1: {} } });
  expect(shown(network, networkSummaryByVersion, 28)).toEqual({ Name: "bridge", Containers: {} });
  expect(shown(network, networkInspectByVersion, 51)).toEqual({ Name: "bridge", Containers: { c1: {} } });
  expect(shown(network, networkInspectByVersion, 52)).toEqual(network);
});

test("system df: VirtualSize of images until 1.44, with their containers in all versions", () => {
  const image = { Size: 7, Containers: 2 } as unknown as ImageSummary;
  expect(shown(image, diskImageByVersion, 43)).toEqual({ Size: 7, Containers: 2, VirtualSize: 7 });
  expect(shown(image, diskImageByVersion, 44)).toEqual({ Size: 7, Containers: 2 });
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
    ContainerConfig: { Hostname: "", Tty: false, Env: null, Volumes: null, Labels: null },
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
    SecurityOptions: ["name=seccomp,profile=builtin", "name=cgroupns"],
    KernelVersion: "",
    OperatingSystem: "Debian",
    Containerd: { Address: "/run/x" },
    DiscoveredDevices: [],
    NRI: {},
  } as unknown as InfoAnswer;
  expect(shown(info, infoByVersion, 43, "Runtimes")).toEqual({ crun: { path: "/usr/bin/crun" } });
  expect(shown(info, infoByVersion, 46, "RegistryConfig")).toHaveProperty(
    "AllowNondistributableArtifactsCIDRs",
  );
  expect(shown(info, infoByVersion, 48, "RuncCommit")).toEqual({ ID: "y", Expected: "y" });
  expect(shown(info, infoByVersion, 48)).not.toHaveProperty("FirewallBackend");
  expect(shown(info, infoByVersion, 55)).toEqual(JSON.parse(JSON.stringify(info)));
  const since: [string, number][] = [
    ["Containerd", 46],
    ["FirewallBackend", 49],
    ["DiscoveredDevices", 50],
    ["NRI", 53],
  ];
  for (const [field, version] of since) {
    expect(shown(info, infoByVersion, version - 1)).not.toHaveProperty(field);
    expect(shown(info, infoByVersion, version)).toHaveProperty(field);
  }
  const before: [string, number][] = [
    ["BridgeNfIptables", 50],
    ["BridgeNfIp6tables", 50],
    ["ExecutionDriver", 25],
  ];
  for (const [field, version] of before) {
    expect(shown(info, infoByVersion, version - 1)).toHaveProperty(field);
    expect(shown(info, infoByVersion, version)).not.toHaveProperty(field);
  }
  expect(shown(info, infoByVersion, 24, "SecurityOptions")).toEqual(["seccomp", "cgroupns"]);
  expect(shown(info, infoByVersion, 25, "SecurityOptions")).toEqual([...info.SecurityOptions]);
  expect(shown(info, infoByVersion, 38)).toMatchObject({
    KernelVersion: "<unknown>",
    OperatingSystem: "Debian",
  });
  expect(shown(info, infoByVersion, 39, "KernelVersion")).toBe("");
});
