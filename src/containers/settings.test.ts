// Whole requests: defaults, what the image brings, and what is refused. Themes have tests of their own in settings/.
import { describe, expect, test } from "bun:test";
import { InvalidParameterError, NotFoundError } from "../base/errors.ts";
import type { CreateContainerBody, HostConfig } from "../spec/docker.ts";
import type { ImageRunConfig } from "../spec/oci-image.ts";
import { containerSettings } from "./settings.ts";
import { cgroupWith, context, facts } from "./settings/example-facts.ts";

const settings = (body: CreateContainerBody, image?: ImageRunConfig) =>
  containerSettings(body, { ...context, image });
const withHost = (HostConfig: Partial<HostConfig>, body: CreateContainerBody = {}) =>
  settings({ Cmd: ["true"], ...body, HostConfig });

test("containerSettings: a command alone gets Docker's defaults", () => {
  const { config, hostConfig, endpoints, mounts, warnings } = settings({ Image: "busybox", Cmd: ["true"] });
  expect(config).toMatchObject({
    Hostname: "0123456789ab",
    Cmd: ["true"],
    Entrypoint: null,
    Env: [],
    Labels: {},
    WorkingDir: "",
  });
  expect(hostConfig).toMatchObject({
    NetworkMode: "bridge",
    IpcMode: "private",
    CgroupnsMode: "private",
    ShmSize: 67108864,
    RestartPolicy: { Name: "no", MaximumRetryCount: 0 },
    LogConfig: { Type: "json-file", Config: { "max-size": "20m" } },
    Runtime: "crun",
    PidsLimit: null,
  });
  expect(hostConfig.MaskedPaths).toContain("/proc/kcore");
  expect(Object.keys(endpoints)).toEqual(["bridge"]);
  expect({ mounts, warnings }).toEqual({ mounts: [], warnings: [] });
});

test("containerSettings: nothing of what was given is lost or changed", () => {
  const given = {
    Dns: ["1.1.1.1"],
    ShmSize: 4096,
    CapAdd: ["NET_ADMIN"],
    GroupAdd: ["5"],
    ReadonlyRootfs: true,
  };
  expect(withHost(given).hostConfig).toMatchObject(given);
});

describe("the image's part", () => {
  const image: ImageRunConfig = {
    User: "web",
    Env: ["PATH=/image", "LANG=C"],
    Entrypoint: ["/entry"],
    Cmd: ["default"],
    WorkingDir: "/srv/",
    Labels: { a: "image", b: "image" },
    ExposedPorts: { "80/tcp": {}, "53": {} },
    Volumes: { "/data": {} },
    StopSignal: "SIGINT",
    Healthcheck: { Test: ["CMD", "check"], Interval: 5e9, Retries: 4 },
    Shell: ["/bin/ash", "-c"],
  };

  test("is taken where the request says nothing", () => {
    const { config, mounts } = settings({}, image);
    expect(config).toMatchObject({
      User: "web",
      Env: ["PATH=/image", "LANG=C"],
      Entrypoint: ["/entry"],
      Cmd: ["default"],
      WorkingDir: "/srv",
      Labels: { a: "image", b: "image" },
      ExposedPorts: { "80/tcp": {}, "53/tcp": {} },
      StopSignal: "SIGINT",
      Shell: ["/bin/ash", "-c"],
    });
    expect(mounts).toMatchObject([{ Type: "volume", Destination: "/data", Mode: "" }]);
    expect(mounts[0]).not.toHaveProperty("Name");
  });

  test("gives way by name: environment, labels, ports; field by field: health check", () => {
    const { config } = settings(
      {
        Env: ["PATH=/mine", "NEW=1"],
        Labels: { a: "mine" },
        ExposedPorts: { "81/udp": {} },
        Healthcheck: { Interval: 1e9 },
      },
      image,
    );
    expect(config.Env).toEqual(["PATH=/mine", "NEW=1", "LANG=C"]);
    expect(config.Labels).toEqual({ a: "mine", b: "image" });
    expect(new Set(Object.keys(config.ExposedPorts ?? {}))).toEqual(new Set(["53/tcp", "80/tcp", "81/udp"]));
    expect(config.Healthcheck).toEqual({ Test: ["CMD", "check"], Interval: 1e9, Retries: 4 });
  });

  test.each([
    [{ Cmd: ["mine"] }, ["/entry"], ["mine"]],
    [{ Entrypoint: ["/mine"] }, ["/mine"], null],
    [{ Entrypoint: ["/mine"], Cmd: ["x"] }, ["/mine"], ["x"]],
    [{ Entrypoint: [""], Cmd: ["sh"] }, null, ["sh"]],
    [{ Entrypoint: [] }, null, ["default"]],
  ])("program of %j: entrypoint %j, command %j", (body, Entrypoint, Cmd) => {
    expect(settings(body, image).config).toMatchObject({ Entrypoint, Cmd });
  });

  test.each([
    [{}, undefined],
    [{ Entrypoint: [""] }, image],
    [{ Cmd: [] }, {}],
  ])("no program at all (%j) is refused", (body, from) => {
    expect(() => settings(body, from)).toThrow(new InvalidParameterError("no command specified"));
  });
});

test.each([
  ["host", {}, "theHost"],
  ["host", { Hostname: "mine" }, "mine"],
  ["none", {}, "0123456789ab"],
])("host name with network %s and %j: %s", (NetworkMode, body, Hostname) => {
  expect(withHost({ NetworkMode }, body).config.Hostname).toBe(Hostname);
});

test("modes: containers by name become containers by id, an unknown one is refused", () => {
  const joined = { NetworkMode: "container:other", PidMode: "container:other", IpcMode: "container:other" };
  const id = `container:${"f".repeat(64)}`;
  expect(withHost(joined).hostConfig).toMatchObject({ NetworkMode: id, PidMode: id, IpcMode: id });
  expect(() => withHost({ PidMode: "container:gone" })).toThrow(
    new InvalidParameterError("No such container: gone"),
  );
});

test("cgroup namespace: private on v2, the host's on v1", () => {
  const v1 = { ...context, facts: { ...facts, cgroup: cgroupWith({}, 1) } };
  expect(containerSettings({ Cmd: ["true"] }, v1).hostConfig.CgroupnsMode).toBe("host");
  expect(withHost({}).hostConfig.CgroupnsMode).toBe("private");
});

test.each([{ Privileged: true }, { SecurityOpt: ["systempaths=unconfined"] }])(
  "nothing is masked with %j",
  (host) => {
    expect(withHost(host).hostConfig).toMatchObject({ MaskedPaths: null, ReadonlyPaths: null });
  },
);

test.each([
  [{ Hostname: "h".repeat(65) }, /^hostname "h+" is too long \(maximum 64 bytes\)$/],
  [{ WorkingDir: "tmp" }, "the working directory 'tmp' is invalid, it needs to be an absolute path"],
  [{ StopSignal: "SIGNOPE" }, "Invalid signal: SIGNOPE"],
  [{ Env: ["=x"] }, "invalid environment variable: =x"],
  [{ Healthcheck: { Interval: 5 } }, "Interval in Healthcheck cannot be less than 1ms"],
  [{ Healthcheck: { Retries: -1 } }, "Retries in Healthcheck cannot be negative"],
  [{ ExposedPorts: { "x/tcp": {} } }, 'invalid port specification: "x/tcp"'],
])("config %j is refused", (body, message) => {
  expect(() => settings({ Cmd: ["true"], ...body })).toThrow(message);
});

test.each([
  [{ IpcMode: "mine" }, "invalid IPC mode: mine"],
  [{ IpcMode: "container:" }, "invalid IPC mode: container:"],
  [{ PidMode: "mine" }, "invalid PID mode: mine"],
  [{ UTSMode: "mine" }, "invalid UTS mode: mine"],
  [{ CgroupnsMode: "mine" as "host" }, "invalid cgroup namespace mode: mine"],
  [{ NetworkMode: "container:" }, "invalid network mode: invalid container format container:<name|id>"],
  [{ ShmSize: -1 }, "SHM size can not be less than 0"],
  [{ OomScoreAdj: 1001 }, "Invalid value 1001, range for oom score adj is [-1000, 1000]"],
  [{ Runtime: "nope" }, "unknown or invalid runtime name: nope"],
  [{ Isolation: "hyperv" }, "invalid isolation 'hyperv' on linux"],
  [{ CapAdd: ["FLY"] }, 'invalid CapAdd: unknown capability: "CAP_FLY"'],
  [{ CapDrop: ["cap_fly"] }, 'invalid CapDrop: unknown capability: "CAP_FLY"'],
  [{ SecurityOpt: ["magic"] }, 'invalid --security-opt 1: "magic"'],
  [{ SecurityOpt: ["magic=1"] }, 'invalid --security-opt 2: "magic=1"'],
  [{ SecurityOpt: ["no-new-privileges=maybe"] }, 'invalid --security-opt 2: "no-new-privileges=maybe"'],
  [{ SecurityOpt: ["seccomp={"] }, "Decoding seccomp profile failed"],
  [{ Tmpfs: { tmp: "" } }, "invalid mount path: 'tmp' mount path must be absolute"],
  [{ Tmpfs: { "/": "" } }, "invalid specification: destination can't be '/'"],
  [{ Tmpfs: { "/t": "colour=red" } }, 'invalid tmpfs option ["colour=red"]'],
  [{ ExtraHosts: ["web"] }, 'bad format for add-host: "web"'],
  [{ ExtraHosts: ["web:300.1.1.1"] }, 'invalid IP address in add-host: "300.1.1.1"'],
  [{ PortBindings: { "0/tcp": [] } }, 'invalid port specification: "0/tcp"'],
  [{ PortBindings: { "80/tcp": [{ HostIp: "", HostPort: "9-8" }] } }, 'invalid port specification: "9-8"'],
  [{ LogConfig: { Type: "syslog", Config: {} } }, "logger: no log driver named 'syslog' is registered"],
  [{ LogConfig: { Type: "json-file", Config: { x: "1" } } }, "unknown log opt 'x' for json-file log driver"],
  [{ LogConfig: { Type: "", Config: { "max-size": "big" } } }, "invalid size: 'big'"],
  [
    { RestartPolicy: { Name: "sometimes" as "no", MaximumRetryCount: 0 } },
    "invalid restart policy: unknown policy 'sometimes'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'",
  ],
  [
    { RestartPolicy: { Name: "always", MaximumRetryCount: 3 } },
    "invalid restart policy: maximum retry count can only be used with 'on-failure'",
  ],
  [
    { RestartPolicy: { Name: "on-failure", MaximumRetryCount: -3 } },
    "invalid restart policy: maximum retry count cannot be negative",
  ],
  [
    { RestartPolicy: { Name: "always", MaximumRetryCount: 0 }, AutoRemove: true },
    "can't create 'AutoRemove' container with restart policy",
  ],
  [{ Ulimits: [{ Name: "wishes", Soft: 1, Hard: 1 }] }, "invalid ulimit type: wishes"],
  [
    { Ulimits: [{ Name: "nofile", Soft: 2, Hard: 1 }] },
    "ulimit soft limit must be less than or equal to hard limit: 2 > 1",
  ],
  [{ Sysctls: { "kernel.panic": "1" } }, 'sysctl "kernel.panic" is not in a separate kernel namespace'],
  [
    { Sysctls: { "net.core.somaxconn": "1" }, NetworkMode: "host" },
    'sysctl "net.core.somaxconn" not allowed in host network namespace',
  ],
  [
    { Sysctls: { "kernel.shmmax": "1" }, IpcMode: "host" },
    'sysctl "kernel.shmmax" is not allowed in the hosts ipc namespace',
  ],
  [
    { Devices: [{ PathOnHost: "/dev/x", PathInContainer: "/dev/x", CgroupPermissions: "z" }] },
    "invalid device mode",
  ],
  [{ DeviceCgroupRules: ["c 1"] }, "invalid device cgroup rule format: 'c 1'"],
  [
    { DeviceRequests: [{ Driver: "", Count: -1, DeviceIDs: null, Capabilities: [["gpu"]], Options: null }] },
    'could not select device driver "" with capabilities: [[gpu]]',
  ],
  [
    { Annotations: { "": "x" } },
    "invalid Annotations: the empty string is not permitted as an annotation key",
  ],
  [
    { StorageOpt: { size: "1G" } },
    "--storage-opt is supported only for overlay over xfs with 'pquota' mount option",
  ],
  [{ VolumeDriver: "nfs" }, 'error looking up volume plugin nfs: plugin "nfs" not found'],
] as [Partial<HostConfig>, string][])("host config %j is refused: %s", (host, message) => {
  expect(() => withHost(host)).toThrow(message);
  expect(() => withHost(host)).toThrow(InvalidParameterError);
});

describe("conflicts", () => {
  const joined = { NetworkMode: "container:other" };
  test.each([
    [{ UTSMode: "host" }, { Hostname: "h" }, "conflicting options: hostname and the UTS mode"],
    [joined, { Hostname: "h" }, "conflicting options: hostname and the network mode"],
    [{ ...joined, Dns: ["1.1.1.1"] }, {}, "conflicting options: dns and the network mode"],
    [
      { ...joined, ExtraHosts: ["a:1.1.1.1"] },
      {},
      "conflicting options: custom host-to-IP mapping and the network mode",
    ],
    [
      { ...joined, PublishAllPorts: true },
      {},
      "conflicting options: port publishing and the container type network mode",
    ],
    [
      { ...joined, PortBindings: { "80/tcp": null } },
      {},
      "conflicting options: port publishing and the container type network mode",
    ],
    [
      joined,
      { ExposedPorts: { "80/tcp": {} } },
      "conflicting options: port exposing and the container type network mode",
    ],
    [joined, { MacAddress: "02:00:00:00:00:01" }, "conflicting options: mac-address and the network mode"],
    [
      { NetworkMode: "host" },
      { MacAddress: "02:00:00:00:00:01" },
      "conflicting options: mac-address and the network mode",
    ],
    [
      { NetworkMode: "host", Links: ["a:b"] },
      {},
      "conflicting options: host type networking can't be used with links. This would result in undefined behavior",
    ],
  ] as [Partial<HostConfig>, CreateContainerBody, string][])("%j and %j: %s", (host, body, message) => {
    expect(() => withHost(host, body)).toThrow(new InvalidParameterError(message));
  });

  test("the image's exposed ports conflict with nothing", () => {
    expect(() =>
      settings({ HostConfig: joined }, { Cmd: ["x"], ExposedPorts: { "80/tcp": {} } }),
    ).not.toThrow();
  });
});

describe("warnings", () => {
  test("published ports with the host's network", () => {
    expect(withHost({ NetworkMode: "host", PortBindings: { "80/tcp": null } }).warnings).toEqual([
      "Published ports are discarded when using host network mode",
    ]);
  });

  test("a score for the OOM killer that the daemon may not give", () => {
    const poor = { ...context, facts: { ...facts, capabilities: 0n } };
    const body = { Cmd: ["true"], HostConfig: { OomScoreAdj: -500 } };
    expect(containerSettings(body, poor).warnings).toEqual([
      "This daemon may not protect processes from the OOM killer: the score -500 is not set.",
    ]);
    expect(containerSettings(body, context).warnings).toEqual([]);
  });

  test("a hard limit above the daemon's own where it may not raise limits", () => {
    const poor = { ...context, facts: { ...facts, capabilities: 0n } };
    const body = { Cmd: ["true"], HostConfig: { Ulimits: [{ Name: "nofile", Soft: 1, Hard: 9999 }] } };
    expect(containerSettings(body, poor).warnings).toEqual([
      "This daemon may not raise limits: ulimit nofile will be 4096 instead of 9999.",
    ]);
    expect(containerSettings(body, context).warnings).toEqual([]);
  });
});

test("endpoints: every network asked for, the main one always, with the container's MAC address", () => {
  const { endpoints } = settings({
    Cmd: ["true"],
    MacAddress: "02:00:00:00:00:01",
    HostConfig: { NetworkMode: "front" },
    NetworkingConfig: {
      EndpointsConfig: { back: { Aliases: ["db"], IPAMConfig: { IPv4Address: "10.0.0.5" } } },
    },
  });
  expect(endpoints).toMatchObject({
    back: { Aliases: ["db"], IPAMConfig: { IPv4Address: "10.0.0.5" }, MacAddress: "" },
    front: { Aliases: null, MacAddress: "02:00:00:00:00:01" },
  });
});

test.each([
  [
    { bridge: { IPAMConfig: { IPv4Address: "10.0.0.5" } } },
    "user specified IP address is supported on user defined networks only",
  ],
  [{ default: { Aliases: ["x"] } }, "network-scoped aliases are only supported for user-defined networks"],
  [{ back: { IPAMConfig: { IPv4Address: "ten" } } }, "invalid IPv4 address: ten"],
  [{ back: { MacAddress: "02" } }, "invalid MAC address: 02"],
])("endpoints %j are refused", (EndpointsConfig, message) => {
  expect(() => settings({ Cmd: ["true"], NetworkingConfig: { EndpointsConfig } })).toThrow(message);
});

test("--volumes-from a container that is not there is not found", () => {
  expect(() => withHost({ VolumesFrom: ["gone"] })).toThrow(new NotFoundError("No such container: gone"));
});
