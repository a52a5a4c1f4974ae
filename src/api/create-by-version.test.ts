import { describe, expect, test } from "bun:test";
import { InvalidParameterError } from "../base/errors.ts";
import type { CreateContainerBody, MountRequest } from "../spec/docker.ts";
import { createBodyForVersion } from "./create-by-version.ts";
import type { CreateFacts } from "./create-by-version.ts";

const v1: CreateFacts = { cgroupVersion: 1 };
const adapt = (body: CreateContainerBody, version: number, facts = v1): CreateContainerBody =>
  createBodyForVersion({ Image: "a", ...body }, version, facts).body;
const warnings = (body: CreateContainerBody, version: number): readonly string[] =>
  createBodyForVersion({ Image: "a", ...body }, version, v1).warnings;
const mounted = (mount: Partial<MountRequest>): CreateContainerBody => ({
  HostConfig: { Mounts: [{ Type: "bind", Source: "/a", Target: "/b", ReadOnly: false, ...mount }] },
});

describe("createBodyForVersion", () => {
  test("the newest version takes a plain body as it is", () => {
    const body: CreateContainerBody = { Image: "a", HostConfig: { Memory: 1 } };
    expect(adapt(body, 55)).toEqual(body);
  });

  test("a body without any setting of a container is refused", () => {
    for (const body of [{}, { HostConfig: {} }, { NetworkingConfig: {} }])
      expect(() => createBodyForVersion(body, 55, v1)).toThrow(
        new InvalidParameterError("config cannot be empty in order to create a container"),
      );
  });

  test("defaults that were others once", () => {
    expect(adapt({}, 39).HostConfig).toMatchObject({ IpcMode: "shareable", CgroupnsMode: "host" });
    expect(adapt({ HostConfig: { IpcMode: "private" } }, 39).HostConfig?.IpcMode).toBe("private");
    expect(adapt({}, 39, { cgroupVersion: 2 }).HostConfig).not.toHaveProperty("CgroupnsMode");
    expect(adapt({}, 41).HostConfig).not.toHaveProperty("CgroupnsMode");
    expect(adapt(mounted({ ReadOnly: true }), 43).HostConfig?.Mounts?.[0]?.BindOptions).toEqual({
      ReadOnlyNonRecursive: true,
    });
    expect(adapt(mounted({ ReadOnly: true }), 44).HostConfig?.Mounts?.[0]).not.toHaveProperty("BindOptions");
  });

  test("what a version did not know is dropped", () => {
    expect(adapt({ HostConfig: { Annotations: { a: "b" } } }, 42).HostConfig).not.toHaveProperty(
      "Annotations",
    );
    expect(adapt({ HostConfig: { Annotations: { a: "b" } } }, 43).HostConfig?.Annotations).toEqual({
      a: "b",
    });
    expect(adapt({ HostConfig: { ConsoleSize: [40, 120] } }, 41).HostConfig?.ConsoleSize).toEqual([0, 0]);
    expect(adapt({ Healthcheck: { Retries: 2, StartInterval: 5 } }, 43).Healthcheck).toEqual({ Retries: 2 });
    expect(adapt({ Healthcheck: { StartInterval: 5 } }, 44).Healthcheck).toEqual({ StartInterval: 5 });
    expect(adapt(mounted({ TmpfsOptions: { SizeBytes: 1 } }), 41).HostConfig?.Mounts?.[0]).not.toHaveProperty(
      "TmpfsOptions",
    );
  });

  test("the endpoint of the default network is the bridge's", () => {
    const endpoints = (mode: string): unknown =>
      adapt(
        {
          HostConfig: { NetworkMode: mode },
          NetworkingConfig: { EndpointsConfig: { default: { Aliases: ["a"] } } },
        },
        41,
      ).NetworkingConfig?.EndpointsConfig;
    for (const mode of ["", "default", "bridge"])
      expect(endpoints(mode)).toEqual({ bridge: { Aliases: ["a"], MacAddress: "", GwPriority: 0 } });
    expect(endpoints("shop")).toHaveProperty("default");
  });

  const interfaceSysctl = { Sysctls: { "net.ipv4.conf.eth0.log_martians": "1" } };
  test.each([
    [{ Capabilities: ["CAP_CHOWN"] }, 39],
    [{ Capabilities: ["CAP_CHOWN"] }, 41],
    [{ Capabilities: [] }, 40],
    [interfaceSysctl, 47],
    [{ ...interfaceSysctl, NetworkMode: "host" }, 48],
    [{ Sysctls: { "net.ipv4.conf.all.log_martians": "1" } }, 48],
  ])("%p is taken in 1.%p", (HostConfig, version) => {
    expect(() => adapt({ HostConfig }, version)).not.toThrow();
  });

  const refused: readonly [CreateContainerBody, number, string][] = [
    [
      { HostConfig: { Capabilities: ["CAP_CHOWN"] } },
      40,
      "the HostConfig.Capabilities field is not supported by this daemon; use CapAdd and CapDrop to set capabilities",
    ],
    [
      { HostConfig: interfaceSysctl },
      48,
      `interface specific sysctl setting "net.ipv4.conf.eth0.log_martians" must be supplied using driver option 'com.docker.network.endpoint.sysctls'`,
    ],
    [mounted({ TmpfsOptions: {} }), 42, `TmpfsOptions must not be specified on mount type "bind"`],
    [mounted({ VolumeOptions: {} }), 55, `VolumeOptions must not be specified on mount type "bind"`],
    [
      mounted({ Type: "tmpfs", BindOptions: {} }),
      55,
      `BindOptions must not be specified on mount type "tmpfs"`,
    ],
    [
      mounted({ BindOptions: { ReadOnlyForceRecursive: true } }),
      43,
      "BindOptions.ReadOnlyForceRecursive needs API v1.44 or newer",
    ],
    [
      mounted({ Type: "volume", VolumeOptions: { Subpath: "x" } }),
      44,
      "VolumeOptions.Subpath needs API v1.45 or newer",
    ],
    [mounted({ Type: "image" }), 47, `Mount type "Image" needs API v1.48 or newer`],
    [
      { NetworkingConfig: { EndpointsConfig: { a: {}, b: {} } } },
      43,
      "Container cannot be created with multiple network endpoints: a, b",
    ],
    [
      { MacAddress: "02:42:ac:11:00:02" },
      52,
      "container-wide MAC address no longer supported; use endpoint-specific MAC address instead",
    ],
    [
      { MacAddress: "02:42:ac:11:00:02", HostConfig: { NetworkMode: "host" } },
      43,
      "conflicting options: mac-address and the network mode",
    ],
    [
      {
        MacAddress: "02:42:ac:11:00:02",
        NetworkingConfig: { EndpointsConfig: { bridge: { MacAddress: "02:42:ac:11:00:03" } } },
      },
      44,
      "the container-wide MAC address must match the endpoint-specific MAC address for the main network, or be left empty",
    ],
  ];
  for (const [body, version, message] of refused)
    test(`1.${version} refuses: ${message}`, () =>
      expect(() => adapt(body, version)).toThrow(new InvalidParameterError(message)));

  test("a container-wide MAC address goes to the endpoint", () => {
    const MacAddress = "02:42:ac:11:00:02";
    for (const version of [30, 44, 51]) {
      const body = adapt({ MacAddress }, version);
      expect(body).not.toHaveProperty("MacAddress");
      expect(body.NetworkingConfig?.EndpointsConfig).toEqual({ bridge: { MacAddress } });
    }
    const ignored = adapt({ NetworkingConfig: { EndpointsConfig: { bridge: { MacAddress } } } }, 43);
    expect(ignored.NetworkingConfig?.EndpointsConfig?.["bridge"]).toMatchObject({ MacAddress: "" });
  });

  test("empty port bindings mean any port, with a warning since 1.52", () => {
    const body: CreateContainerBody = {
      HostConfig: { PortBindings: { "80/tcp": null, "81/tcp": [{ HostIp: "", HostPort: "8081" }] } },
    };
    expect(adapt(body, 55).HostConfig?.PortBindings).toEqual({
      "80/tcp": [{ HostIp: "", HostPort: "" }],
      "81/tcp": [{ HostIp: "", HostPort: "8081" }],
    });
    expect(warnings(body, 51)).toEqual([]);
    expect(warnings(body, 52)[0]).toStartWith(
      "Following container port(s) have an empty list of port-bindings: 80/tcp.",
    );
  });

  test("a volume driver that mounts do not heed is warned of since 1.48", () => {
    const body: CreateContainerBody = {
      HostConfig: {
        VolumeDriver: "nfs",
        Mounts: [{ Type: "volume", Source: "v", Target: "/v", ReadOnly: false }],
      },
    };
    expect(warnings(body, 47)).toEqual([]);
    expect(warnings(body, 48)).toHaveLength(1);
  });
});
