// The one place where a request to create a container is judged: from the body of the request, the image and what this
// machine can do come frozen settings with every default filled in, or an error in Docker's words and nothing changed.
import type { CgroupFacts } from "../runtime/cgroup.ts";
import type {
  ContainerConfig,
  CreateContainerBody,
  EndpointSettings,
  HostConfig,
  MountPoint,
} from "../spec/docker.ts";
import type { ImageRunConfig } from "../spec/oci-image.ts";
import type { ContainerDefaults } from "./defaults.ts";
import { checkConfig, containerConfig } from "./settings/config.ts";
import { checkModeConflicts } from "./settings/conflicts.ts";
import { endpointSettings } from "./settings/endpoints.ts";
import { hostConfigOf } from "./settings/host-config.ts";
import { mountPoints } from "./settings/mount-points.ts";
import type { VolumeRequest } from "./settings/mount-points.ts";
import { sharedNamespacesById } from "./settings/modes.ts";

/** What the machine and the daemon's configuration say; the same for all requests. */
export type HostFacts = {
  readonly cgroup: CgroupFacts;
  /** CPUs that this process may use. */
  readonly cpus: number;
  readonly hostname: string;
  readonly seccomp: boolean;
  /** Names that `--runtime` may give. */
  readonly runtimes: readonly string[];
  /** Capabilities that the daemon holds, a bit each. */
  readonly capabilities: bigint;
  /** The daemon's own hard limits by ulimit name (`nofile`): more than these it can give only with CAP_SYS_RESOURCE. */
  readonly hardLimits: Readonly<Record<string, number>>;
  readonly defaultRuntime: string;
  readonly defaults: ContainerDefaults;
};

/** Another container, as far as a new one may lean on it. */
export type OtherContainer = {
  readonly id: string;
  readonly mounts: readonly MountPoint[];
  /** By destination, as a ContainerRecord has them. */
  readonly subpaths?: Readonly<Record<string, string>>;
};

export type SettingsContext = {
  /** Id of the new container, 64 hex digits. */
  readonly id: string;
  readonly image: ImageRunConfig | undefined;
  readonly facts: HostFacts;
  /** By name, id or a unique beginning of an id. */
  readonly findContainer: (ref: string) => OtherContainer | undefined;
};

export type ContainerSettings = {
  readonly config: ContainerConfig;
  readonly hostConfig: HostConfig;
  /** By destination. Volumes have no Source yet, anonymous ones no Name. `HostConfig.Tmpfs` is not among them (as in Docker). */
  readonly mounts: readonly MountPoint[];
  /** How the volumes among `mounts` are made and filled, by destination. */
  readonly volumes: ReadonlyMap<string, VolumeRequest>;
  /** Destinations whose bind source is refused when it is not there; the sources of other binds are made. */
  readonly mustExist: ReadonlySet<string>;
  readonly endpoints: Readonly<Record<string, EndpointSettings>>;
  readonly warnings: readonly string[];
};

/** Throws InvalidParameterError, or NotFoundError for `--volumes-from` a container that is not there. */
export function containerSettings(body: CreateContainerBody, context: SettingsContext): ContainerSettings {
  const { HostConfig: asked = {}, NetworkingConfig: networking = {}, MacAddress = "", ...wanted } = body;
  const { facts } = context;
  checkConfig(wanted);
  const { hostConfig: checked, warnings } = hostConfigOf(asked, facts);
  checkModeConflicts(wanted, checked);
  const hostConfig = sharedNamespacesById(checked, context.findContainer);
  const config = containerConfig(wanted, hostConfig, context);
  const { mounts, volumes, mustExist } = mountPoints(config, hostConfig, context.findContainer);
  const endpoints = endpointSettings(networking, hostConfig, MacAddress);
  return { config, hostConfig, mounts, volumes, mustExist, endpoints, warnings };
}
