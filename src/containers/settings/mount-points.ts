// What is mounted into a container, by destination: from other containers, from `-v`, from `--mount`, and a volume for
// each place that the image or the request declares as one. Later kinds win over `--volumes-from`; else a place is taken once.
import { InvalidParameterError, NotFoundError } from "../../base/errors.ts";
import type { ContainerConfig, HostConfig, MountPoint, MountRequest } from "../../spec/docker.ts";
import type { OtherContainer } from "../settings.ts";
import { invalidSpec, mountMode, parseBindSpec, parseVolumesFrom } from "./bind-spec.ts";
import { cleanPath } from "../../spec/container-path.ts";
import { checkMount, checkVolumeDriver } from "./mount-request.ts";

/** How a volume is made when it is not there, and what a new container does with it. */
export type VolumeRequest = {
  readonly labels: Readonly<Record<string, string>>;
  readonly driverOptions: Readonly<Record<string, string>>;
  /** An empty volume is filled with what the image has at that place. */
  readonly copy: boolean;
  /** A folder or file inside the volume that is mounted instead of the whole; "" for the whole. */
  readonly subpath: string;
};

export type PlannedMounts = {
  readonly mounts: readonly MountPoint[];
  readonly volumes: ReadonlyMap<string, VolumeRequest>;
  readonly mustExist: ReadonlySet<string>;
};

type Planned = {
  readonly mount: MountPoint;
  readonly volume?: VolumeRequest;
  readonly mustExist?: boolean;
};

export function mountPoints(
  config: ContainerConfig,
  hostConfig: HostConfig,
  findContainer: (ref: string) => OtherContainer | undefined,
): PlannedMounts {
  const { Binds, Mounts = [], Tmpfs = {}, VolumesFrom, VolumeDriver } = hostConfig;
  checkVolumeDriver(VolumeDriver);
  const planned = new Map<string, Planned>();
  const put = (plan: Planned): void => void planned.set(plan.mount.Destination, plan);

  for (const spec of VolumesFrom ?? []) mountsFrom(spec, findContainer).forEach(put);
  const taken = new Set(Object.keys(Tmpfs).map(cleanPath));
  const asked = [...(Binds ?? []).map(boundBySpec), ...Mounts.map(mountedByRequest)];
  for (const plan of asked) {
    const { Destination } = plan.mount;
    if (taken.has(Destination)) throw new InvalidParameterError(`Duplicate mount point: ${Destination}`);
    taken.add(Destination);
    put(plan);
  }
  for (const path of Object.keys(config.Volumes ?? {})) {
    const plan = mountedByRequest({ Type: "volume", Source: "", Target: path, ReadOnly: false });
    const { Destination } = plan.mount;
    if (!taken.has(Destination) && !planned.has(Destination))
      put({ ...plan, mount: { ...plan.mount, Mode: "" } });
  }
  return collected([...planned.values()]);
}

function collected(planned: readonly Planned[]): PlannedMounts {
  const volumes = planned.flatMap(({ mount, volume }) =>
    volume ? [[mount.Destination, volume] as const] : [],
  );
  const checked = planned.filter(({ mustExist }) => mustExist);
  return {
    mounts: planned.map(({ mount }) => mount),
    volumes: new Map(volumes),
    mustExist: new Set(checked.map(({ mount }) => mount.Destination)),
  };
}

function mountsFrom(
  spec: string,
  findContainer: (ref: string) => OtherContainer | undefined,
): readonly Planned[] {
  const { container, mode } = parseVolumesFrom(spec);
  const other = findContainer(container);
  if (!other) throw new NotFoundError(`No such container: ${container}`);
  return other.mounts
    .filter(({ Type }) => Type !== "tmpfs")
    .map((mount) => {
      const shared = { ...mount, RW: mount.RW && !mountMode(mode).readOnly };
      // The first container has filled the volume, or chosen not to.
      if (mount.Type !== "volume") return { mount: shared };
      const subpath = other.subpaths?.[mount.Destination] ?? "";
      return { mount: shared, volume: { labels: {}, driverOptions: {}, copy: false, subpath } };
    });
}

/** The sources of `-v` are made when they are not there. */
function boundBySpec(spec: string): Planned {
  const { source, destination, mode } = parseBindSpec(spec);
  const { readOnly, propagation, copy } = mountMode(mode);
  const request: MountRequest = source.startsWith("/")
    ? {
        Type: "bind",
        Source: source,
        Target: destination,
        ReadOnly: readOnly,
        BindOptions: { Propagation: propagation },
      }
    : { Type: "volume", Source: source, Target: destination, ReadOnly: readOnly };
  const { mount, volume } = inSpec(spec, () => mountedByRequest(request));
  const Mode = mode === "" ? mount.Mode : mode;
  if (!volume) return { mount: { ...mount, Mode } };
  // A propagation means something for binds only; on a volume Docker keeps it as given.
  return {
    mount: { ...mount, Mode, Propagation: propagation },
    volume: { ...volume, copy: copy ?? volume.copy },
  };
}

/** An error of a mount with the `-v` that it came from. */
function inSpec<T>(spec: string, check: () => T): T {
  try {
    return check();
  } catch (err) {
    if (err instanceof InvalidParameterError && err.message.startsWith("invalid mount config"))
      throw invalidSpec(spec, err.message);
    throw err;
  }
}

function mountedByRequest(request: MountRequest): Planned {
  checkMount(request);
  const { Type, Source, Target, ReadOnly } = request;
  const place = { Destination: cleanPath(Target), RW: !ReadOnly };
  if (Type === "bind") {
    const Propagation = request.BindOptions?.Propagation || "rprivate";
    return {
      mount: { Type, Source: cleanPath(Source), ...place, Mode: "", Propagation },
      mustExist: !(request.BindOptions?.CreateMountpoint ?? false),
    };
  }
  if (Type === "tmpfs") return { mount: { Type, Source: "", ...place, Mode: "", Propagation: "" } };
  const { NoCopy = false, Labels = {}, DriverConfig = {}, Subpath = "" } = request.VolumeOptions ?? {};
  return {
    mount: {
      Type: "volume",
      ...(Source === "" ? {} : { Name: Source }),
      Source: "",
      ...place,
      Driver: "local",
      Mode: "z", // as Docker shows a volume of its local driver
      Propagation: "",
    },
    volume: { labels: Labels, driverOptions: DriverConfig.Options ?? {}, copy: !NoCopy, subpath: Subpath },
  };
}
