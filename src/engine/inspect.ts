// `inspect` of a container: its record in the shape of the API, with every field of every version.
import { join } from "node:path";
import type { ContainerRecord } from "../containers/record.ts";
import { programOf } from "../containers/record.ts";
import { networksOf, portsOf, stateBody } from "../containers/view.ts";
import { containerMounts, storageDriverName } from "../storage/overlay.ts";
import type { ContainerInspect, EndpointSettings, NetworkSettings } from "../spec/docker.ts";
import { containerSizes } from "./container-size.ts";
import type { Engine } from "./engine.ts";
import { containerLogPath } from "./task.ts";

/** NotFoundError "No such container: x". With `size` the container's files are counted. */
export async function inspectContainer(
  engine: Engine,
  ref: string,
  options: { readonly size: boolean },
): Promise<ContainerInspect> {
  const record = engine.containers.find(ref);
  const { id, config, hostConfig } = record;
  const folder = engine.containers.folder(id);
  const [Path = "", ...Args] = programOf(config);
  const execs = engine.execs.runningIn(id);
  return {
    Id: id,
    Created: record.createdAt,
    Path,
    Args,
    State: stateBody(record.state, record.health),
    Image: record.imageId,
    ResolvConfPath: join(folder, "resolv.conf"),
    HostnamePath: join(folder, "hostname"),
    HostsPath: join(folder, "hosts"),
    LogPath: hostConfig.LogConfig.Type === "json-file" ? containerLogPath(engine, id) : "",
    Name: `/${record.name}`,
    RestartCount: record.restartCount,
    Driver: storageDriverName,
    Platform: record.platform,
    MountLabel: "",
    ProcessLabel: "",
    AppArmorProfile: "",
    ExecIDs: execs.length > 0 ? execs : null,
    HostConfig: hostConfig,
    GraphDriver: { Name: storageDriverName, Data: graphData(engine, record) },
    ...(options.size ? await containerSizes(engine, record) : {}),
    Mounts: record.mounts,
    Config: config,
    NetworkSettings: networkSettings(engine, record),
  };
}

function graphData(engine: Engine, { id, layers }: ContainerRecord): Record<string, string> {
  const [mount] = containerMounts(engine.images.layers, layers, engine.containers.folder(id));
  if (!mount) return {};
  return {
    LowerDir: mount.lowerFolders.join(":"),
    MergedDir: mount.target,
    UpperDir: mount.upperFolder,
    WorkDir: mount.workFolder,
  };
}

const emptyEndpoint = {
  EndpointID: "",
  Gateway: "",
  GlobalIPv6Address: "",
  GlobalIPv6PrefixLen: 0,
  IPAddress: "",
  IPPrefixLen: 0,
  IPv6Gateway: "",
  MacAddress: "",
};

/** The addresses of the default bridge appear a second time at the top, where clients of API versions below 1.52 look. */
function networkSettings(engine: Engine, record: ContainerRecord): NetworkSettings {
  const networks = networksOf(record);
  const isAttached = record.attachments.length > 0;
  return {
    Bridge: "",
    SandboxID: isAttached ? record.id : "",
    SandboxKey: isAttached ? join(engine.config.execRoot, "netns", record.id) : "",
    Ports: portsOf(record),
    HairpinMode: false,
    LinkLocalIPv6Address: "",
    LinkLocalIPv6PrefixLen: 0,
    SecondaryIPAddresses: null,
    SecondaryIPv6Addresses: null,
    ...addressesOf(networks["bridge"]),
    Networks: networks,
  };
}

function addressesOf(endpoint: EndpointSettings | undefined): typeof emptyEndpoint {
  if (!endpoint) return emptyEndpoint;
  const { EndpointID, Gateway, GlobalIPv6Address, GlobalIPv6PrefixLen } = endpoint;
  const { IPAddress, IPPrefixLen, IPv6Gateway, MacAddress } = endpoint;
  return {
    EndpointID,
    Gateway,
    GlobalIPv6Address,
    GlobalIPv6PrefixLen,
    IPAddress,
    IPPrefixLen,
    IPv6Gateway,
    MacAddress,
  };
}
