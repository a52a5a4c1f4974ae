// The engine's JSON as Go would hold it: Docker's answers are structs, with maps and lists at known names. It matters
// where a template prints more than a single value: `{{.Mounts}}`, `{{.HostConfig.RestartPolicy}}`.

import { isFields, markStruct, nilList, nilMap } from "./values.ts";
import type { Fields } from "./values.ts";

const words = (text: string) => new Set(text.split(" "));

/** Keys below which an object is a map. (`Config` is one in a LogConfig only.) */
const maps = words(
  "Annotations Attributes Data Details DriverOpts ExposedPorts IndexConfigs Labels Networks Options PortBindings Ports Runtimes StorageOpt Sysctls Tmpfs Volumes",
);
/** Keys whose null is a list without elements. */
const lists = words(
  "Aliases Args Binds BlkioDeviceReadBps BlkioDeviceReadIOps BlkioDeviceWriteBps BlkioDeviceWriteIOps BlkioWeightDevice CapAdd CapDrop Capabilities Cmd DNSNames DeviceCgroupRules DeviceIDs DeviceRequests Devices Dns DnsOptions DnsSearch Entrypoint Env ExecIDs ExtraHosts GroupAdd Layers Links MaskedPaths Mounts OnBuild ReadonlyPaths RepoDigests RepoTags SecondaryIPAddresses SecondaryIPv6Addresses SecurityOpt Shell Ulimits VolumesFrom",
);
/** Keys of maps whose values are lists: a port without bindings. */
const listMaps = words("PortBindings Ports");

/**
 * Parses an answer of the engine.
 *
 * @param typeName Go's name of its type, for complaints about fields that it lacks.
 */
export function parseGoJson(text: string, typeName?: string): unknown {
  const value = convert(JSON.parse(text), "", undefined);
  if (typeName !== undefined && isFields(value)) markStruct(value, typeName);
  return value;
}

function convert(value: unknown, key: string, parent: Fields | undefined): unknown {
  if (value === null) return lists.has(key) ? nilList : maps.has(key) ? nilMap : null;
  if (Array.isArray(value)) return value.map((item: unknown) => convert(item, "", undefined));
  if (!isFields(value)) return value;
  const isMap = maps.has(key) || (key === "Config" && parent?.["Type"] !== undefined);
  const converted = Object.fromEntries(
    Object.entries(value).map(([name, item]) => {
      if (isMap && item === null) return [name, listMaps.has(key) ? nilList : null];
      return [name, convert(item, isMap ? "" : name, value)];
    }),
  );
  if (!isMap) markStruct(converted);
  return converted;
}
