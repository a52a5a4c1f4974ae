// A container's mounts as lines of LXC's configuration, in fstab(5)'s form.
import type { Mount } from "../spec/oci-runtime.ts";

/** A mount whose place has been found. */
export type PlacedMount = Mount & {
  /** Relative to the root, free of the image's links; in another mount as it was given. */
  readonly target: string;
  readonly kind: "file" | "folder";
  /** What is mounted below the source, for a bind that is read-only with all of it. */
  readonly below: readonly { readonly source: string; readonly target: string }[];
};

export type PlacedPath = { readonly path: string; readonly kind: "file" | "folder" };

type Line = readonly [key: string, value: string];

/** Hidden and read-only places come last, over what is mounted. */
export function mountLines(
  mounts: readonly PlacedMount[],
  masked: readonly PlacedPath[],
  readonlyPaths: readonly string[],
): readonly Line[] {
  return [
    ["lxc.mount.auto", autoMount(mounts)],
    ...mounts.flatMap((mount) => entriesOf(mount)),
    ...masked.map(({ path, kind }) =>
      kind === "file"
        ? entry("/dev/null", path, "none", ["bind", "optional"])
        : entry("tmpfs", path, "tmpfs", ["ro", "optional", "size=0k"]),
    ),
    ...readonlyPaths.map((path) =>
      entry(path.slice(1), path, "none", ["bind", "ro", "optional", "relative"]),
    ),
  ];
}

/** LXC makes /dev and its terminals itself, and knows the cgroups' layout. */
const ownTypes = new Set(["devpts", "cgroup"]);

function autoMount(mounts: readonly PlacedMount[]): string {
  const cgroup = mounts.find(({ type }) => type === "cgroup");
  if (cgroup === undefined) return "";
  return cgroup.options?.includes("ro") ? "cgroup:ro:force" : "cgroup:rw:force";
}

function entriesOf({
  destination,
  target,
  type = "none",
  source = "none",
  options = [],
  kind,
  below,
}: PlacedMount): Line[] {
  if (ownTypes.has(type) || (destination === "/dev" && type === "tmpfs")) return [];
  const isBind = options.includes("bind") || options.includes("rbind");
  const words = options.map((option) => (option === "rro" ? "ro" : option));
  const create = `create=${kind === "file" ? "file" : "dir"}`;
  return [
    entry(source, target, isBind ? "none" : type, [...words, create]),
    ...(options.includes("rro")
      ? below.map((mount) => entry(mount.source, mount.target, "none", ["bind", "ro"]))
      : []),
  ];
}

function entry(source: string, target: string, type: string, options: readonly string[]): Line {
  const words = [source, target.replace(/^\/+/, ""), type, options.join(",")].map(escaped);
  return ["lxc.mount.entry", `${words.join(" ")} 0 0`];
}

/** getmntent(3) reads octal for what separates. */
function escaped(text: string): string {
  return text.replace(/[ \t\n\\#]/g, (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, "0")}`);
}
