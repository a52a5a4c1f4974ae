// From the flags of `run` and `create` to the body of `POST /containers/create`. What was not given is left out: the
// daemon's defaults are the same as the image's or Docker's.

import { sysinitAnnotation } from "../../spec/annotations.ts";
import type { ContainerConfig, CreateContainerBody, HostConfig, MountRequest } from "../../spec/docker.ts";
import { parseReference } from "../../spec/reference.ts";
import { CommandError, InvalidValueError } from "../failure.ts";
import type { Flags } from "../flags.ts";
import {
  readHealthcheck,
  readLogConfig,
  readNamespaces,
  readSecurity,
  readStorageOptions,
} from "./confinement.ts";
import {
  readDeviceCgroupRules,
  readDeviceRequests,
  readDevices,
  readThrottles,
  readWeightDevices,
} from "./devices.ts";
import { environment, labels, withDefaults } from "./key-values.ts";
import { given, parseRestartPolicy, readLimits, readSwappiness, readSysctls, readUlimits } from "./limits.ts";
import { readMounts, readTmpfs, readVolumes } from "./mounts.ts";
import { readDns, readDnsSearch, readExtraHosts, readNetworking } from "./networking.ts";
import { readPorts } from "./ports.ts";

export type CreateRequest = {
  readonly body: CreateContainerBody;
  readonly name?: string;
  readonly platform?: string;
};

export type Surroundings = {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Path of the engine's socket, for --use-api-socket; undefined when it is reached otherwise. */
  readonly apiSocket: string | undefined;
  /** Variables that every container gets, unless --env sets them: the proxies of the user's configuration. */
  readonly proxies?: Readonly<Record<string, string>>;
};

/**
 * @param operands the image, then the command.
 * @throws CommandError, InvalidValueError for what Docker's client refuses itself.
 */
export async function readCreateRequest(
  flags: Flags,
  operands: readonly string[],
  surroundings: Surroundings,
): Promise<CreateRequest> {
  const [Image = "", ...command] = operands;
  const { problem } = parseReference(Image);
  // An image's own id is no name, but names an image all the same.
  if (problem !== undefined && !/^[0-9a-f]{64}$/.test(Image)) throw new CommandError(problem, 125);
  const ports = readPorts(flags);
  const networking = readNetworking(flags);
  const body: CreateContainerBody = {
    Image,
    ...(command.length > 0 && { Cmd: command }),
    ...(await readConfig(flags, surroundings)),
    ...filled({ ExposedPorts: ports.exposed, Volumes: readVolumes(flags).volumes }),
    HostConfig: {
      ...(await readHostConfig(flags, surroundings)),
      ...filled({ PortBindings: ports.bindings }),
      NetworkMode: networking.mode,
    },
    ...(hasSettings(networking.endpoints) && { NetworkingConfig: { EndpointsConfig: networking.endpoints } }),
  };
  const restart = body.HostConfig?.RestartPolicy?.Name ?? "no";
  if (body.HostConfig?.AutoRemove && !["", "no"].includes(restart)) {
    throw new CommandError("conflicting options: cannot specify both --restart and --rm", 125);
  }
  return {
    body,
    ...given({ name: flags.text("name") || undefined, platform: flags.text("platform") || undefined }),
  };
}

async function readConfig(
  flags: Flags,
  { env, proxies = {} }: Surroundings,
): Promise<Partial<ContainerConfig>> {
  const text = (flag: string) => flags.text(flag) || undefined;
  const attached = readAttach(flags);
  const interactive = flags.bool("interactive");
  return {
    AttachStdin: attached.stdin,
    AttachStdout: attached.stdout,
    AttachStderr: attached.stderr,
    Tty: flags.bool("tty"),
    OpenStdin: interactive,
    // The program's stdin ends with the client that feeds it.
    StdinOnce: interactive && attached.stdin,
    ...given({
      Hostname: text("hostname"),
      Domainname: text("domainname"),
      User: text("user"),
      WorkingDir: text("workdir"),
      // `--entrypoint ""` takes the image's away.
      Entrypoint: flags.given("entrypoint") ? [flags.text("entrypoint")] : undefined,
      Healthcheck: readHealthcheck(flags),
      StopSignal: text("stop-signal"),
      StopTimeout: flags.given("stop-timeout") ? flags.number("stop-timeout") : undefined,
    }),
    ...filled({ Env: withDefaults(await environment(flags, env), proxies), Labels: await labels(flags) }),
  };
}

export type Attached = { readonly stdin: boolean; readonly stdout: boolean; readonly stderr: boolean };

/** `--attach`, or stdout and stderr (and stdin with -i) without it. */
export function readAttach(flags: Flags): Attached {
  const streams = flags.list("attach").map((stream) => {
    const name = stream.toLowerCase();
    if (["stdin", "stdout", "stderr"].includes(name)) return name;
    throw new InvalidValueError("attach", stream, "valid streams are STDIN, STDOUT and STDERR");
  });
  if (streams.length === 0) return { stdin: flags.bool("interactive"), stdout: true, stderr: true };
  const has = (name: string) => streams.includes(name);
  return { stdin: has("stdin"), stdout: has("stdout"), stderr: has("stderr") };
}

async function readHostConfig(flags: Flags, { apiSocket }: Surroundings): Promise<Partial<HostConfig>> {
  const yes = (flag: string) => flags.bool(flag) || undefined;
  const text = (flag: string) => flags.text(flag) || undefined;
  const socket = flags.bool("use-api-socket") ? [socketMount(apiSocket)] : [];
  return {
    RestartPolicy: parseRestartPolicy(flags.text("restart")),
    ...given({
      AutoRemove: yes("rm"),
      Privileged: yes("privileged"),
      PublishAllPorts: yes("publish-all"),
      ReadonlyRootfs: yes("read-only"),
      OomKillDisable: yes("oom-kill-disable"),
      Init: flags.given("init") ? flags.bool("init") : undefined,
      ContainerIDFile: text("cidfile"),
      CgroupParent: text("cgroup-parent"),
      VolumeDriver: text("volume-driver"),
      Runtime: text("runtime"),
      Isolation: text("isolation"),
      LogConfig: readLogConfig(flags),
      MemorySwappiness: readSwappiness(flags),
      OomScoreAdj: flags.number("oom-score-adj") || undefined,
      ShmSize: flags.number("shm-size") || undefined,
    }),
    ...readLimits(flags),
    ...readNamespaces(flags),
    ...(await readSecurity(flags)),
    ...filled({
      Annotations: readAnnotations(flags),
      Binds: readVolumes(flags).binds,
      BlkioDeviceReadBps: readThrottles(flags, "device-read-bps"),
      BlkioDeviceReadIOps: readThrottles(flags, "device-read-iops"),
      BlkioDeviceWriteBps: readThrottles(flags, "device-write-bps"),
      BlkioDeviceWriteIOps: readThrottles(flags, "device-write-iops"),
      BlkioWeightDevice: readWeightDevices(flags),
      CapAdd: capabilities(flags.list("cap-add")),
      CapDrop: capabilities(flags.list("cap-drop")),
      DeviceCgroupRules: readDeviceCgroupRules(flags),
      DeviceRequests: readDeviceRequests(flags),
      Devices: readDevices(flags),
      Dns: readDns(flags),
      DnsOptions: flags.list("dns-option"),
      DnsSearch: readDnsSearch(flags),
      ExtraHosts: readExtraHosts(flags),
      GroupAdd: flags.list("group-add"),
      Links: flags.list("link"),
      Mounts: [...readMounts(flags), ...socket],
      StorageOpt: readStorageOptions(flags),
      Sysctls: readSysctls(flags),
      Tmpfs: readTmpfs(flags),
      Ulimits: readUlimits(flags),
      VolumesFrom: flags.list("volumes-from"),
    }),
  };
}

/** "net_admin" -> "CAP_NET_ADMIN", each once, in order. */
function capabilities(names: readonly string[]): readonly string[] {
  const full = names
    .map((name) => name.trim().toUpperCase())
    .map((name) => (name === "ALL" ? name : `CAP_${name.replace(/^CAP_/, "")}`));
  return [...new Set(full)].sort();
}

/** Where Docker's own clients look for the engine. */
const usualSocket = "/var/run/docker.sock";

function socketMount(apiSocket: string | undefined): MountRequest {
  if (apiSocket === undefined) {
    throw new CommandError("--use-api-socket needs an engine that is reached through a unix socket", 125);
  }
  return { Type: "bind", Source: apiSocket, Target: usualSocket, ReadOnly: false };
}

function readAnnotations(flags: Flags): Readonly<Record<string, string>> {
  const annotations = flags.map("annotation");
  if (!flags.given("sysinit")) return annotations;
  return { ...annotations, [sysinitAnnotation]: String(flags.bool("sysinit")) };
}

/** Leaves out empty lists and maps. */
function filled<T extends Readonly<Record<string, object>>>(fields: T): Partial<T> {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => Object.keys(value).length > 0),
  ) as Partial<T>;
}

/** Several networks, or one with something to say about it. */
function hasSettings(endpoints: Readonly<Record<string, object>>): boolean {
  const all = Object.values(endpoints);
  return all.length > 1 || all.some((endpoint) => Object.keys(endpoint).length > 0);
}
