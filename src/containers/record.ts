// The record of a container: all that is known of it, frozen, replaced whole at every change (containers/<id>/config.json).
import type { ContainerConfig, EndpointSettings, Health, HostConfig, MountPoint } from "../spec/docker.ts";
import type { Digest } from "../spec/digest.ts";
import type { RequestedAction } from "../spec/container-extra.ts";
import type { ContainerState } from "./state.ts";

/** Where a running container sits on a network; what a restarted daemon needs to go on and to clean up. */
export type Attachment = {
  /** The network's name, as in `NetworkSettings.Networks`. */
  readonly network: string;
  readonly endpoint: EndpointSettings;
  /** `eth0`; not there in the host's network and in none. */
  readonly interface?: string;
  /** The host's end, where there is one. */
  readonly hostInterface?: string;
};

/** A run of published ports, as the networks made it. */
export type PublishedPort = {
  readonly protocol: "tcp" | "udp" | "sctp";
  readonly hostIp: string;
  readonly hostPort: number;
  readonly containerIp: string;
  readonly containerPort: number;
  readonly count: number;
};

/** What a client last asked about the container's running, so that one can tell who stopped it. */
export type LastRequest = {
  readonly action: RequestedAction;
  /** RFC 3339, UTC. */
  readonly at: string;
  /** Sent first, for a stop, a restart and a kill. */
  readonly signal?: number;
  /** SIGKILL followed: the program did not heed the first signal in time. */
  readonly forced?: boolean;
  /** The client as it names itself. */
  readonly by: string;
};

export type ContainerRecord = {
  /** 64 hex digits. */
  readonly id: string;
  /** Without the leading slash of the API. */
  readonly name: string;
  /** RFC 3339, UTC. */
  readonly createdAt: string;
  /** Image id (`sha256:…`); `config.Image` is the name that the user gave. */
  readonly imageId: Digest;
  /** Chain ids of the image's layers, lowest first. */
  readonly layers: readonly Digest[];
  readonly platform: string;
  readonly config: ContainerConfig;
  readonly hostConfig: HostConfig;
  readonly mounts: readonly MountPoint[];
  /** By destination, the place inside a volume that is mounted instead of the whole. Records of before there were any have none. */
  readonly subpaths?: Readonly<Record<string, string>>;
  /** Destinations of volumes that stay empty where the image has something. Records of before there were any have none. */
  readonly uncopied?: readonly string[];
  /** Endpoint settings as asked for at create, by network name. */
  readonly endpoints: Readonly<Record<string, EndpointSettings>>;
  /** What it holds now: empty unless it runs. */
  readonly attachments: readonly Attachment[];
  /** Its ports on the host: empty unless it runs. Records of before there were any have none. */
  readonly published?: readonly PublishedPort[];
  readonly driver: string;
  readonly state: ContainerState;
  /** There once a container with a health check has been started. On disk it may be a few probes old. */
  readonly health?: Health;
  readonly restartCount: number;
  /** Set by a stop or kill through the API, cleared by a start: `unless-stopped` looks at it, and so does a restart of the daemon. */
  readonly stoppedByUser: boolean;
  readonly lastRequest?: LastRequest;
};

/** The program and its arguments: entrypoint and command put together, as `Path` and `Args` of the API. */
export function programOf(config: ContainerConfig): readonly string[] {
  return [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])];
}
