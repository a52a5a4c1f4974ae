// `--mount`: the checks of one mount, of whatever type. `-v` comes here too, after it has been taken apart.
import { InvalidParameterError } from "../../base/errors.ts";
import type { MountRequest } from "../../spec/docker.ts";
import { tmpfsOptions, tmpfsOptionsOf } from "../../runtime/oci-spec/tmpfs-options.ts";
import { cleanPath } from "../../spec/container-path.ts";

const propagations = new Set<string>(["private", "rprivate", "slave", "rslave", "shared", "rshared"]);

/** Throws InvalidParameterError: `invalid mount config for type "bind": …`. Whether a bind's source exists is not looked at. */
export function checkMount(mount: MountRequest): void {
  checkOptionsOfType(mount);
  const { Type, Source, Target } = mount;
  if (Target === "") throw invalidMount(Type, "field Target must not be empty");
  if (cleanPath(Target) === "/") throw invalidMount(Type, "invalid specification: destination can't be '/'");
  checkAbsolute(Type, Target);
  switch (Type) {
    case "bind":
      if (Source === "") throw invalidMount(Type, "field Source must not be empty");
      checkBindOptions(mount);
      return checkAbsolute(Type, Source);
    case "volume":
      return checkVolume(mount);
    case "tmpfs":
      if (Source !== "") throw invalidMount(Type, "field Source must not be specified");
      return checkTmpfs(mount);
    case "image":
    case "npipe":
    case "cluster":
      throw invalidMount(Type, "mount type unknown");
    default:
      // The type says "never"; a client's JSON may say anything.
      throw invalidMount(Type, "mount type unknown");
  }
}

function checkOptionsOfType({ Type, BindOptions, VolumeOptions, TmpfsOptions }: MountRequest): void {
  if (BindOptions && Type !== "bind") throw invalidMount(Type, "field BindOptions must not be specified");
  if (VolumeOptions && Type !== "volume")
    throw invalidMount(Type, "field VolumeOptions must not be specified");
  if (TmpfsOptions && Type !== "tmpfs") throw invalidMount(Type, "field TmpfsOptions must not be specified");
}

function checkBindOptions({ BindOptions = {}, ReadOnly }: MountRequest): void {
  const { Propagation = "", ReadOnlyNonRecursive, ReadOnlyForceRecursive } = BindOptions;
  if (Propagation !== "" && !propagations.has(Propagation))
    throw invalidMount("bind", `invalid propagation mode: ${Propagation}`);
  if (ReadOnlyNonRecursive && ReadOnlyForceRecursive)
    throw new InvalidParameterError("mount options conflict: ReadOnlyNonRecursive && ReadOnlyForceRecursive");
  if ((ReadOnlyNonRecursive || ReadOnlyForceRecursive) && !ReadOnly)
    throw new InvalidParameterError("mount options conflict: !ReadOnly && recursive read-only");
}

function checkVolume({ Source, VolumeOptions = {} }: MountRequest): void {
  const { Subpath = "", DriverConfig = {} } = VolumeOptions;
  checkVolumeDriver(DriverConfig.Name ?? "");
  if (Source !== "") checkVolumeName(Source);
  if (Subpath === "") return;
  if (Source === "") throw invalidMount("volume", "must not set Subpath when using anonymous volumes");
  if (Subpath.startsWith("/") || cleanPath(Subpath).split("/")[0] === "..")
    throw invalidMount("volume", "subpath must be a relative path within the volume");
}

function checkTmpfs(mount: MountRequest): void {
  for (const option of mount.TmpfsOptions?.Options ?? []) {
    if (option.length < 1 || option.length > 2) throw invalidMount("tmpfs", "invalid option array length");
    if (option[0] !== "exec" && option[0] !== "noexec")
      throw invalidMount("tmpfs", `invalid option: ${option[0]}`);
  }
  tmpfsOptions(tmpfsOptionsOf(mount));
}

function checkAbsolute(type: string, path: string): void {
  if (!path.startsWith("/"))
    throw invalidMount(type, `invalid mount path: '${path}' mount path must be absolute`);
}

const volumeName = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

function checkVolumeName(name: string): void {
  if (volumeName.test(name)) return;
  if (name.length === 1)
    throw new InvalidParameterError(
      `create ${name}: volume name is too short, names should be at least two alphanumeric characters`,
    );
  throw new InvalidParameterError(
    `create ${name}: "${name}" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
  );
}

/** There is one driver. */
export function checkVolumeDriver(name: string): void {
  if (name !== "" && name !== "local")
    throw new InvalidParameterError(`error looking up volume plugin ${name}: plugin "${name}" not found`);
}

export function invalidMount(type: string, why: string): InvalidParameterError {
  return new InvalidParameterError(`invalid mount config for type "${type}": ${why}`);
}
