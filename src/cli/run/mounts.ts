// `--mount`, `--volume` and `--tmpfs`.

import { resolve } from "node:path";
import type { MountPropagation, MountRequest, StringSet } from "../../spec/docker.ts";
import { InvalidValueError } from "../failure.ts";
import { CommandError } from "../failure.ts";
import { BadValueError, parseBool, parseBytes } from "../flag-values.ts";
import type { Flags } from "../flags.ts";
import { splitPair } from "../flags.ts";
import { commaFields } from "./comma-fields.ts";

export type Volumes = { readonly binds: readonly string[]; readonly volumes: StringSet };

/** `-v SOURCE:TARGET[:OPTIONS]` becomes a bind, `-v TARGET` a volume without a name. */
export function readVolumes(flags: Flags): Volumes {
  const binds: string[] = [];
  const volumes: Record<string, Record<string, never>> = {};
  for (const spec of flags.list("volume")) {
    if (spec === "") throw new CommandError("invalid empty volume spec", 125);
    const colon = spec.indexOf(":");
    if (colon < 0) volumes[spec] = {};
    else if (colon === 0 || spec.includes("::")) {
      throw new CommandError(`invalid spec: ${spec}: empty section between colons`, 125);
    } else binds.push(absoluteSource(spec.slice(0, colon)) + spec.slice(colon));
  }
  return { binds, volumes };
}

/** A source that begins with a dot is a path from here. */
function absoluteSource(source: string): string {
  return source.startsWith(".") ? resolve(source) : source;
}

/** `--tmpfs TARGET[:OPTIONS]`. */
export function readTmpfs(flags: Flags): Readonly<Record<string, string>> {
  return Object.fromEntries(
    flags.list("tmpfs").map((spec) => {
      const colon = spec.indexOf(":");
      return colon < 0 ? [spec, ""] : [spec.slice(0, colon), spec.slice(colon + 1)];
    }),
  );
}

export function readMounts(flags: Flags): readonly MountRequest[] {
  return flags.list("mount").map((spec) => {
    try {
      return parseMount(spec);
    } catch (err) {
      if (err instanceof Error) throw new InvalidValueError("mount", spec, err.message);
      throw err;
    }
  });
}

type Draft = {
  Type: MountRequest["Type"];
  Source: string;
  Target: string;
  ReadOnly: boolean;
  Consistency?: string;
  bind: Record<string, unknown>;
  volume: Record<string, unknown>;
  image: Record<string, unknown>;
  tmpfs: Record<string, unknown>;
};

type Setter = (draft: Draft, value: string, key: string) => void;

const setSource: Setter = (draft, value) => (draft.Source = absoluteSource(value));
const setTarget: Setter = (draft, value) => (draft.Target = value);
const setReadOnly: Setter = (draft, value, key) => (draft.ReadOnly = switchValue(key, value));

/** What each key of a mount does. */
const setters: Readonly<Record<string, Setter>> = {
  type: (draft, value) => (draft.Type = value.toLowerCase() as MountRequest["Type"]),
  source: setSource,
  src: setSource,
  target: setTarget,
  dst: setTarget,
  destination: setTarget,
  readonly: setReadOnly,
  ro: setReadOnly,
  consistency: (draft, value) => (draft.Consistency = value.toLowerCase()),
  "bind-propagation": ({ bind }, value) => (bind["Propagation"] = value.toLowerCase() as MountPropagation),
  "bind-nonrecursive": ({ bind }, value, key) => (bind["NonRecursive"] = switchValue(key, value)),
  "bind-create-src": ({ bind }, value, key) => (bind["CreateMountpoint"] = switchValue(key, value)),
  "bind-recursive": setRecursive,
  "volume-nocopy": ({ volume }, value, key) => (volume["NoCopy"] = switchValue(key, value)),
  "volume-subpath": ({ volume }, value) => (volume["Subpath"] = value),
  "volume-label": ({ volume }, value) => addPair(volume, "Labels", value),
  "volume-driver": ({ volume }, value) => (driverOf(volume)["Name"] = value),
  "volume-opt": ({ volume }, value) => addPair(driverOf(volume), "Options", value),
  "image-subpath": ({ image }, value) => (image["Subpath"] = value),
  "tmpfs-size": ({ tmpfs }, value, key) => (tmpfs["SizeBytes"] = sized(key, value)),
  "tmpfs-mode": ({ tmpfs }, value, key) => (tmpfs["Mode"] = octal(key, value)),
};

/** Keys that stand for true when they have no value. */
const switches = new Set(["readonly", "ro", "volume-nocopy", "bind-nonrecursive", "bind-create-src"]);

/** Throws Error with the reason. */
export function parseMount(spec: string): MountRequest {
  if (spec.trim() === "") throw new Error("value is empty");
  const draft: Draft = {
    Type: "volume",
    Source: "",
    Target: "",
    ReadOnly: false,
    bind: {},
    volume: {},
    image: {},
    tmpfs: {},
  };
  for (const field of commaFields(spec)) {
    const [rawKey, value] = splitPair(field);
    const key = rawKey.toLowerCase();
    if (!field.includes("=") && !switches.has(key))
      throw new Error(`invalid field '${field}' must be a key=value pair`);
    const set = setters[key];
    if (set === undefined) throw new Error(`unexpected key '${key}' in '${field}'`);
    set(draft, field.includes("=") ? value : "true", key);
  }
  return finish(draft);
}

function finish({ bind, volume, image, tmpfs, ...mount }: Draft): MountRequest {
  // "" is what `type=` gives.
  if ((mount.Type as string) === "") throw new Error("type is required");
  if (mount.Target === "") throw new Error("target is required");
  const options = { bind, volume, image, tmpfs };
  for (const [kind, given] of Object.entries(options)) {
    if (Object.keys(given).length > 0 && mount.Type !== kind) {
      throw new Error(`cannot mix '${kind}-*' options with mount type '${mount.Type}'`);
    }
  }
  return {
    ...mount,
    ...(Object.keys(bind).length > 0 && { BindOptions: bind }),
    ...(Object.keys(volume).length > 0 && { VolumeOptions: volume }),
    ...(Object.keys(image).length > 0 && { ImageOptions: image }),
    ...(Object.keys(tmpfs).length > 0 && { TmpfsOptions: tmpfs }),
  };
}

function setRecursive(draft: Draft, value: string): void {
  switch (value) {
    case "enabled":
      return;
    case "disabled":
      draft.bind["NonRecursive"] = true;
      return;
    case "writable":
      draft.bind["ReadOnlyNonRecursive"] = true;
      return;
    case "readonly":
      draft.bind["ReadOnlyForceRecursive"] = true;
      return;
    default:
      throw new Error(
        `invalid value for bind-recursive: ${value} (must be "enabled", "disabled", "writable", or "readonly")`,
      );
  }
}

function driverOf(volume: Record<string, unknown>): Record<string, unknown> {
  return (volume["DriverConfig"] ??= {}) as Record<string, unknown>;
}

function addPair(target: Record<string, unknown>, key: string, pair: string): void {
  const [name, value] = splitPair(pair);
  target[key] = { ...(target[key] as Record<string, string> | undefined), [name]: value };
}

function switchValue(key: string, value: string): boolean {
  try {
    return parseBool(value);
  } catch (err) {
    if (err instanceof BadValueError) throw new Error(`invalid value for ${key}: ${value}`, { cause: err });
    throw err;
  }
}

function sized(key: string, value: string): number {
  try {
    return parseBytes(value);
  } catch (err) {
    if (err instanceof BadValueError) throw new Error(`invalid value for ${key}: ${value}`, { cause: err });
    throw err;
  }
}

function octal(key: string, value: string): number {
  if (!/^[0-7]{1,6}$/.test(value)) throw new Error(`invalid value for ${key}: ${value}`);
  return Number.parseInt(value, 8);
}
