// Devices: which ones the container gets, what it may do with them, and how fast.

import type { DeviceMapping, DeviceRequest, ThrottleDevice, WeightDevice } from "../../spec/docker.ts";
import { CommandError, InvalidValueError } from "../failure.ts";
import { BadValueError, parseBytes } from "../flag-values.ts";
import type { Flags } from "../flags.ts";
import { splitPair } from "../flags.ts";
import { commaFields } from "./comma-fields.ts";

const accessMode = /^[rwm]{1,3}$/;
/** A device by its name in the Container Device Interface: vendor.com/class=name. */
const deviceInterfaceName = /^[a-zA-Z][\w.-]*\/[\w.-]+=[\w.:-]+$/;

/** `--device`, but for names of the Container Device Interface. */
export function readDevices(flags: Flags): readonly DeviceMapping[] {
  return flags
    .list("device")
    .filter((spec) => !deviceInterfaceName.test(spec))
    .map(parseDevice);
}

function parseDevice(spec: string): DeviceMapping {
  const parts = spec.split(":");
  const [source = "", second, third] = parts;
  if (parts.length > 3 || source === "") throw new CommandError(`bad format for path: ${spec}`, 125);
  const secondIsMode = third === undefined && second !== undefined && accessMode.test(second);
  const target = second === undefined || secondIsMode ? source : second;
  if (!target.startsWith("/")) throw new CommandError(`${target} is not an absolute path`, 125);
  const mode = third ?? (secondIsMode ? second : "rwm");
  if (!accessMode.test(mode)) throw new CommandError(`bad mode specified: ${mode}`, 125);
  return { PathOnHost: source, PathInContainer: target, CgroupPermissions: mode };
}

/** `--gpus` and devices of the Container Device Interface. */
export function readDeviceRequests(flags: Flags): readonly DeviceRequest[] {
  const interfaceDevices = flags.list("device").filter((spec) => deviceInterfaceName.test(spec));
  const named: DeviceRequest[] =
    interfaceDevices.length === 0
      ? []
      : [{ Driver: "cdi", Count: 0, DeviceIDs: interfaceDevices, Capabilities: null, Options: null }];
  return [...named, ...flags.list("gpus").map(parseGpus)];
}

function parseGpus(spec: string): DeviceRequest {
  const bad = (reason: string) => new InvalidValueError("gpus", spec, reason);
  let count: number | undefined;
  let driver = "";
  let ids: readonly string[] | null = null;
  let options: Readonly<Record<string, string>> = {};
  const capabilities = ["gpu"];
  for (const [at, field] of commaFields(spec).entries()) {
    const [key, value] = splitPair(field);
    if (!field.includes("=") && at > 0) throw bad(`invalid field '${field}' must be a key=value pair`);
    if (!field.includes("=")) count = gpuCount(spec, field);
    else if (key === "count") count = gpuCount(spec, value);
    else if (key === "driver") driver = value;
    else if (key === "device") ids = value.split(",");
    else if (key === "capabilities") capabilities.push(...value.split(","));
    else if (key === "options") options = Object.fromEntries(value.split(",").map(splitPair));
    else throw bad(`unexpected key '${key}' in '${field}'`);
  }
  const amount = count ?? (ids === null ? 1 : 0);
  return { Driver: driver, Count: amount, DeviceIDs: ids, Capabilities: [capabilities], Options: options };
}

function gpuCount(spec: string, text: string): number {
  if (text === "all") return -1;
  if (/^\d+$/.test(text)) return Number(text);
  throw new InvalidValueError(
    "gpus",
    spec,
    `invalid count (${text}): value must be either "all" or an integer: invalid syntax`,
  );
}

export function readDeviceCgroupRules(flags: Flags): readonly string[] {
  return flags.list("device-cgroup-rule").map((rule) => {
    if (/^[acb] (?:\d+|\*):(?:\d+|\*) [rwm]{1,3}$/.test(rule)) return rule;
    throw new InvalidValueError("device-cgroup-rule", rule, `invalid device cgroup format '${rule}'`);
  });
}

export function readWeightDevices(flags: Flags): readonly WeightDevice[] {
  const flag = "blkio-weight-device";
  return flags.list(flag).map((spec) => {
    const { path, rest } = splitDevice(flag, spec);
    const weight = /^\d+$/.test(rest) ? Number(rest) : -1;
    if (weight !== 0 && (weight < 10 || weight > 1000)) {
      throw new InvalidValueError(flag, spec, `invalid weight for device: ${spec}`);
    }
    return { Path: path, Weight: weight };
  });
}

type RateFlag = "device-read-bps" | "device-write-bps" | "device-read-iops" | "device-write-iops";

/** Limits in bytes or in operations a second. */
export function readThrottles(flags: Flags, flag: RateFlag): readonly ThrottleDevice[] {
  const inBytes = flag.endsWith("bps");
  return flags.list(flag).map((spec) => {
    const { path, rest } = splitDevice(flag, spec);
    try {
      return { Path: path, Rate: inBytes ? parseBytes(rest) : operations(rest) };
    } catch (err) {
      if (!(err instanceof BadValueError)) throw err;
      const form = inBytes
        ? "<device-path>:<number>[<unit>]. Number must be a positive integer. Unit is optional and can be kb, mb, or gb"
        : "<device-path>:<number>. Number must be a positive integer";
      throw new InvalidValueError(
        flag,
        spec,
        `invalid rate for device: ${spec}. The correct format is ${form}`,
      );
    }
  });
}

function operations(text: string): number {
  if (!/^\d+$/.test(text)) throw new BadValueError(text);
  return Number(text);
}

function splitDevice(flag: string, spec: string): { readonly path: string; readonly rest: string } {
  const colon = spec.indexOf(":");
  const path = spec.slice(0, colon);
  const rest = spec.slice(colon + 1);
  if (colon <= 0 || rest === "") throw new InvalidValueError(flag, spec, `bad format: ${spec}`);
  if (!path.startsWith("/dev/"))
    throw new InvalidValueError(flag, spec, `bad format for device path: ${spec}`);
  return { path, rest };
}
