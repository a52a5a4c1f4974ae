import { describe, expect, test } from "bun:test";
import { InvalidParameterError } from "../../base/errors.ts";
import type { HostConfig, MountRequest, StringSet } from "../../spec/docker.ts";
import { containerSettings } from "../settings.ts";
import { context } from "./example-facts.ts";

function planned(HostConfig: Partial<HostConfig>, Volumes: StringSet = {}) {
  const { mounts, volumes, mustExist } = containerSettings({ Cmd: ["true"], Volumes, HostConfig }, context);
  return { mounts, volumes, mustExist };
}

function request(given: Partial<MountRequest>): MountRequest {
  return { Type: "bind", Source: "", Target: "", ReadOnly: false, ...given };
}

describe("-v", () => {
  test.each([
    ["/a:/b", { Type: "bind", Source: "/a", Destination: "/b", Mode: "", RW: true, Propagation: "rprivate" }],
    [
      "/a/../c/:/b/",
      { Type: "bind", Source: "/c", Destination: "/b", Mode: "", RW: true, Propagation: "rprivate" },
    ],
    [
      "/a:/b:ro,rslave",
      { Type: "bind", Source: "/a", Destination: "/b", Mode: "ro,rslave", RW: false, Propagation: "rslave" },
    ],
    [
      "/a:/b:z",
      { Type: "bind", Source: "/a", Destination: "/b", Mode: "z", RW: true, Propagation: "rprivate" },
    ],
    [
      "data:/b",
      {
        Type: "volume",
        Name: "data",
        Source: "",
        Destination: "/b",
        Driver: "local",
        Mode: "z",
        RW: true,
        Propagation: "",
      },
    ],
    [
      "data:/b:ro",
      {
        Type: "volume",
        Name: "data",
        Source: "",
        Destination: "/b",
        Driver: "local",
        Mode: "ro",
        RW: false,
        Propagation: "",
      },
    ],
    [
      "/b",
      {
        Type: "volume",
        Source: "",
        Destination: "/b",
        Driver: "local",
        Mode: "z",
        RW: true,
        Propagation: "",
      },
    ],
  ] as const)("%s", (spec, mount) => {
    expect(planned({ Binds: [spec] }).mounts).toEqual([mount]);
  });

  test("nocopy keeps a volume empty", () => {
    expect(planned({ Binds: ["data:/b:nocopy"] }).volumes.get("/b")).toMatchObject({ copy: false });
    expect(planned({ Binds: ["data:/b"] }).volumes.get("/b")).toMatchObject({ copy: true });
  });

  test.each([
    ["", "invalid volume specification: ''"],
    [":/b", "invalid volume specification: ':/b'"],
    ["/a:ro", "invalid volume specification: '/a:ro'"],
    ["/a:/b:ro:x", "invalid volume specification: '/a:/b:ro:x'"],
    ["/a:/b:fast", "invalid mode: fast"],
    ["/a:/b:ro,rw", "invalid mode: ro,rw"],
    ["/a:/b:ro,", "invalid mode: ro,"],
    [
      "/a:b",
      `invalid volume specification: '/a:b': invalid mount config for type "bind": invalid mount path: 'b' mount path must be absolute`,
    ],
    [
      "/a:/",
      `invalid volume specification: '/a:/': invalid mount config for type "bind": invalid specification: destination can't be '/'`,
    ],
    [
      "./a:/b",
      `create ./a: "./a" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
    ],
    ["a:/b", "create a: volume name is too short, names should be at least two alphanumeric characters"],
  ])("%p is refused: %s", (spec, message) => {
    expect(() => planned({ Binds: [spec] })).toThrow(new InvalidParameterError(message));
  });
});

describe("--mount", () => {
  test("bind: its source must exist, unless it is to be made", () => {
    const Mounts = [
      request({ Source: "/a", Target: "/one", ReadOnly: true, BindOptions: { Propagation: "rshared" } }),
      request({ Source: "/a", Target: "/two", BindOptions: { CreateMountpoint: true } }),
    ];
    const { mounts, mustExist } = planned({ Mounts, Binds: ["/a:/three"] });
    expect(mounts.find(({ Destination }) => Destination === "/one")).toMatchObject({
      RW: false,
      Propagation: "rshared",
    });
    expect([...mustExist]).toEqual(["/one"]);
  });

  test("volume: name, labels and options of the one that is made", () => {
    const VolumeOptions = {
      NoCopy: true,
      Labels: { a: "b" },
      Subpath: "x/y",
      DriverConfig: { Name: "local", Options: { type: "tmpfs" } },
    };
    const { mounts, volumes } = planned({
      Mounts: [request({ Type: "volume", Source: "data", Target: "/b", VolumeOptions })],
    });
    expect(mounts).toMatchObject([{ Type: "volume", Name: "data", Mode: "z" }]);
    expect(volumes.get("/b")).toEqual({
      labels: { a: "b" },
      driverOptions: { type: "tmpfs" },
      copy: false,
      subpath: "x/y",
    });
  });

  test("tmpfs: has no source", () => {
    expect(planned({ Mounts: [request({ Type: "tmpfs", Target: "/t" })] }).mounts).toEqual([
      { Type: "tmpfs", Source: "", Destination: "/t", Mode: "", RW: true, Propagation: "" },
    ]);
  });

  test.each([
    [{ Source: "/a" }, "bind", "field Target must not be empty"],
    [{ Target: "/b" }, "bind", "field Source must not be empty"],
    [{ Source: "/a", Target: "b" }, "bind", "invalid mount path: 'b' mount path must be absolute"],
    [{ Source: "a", Target: "/b" }, "bind", "invalid mount path: 'a' mount path must be absolute"],
    [{ Source: "/a", Target: "/x/.." }, "bind", "invalid specification: destination can't be '/'"],
    [
      { Source: "/a", Target: "/b", BindOptions: { Propagation: "wide" as "" } },
      "bind",
      "invalid propagation mode: wide",
    ],
    [{ Source: "/a", Target: "/b", TmpfsOptions: {} }, "bind", "field TmpfsOptions must not be specified"],
    [{ Type: "tmpfs", Source: "/a", Target: "/b" }, "tmpfs", "field Source must not be specified"],
    [
      { Type: "tmpfs", Target: "/b", TmpfsOptions: { Options: [["size", "1"]] } },
      "tmpfs",
      "invalid option: size",
    ],
    [
      { Type: "volume", Target: "/b", VolumeOptions: { Subpath: "x" } },
      "volume",
      "must not set Subpath when using anonymous volumes",
    ],
    [
      { Type: "volume", Source: "data", Target: "/b", VolumeOptions: { Subpath: "../x" } },
      "volume",
      "subpath must be a relative path within the volume",
    ],
    [{ Type: "magic" as "bind", Source: "/a", Target: "/b" }, "magic", "mount type unknown"],
  ] as [Partial<MountRequest>, string, string][])("%j is refused", (given, type, why) => {
    expect(() => planned({ Mounts: [request(given)] })).toThrow(
      new InvalidParameterError(`invalid mount config for type "${type}": ${why}`),
    );
  });
});

describe("places", () => {
  test.each([
    { Binds: ["/a:/x", "/b:/x/"] },
    { Binds: ["/a:/x"], Mounts: [request({ Source: "/b", Target: "/x" })] },
    { Binds: ["/a:/x"], Tmpfs: { "/x": "" } },
  ])("%j takes one twice", (host) => {
    expect(() => planned(host)).toThrow(new InvalidParameterError("Duplicate mount point: /x"));
  });

  test("a declared volume gives way to every other mount", () => {
    const declared = { "/a": {}, "/b": {}, "/c": {}, "/data": {} };
    const { mounts } = planned({ Binds: ["/src:/a"], Tmpfs: { "/b": "" }, VolumesFrom: ["other"] }, declared);
    expect(
      mounts.map(({ Destination, Type }) => `${Type} ${Destination}`).sort((a, b) => a.localeCompare(b)),
    ).toEqual(["bind /a", "bind /src", "volume /c", "volume /data"]);
  });

  test("--volumes-from: as the other has them, read-only if asked, and given way by mounts of one's own", () => {
    const { mounts, volumes } = planned({ VolumesFrom: ["other:ro"], Binds: ["/mine:/src"] });
    expect(mounts).toMatchObject([
      { Type: "volume", Name: "data", Destination: "/data", RW: false, Source: "/volumes/data/_data" },
      { Type: "bind", Source: "/mine", Destination: "/src", RW: true },
    ]);
    expect(volumes.get("/data")).toMatchObject({ copy: false, subpath: "" });
  });

  test("--volumes-from: of a volume that the other has a subpath of, the same", () => {
    const mount = { Type: "volume", Source: "/v", Mode: "z", RW: true, Propagation: "" } as const;
    const other = {
      id: "f".repeat(64),
      mounts: [
        { ...mount, Destination: "/whole" },
        { ...mount, Destination: "/part" },
      ],
      subpaths: { "/part": "a/b" },
    };
    const body = { Cmd: ["true"], HostConfig: { VolumesFrom: ["other"] } };
    const { volumes } = containerSettings(body, { ...context, findContainer: () => other });
    expect([...volumes].map(([destination, { subpath }]) => [destination, subpath])).toEqual([
      ["/whole", ""],
      ["/part", "a/b"],
    ]);
  });

  test.each([
    ["", "volumes-from specification cannot be an empty string"],
    ["other:fast", "invalid mode: fast"],
    ["other:shared", "invalid mode: shared"],
    ["other:nocopy", "invalid mode: nocopy"],
  ])("--volumes-from %p is refused", (spec, message) => {
    expect(() => planned({ VolumesFrom: [spec] })).toThrow(new InvalidParameterError(message));
  });
});
