// `Config`: what the container runs, made from the request and from what its image says.
import { cleanPath } from "../../spec/container-path.ts";
import { InvalidParameterError } from "../../base/errors.ts";
import type {
  ContainerConfig,
  CreateContainerBody,
  HealthConfig,
  HostConfig,
  StringSet,
} from "../../spec/docker.ts";
import type { ImageRunConfig } from "../../spec/oci-image.ts";
import type { SettingsContext } from "../settings.ts";
import { signalNumber } from "../signals.ts";
import { portKeys } from "./ports.ts";

type Wanted = Omit<CreateContainerBody, "HostConfig" | "NetworkingConfig" | "MacAddress">;

/** HOST_NAME_MAX of the kernel. */
const longestHostname = 64;

/** Refuses what no image could make right. */
export function checkConfig(wanted: Wanted): void {
  const { Hostname = "", WorkingDir = "", StopSignal = "", Env = [], Healthcheck } = wanted;
  if (Buffer.byteLength(Hostname) > longestHostname)
    throw new InvalidParameterError(`hostname "${Hostname}" is too long (maximum ${longestHostname} bytes)`);
  if (WorkingDir !== "" && !WorkingDir.startsWith("/"))
    throw new InvalidParameterError(
      `the working directory '${WorkingDir}' is invalid, it needs to be an absolute path`,
    );
  if (StopSignal !== "") signalNumber(StopSignal);
  for (const entry of Env)
    if (nameOf(entry) === "") throw new InvalidParameterError(`invalid environment variable: ${entry}`);
  if (Healthcheck) checkHealth(Healthcheck);
}

const nanosecondsInMs = 1e6;

function checkHealth(health: HealthConfig): void {
  for (const name of ["Interval", "Timeout", "StartPeriod", "StartInterval"] as const) {
    const duration = health[name] ?? 0;
    if (duration !== 0 && duration < nanosecondsInMs)
      throw new InvalidParameterError(`${name} in Healthcheck cannot be less than 1ms`);
  }
  if ((health.Retries ?? 0) < 0) throw new InvalidParameterError("Retries in Healthcheck cannot be negative");
}

/** Throws "no command specified" when neither the request nor the image names a program. */
export function containerConfig(
  wanted: Wanted,
  hostConfig: HostConfig,
  { id, image = {}, facts }: SettingsContext,
): ContainerConfig {
  const program = programOf(wanted, image);
  const exposed = mergedSets(portKeys(image.ExposedPorts), portKeys(wanted.ExposedPorts));
  const workingDir = wanted.WorkingDir || image.WorkingDir || "";
  const healthcheck = mergedHealth(wanted.Healthcheck, image.Healthcheck);
  const stopSignal = wanted.StopSignal || image.StopSignal;
  const shell = wanted.Shell ?? image.Shell;
  // In Docker's order, which inspect shows.
  return {
    Hostname: wanted.Hostname || (usesHostsName(hostConfig) ? facts.hostname : id.slice(0, 12)),
    Domainname: wanted.Domainname ?? "",
    User: wanted.User || image.User || "",
    AttachStdin: wanted.AttachStdin ?? false,
    AttachStdout: wanted.AttachStdout ?? false,
    AttachStderr: wanted.AttachStderr ?? false,
    ...(exposed && { ExposedPorts: exposed }),
    Tty: wanted.Tty ?? false,
    OpenStdin: wanted.OpenStdin ?? false,
    StdinOnce: wanted.StdinOnce ?? false,
    Env: mergedEnv(wanted.Env ?? [], image.Env ?? []),
    Cmd: program.Cmd,
    ...(healthcheck ? { Healthcheck: healthcheck } : {}),
    Image: wanted.Image ?? "",
    Volumes: mergedSets(image.Volumes, wanted.Volumes),
    WorkingDir: workingDir === "" ? "" : cleanPath(workingDir),
    Entrypoint: program.Entrypoint,
    ...(wanted.NetworkDisabled ? { NetworkDisabled: true } : {}),
    OnBuild: wanted.OnBuild ?? null,
    Labels: { ...image.Labels, ...wanted.Labels },
    ...(stopSignal ? { StopSignal: stopSignal } : {}),
    ...(wanted.StopTimeout === undefined ? {} : { StopTimeout: wanted.StopTimeout }),
    ...(shell ? { Shell: shell } : {}),
  };
}

/** With the host's network or UTS namespace a container bears the host's name. */
function usesHostsName({ NetworkMode, UTSMode }: HostConfig): boolean {
  return NetworkMode === "host" || UTSMode === "host";
}

/** An entrypoint in the request takes the image's command away with its entrypoint; `[""]` takes the entrypoint alone. */
function programOf(wanted: Wanted, image: ImageRunConfig): Pick<ContainerConfig, "Entrypoint" | "Cmd"> {
  const hasEntrypoint = (wanted.Entrypoint ?? []).length > 0;
  const hasCommand = (wanted.Cmd ?? []).length > 0;
  const entrypoint = wanted.Entrypoint ?? image.Entrypoint ?? [];
  const command = hasCommand || hasEntrypoint ? wanted.Cmd : image.Cmd;
  const Entrypoint = entrypoint.length === 0 || isReset(entrypoint) ? null : entrypoint;
  const Cmd = command ?? null;
  if (Entrypoint === null && (Cmd ?? []).length === 0)
    throw new InvalidParameterError("no command specified");
  return { Entrypoint, Cmd };
}

function isReset(entrypoint: readonly string[]): boolean {
  return entrypoint.length === 1 && entrypoint[0] === "";
}

/** By name: the request's entries, then those of the image that it does not name. An entry without "=" unsets its name. */
function mergedEnv(wanted: readonly string[], image: readonly string[]): string[] {
  const named = new Set(wanted.map(nameOf));
  return [...wanted, ...image.filter((entry) => !named.has(nameOf(entry)))];
}

function nameOf(entry: string): string {
  return entry.split("=", 1)[0] ?? "";
}

function mergedSets(
  image: StringSet | null | undefined,
  wanted: StringSet | null | undefined,
): StringSet | null {
  const merged = { ...image, ...wanted };
  return Object.keys(merged).length === 0 ? null : merged;
}

/** Field by field: what the request leaves out or gives as 0 comes from the image. */
function mergedHealth(
  wanted: HealthConfig | undefined,
  image: HealthConfig | undefined,
): HealthConfig | undefined {
  if (!wanted) return image;
  const given = Object.entries(wanted).filter(([, value]) =>
    Array.isArray(value) ? value.length > 0 : value,
  );
  return { ...image, ...Object.fromEntries(given) };
}
