// Options of tmpfs mounts: `--tmpfs /x:size=1m,exec` and `--mount type=tmpfs`.
import { InvalidParameterError } from "../../base/errors.ts";
import type { MountRequest } from "../../spec/docker.ts";

/** Docker's for a tmpfs of the user, unless the options say the opposite. */
const defaults = ["noexec", "nosuid", "nodev"];

const flags = new Set(
  "ro rw suid nosuid dev nodev exec noexec sync async dirsync remount mand nomand atime noatime diratime nodiratime bind rbind unbindable runbindable private rprivate shared rshared slave rslave relatime norelatime strictatime nostrictatime".split(
    " ",
  ),
);
const keys = new Set(["mode", "uid", "gid", "size", "nr_inodes", "nr_blocks", "mpol"]);

/** The options of a mount with Docker's defaults before them; InvalidParameterError for an option that tmpfs does not have. */
export function tmpfsOptions(given: string): readonly string[] {
  const options = given === "" ? [] : given.split(",");
  for (const option of options) {
    const [key = "", value] = option.split("=", 2);
    if (value === undefined ? !flags.has(option) : !keys.has(key))
      throw new InvalidParameterError(`invalid tmpfs option ["${option}"]`);
  }
  const named = new Set(options.map(nameOf));
  return [...defaults.filter((option) => !named.has(nameOf(option))), ...options];
}

/** `exec` and `noexec` are one thing, and the last one said counts. */
function nameOf(option: string): string {
  const [key = ""] = option.split("=", 1);
  return key.startsWith("no") && flags.has(key.slice(2)) ? key.slice(2) : key;
}

/** The options of `--mount type=tmpfs` as those of `--tmpfs`. */
export function tmpfsOptionsOf({ ReadOnly, TmpfsOptions = {} }: MountRequest): string {
  const { Mode = 0, SizeBytes = 0, Options = [] } = TmpfsOptions;
  return [
    ...(ReadOnly ? ["ro"] : []),
    ...(Mode === 0 ? [] : [`mode=${Mode.toString(8)}`]),
    ...(SizeBytes === 0 ? [] : [`size=${SizeBytes}`]),
    ...Options.map((option) => option.join("=")),
  ].join(",");
}
