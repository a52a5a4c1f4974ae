// How control groups are laid out on this machine, and where a container's are. Plain reads of the cgroup file systems.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * v2: one hierarchy with all controllers. v1: a hierarchy per controller. hybrid: v1 with a cgroup2 file system beside it
 * (`/sys/fs/cgroup/unified`), which crun refuses when it has a controller.
 */
export type CgroupLayout = "v1" | "hybrid" | "v2";

export type CgroupFacts = {
  readonly layout: CgroupLayout;
  readonly version: 1 | 2;
  /** v1: mount point by controller. v2: every controller at the one mount point. */
  readonly mounts: Readonly<Record<string, string>>;
  /** The cgroup2 mount point of a hybrid machine. */
  readonly unified?: string;
  readonly limits: CgroupLimits;
};

/** Which limits this kernel takes. */
export type CgroupLimits = {
  readonly memory: boolean;
  readonly swap: boolean;
  readonly memoryReservation: boolean;
  readonly swappiness: boolean;
  readonly oomKillDisable: boolean;
  readonly pids: boolean;
  readonly cpuShares: boolean;
  readonly cpuQuota: boolean;
  readonly cpuRealtime: boolean;
  readonly cpuset: boolean;
  /** What may be used, as the kernel writes lists: `0-3,7`. */
  readonly cpus: string;
  readonly memoryNodes: string;
  readonly blkioWeight: boolean;
  readonly blkioWeightDevice: boolean;
  readonly blkioThrottle: boolean;
};

/** Reads the layout from the mount table; about 0.3 ms. */
export function cgroupFacts(mountinfo = readFileSync("/proc/self/mountinfo", "utf8")): CgroupFacts {
  const found = cgroupMounts(mountinfo);
  const [unified] = found.v2;
  if (Object.keys(found.v1).length > 0) {
    const layout = unified === undefined ? "v1" : "hybrid";
    return {
      layout,
      version: 1,
      mounts: found.v1,
      ...(unified === undefined ? {} : { unified }),
      limits: limitsOfV1(found.v1),
    };
  }
  const root = unified ?? "/sys/fs/cgroup";
  const controllers = firstLine(join(root, "cgroup.controllers")).split(" ").filter(Boolean);
  const mounts = Object.fromEntries(controllers.map((name) => [name, root]));
  return { layout: "v2", version: 2, mounts, limits: limitsOfV2(root, new Set(controllers)) };
}

/** Of proc(5) mountinfo: field 5 is the mount point; after " - " come the type, the source and the super block's options. */
function cgroupMounts(mountinfo: string): { v1: Record<string, string>; v2: string[] } {
  const v1: Record<string, string> = {};
  const v2: string[] = [];
  for (const line of mountinfo.split("\n")) {
    const [before = "", after = ""] = line.split(" - ");
    const [type, , options = ""] = after.split(" ");
    const path = before.split(" ")[4];
    if (path === undefined) continue;
    if (type === "cgroup2") v2.push(path);
    if (type !== "cgroup") continue;
    for (const option of options.split(",")) if (isController(option)) v1[option] ??= path;
  }
  return { v1, v2 };
}

const v1Controllers = new Set(
  "blkio cpu cpuacct cpuset devices freezer hugetlb memory net_cls net_prio perf_event pids rdma".split(" "),
);

function isController(option: string): boolean {
  return v1Controllers.has(option) || option === "name=systemd";
}

function limitsOfV1(mounts: Readonly<Record<string, string>>): CgroupLimits {
  const has = (controller: string, file: string): boolean => {
    const mount = mounts[controller];
    return mount !== undefined && existsSync(join(mount, file));
  };
  return {
    memory: has("memory", "memory.limit_in_bytes"),
    swap: has("memory", "memory.memsw.limit_in_bytes"),
    memoryReservation: has("memory", "memory.soft_limit_in_bytes"),
    swappiness: has("memory", "memory.swappiness"),
    oomKillDisable: has("memory", "memory.oom_control"),
    pids: mounts["pids"] !== undefined,
    cpuShares: has("cpu", "cpu.shares"),
    cpuQuota: has("cpu", "cpu.cfs_quota_us"),
    cpuRealtime: has("cpu", "cpu.rt_runtime_us"),
    cpuset: mounts["cpuset"] !== undefined,
    cpus: firstLine(join(mounts["cpuset"] ?? "", "cpuset.cpus")),
    memoryNodes: firstLine(join(mounts["cpuset"] ?? "", "cpuset.mems")),
    blkioWeight: has("blkio", "blkio.weight") || has("blkio", "blkio.bfq.weight"),
    blkioWeightDevice: has("blkio", "blkio.weight_device") || has("blkio", "blkio.bfq.weight_device"),
    blkioThrottle: has("blkio", "blkio.throttle.read_bps_device"),
  };
}

/** The root group has no limit files of its own; swap accounting shows in its first child (init.scope and the like). */
function limitsOfV2(root: string, controllers: ReadonlySet<string>): CgroupLimits {
  const cpu = controllers.has("cpu");
  const memory = controllers.has("memory");
  const io = controllers.has("io");
  return {
    memory,
    swap: memory && hasSwapAccounting(root),
    memoryReservation: memory,
    swappiness: false,
    oomKillDisable: false,
    pids: controllers.has("pids"),
    cpuShares: cpu,
    cpuQuota: cpu,
    cpuRealtime: false,
    cpuset: controllers.has("cpuset"),
    cpus: firstLine(join(root, "cpuset.cpus.effective")),
    memoryNodes: firstLine(join(root, "cpuset.mems.effective")),
    blkioWeight: io,
    blkioWeightDevice: io,
    blkioThrottle: io,
  };
}

/** Our own group tells, unless it is the root itself or has no memory controller; then the kernel's default, which is on since 5.8. */
function hasSwapAccounting(root: string): boolean {
  const own = firstLine("/proc/self/cgroup").split("::")[1] ?? "/";
  const group = join(root, own);
  return !existsSync(join(group, "memory.max")) || existsSync(join(group, "memory.swap.max"));
}

function firstLine(path: string): string {
  try {
    return readFileSync(path, "utf8").split("\n", 1)[0] ?? "";
  } catch {
    return ""; // no such controller, no such file: nothing to tell
  }
}

/** `<parent>/<id>`, absolute inside each hierarchy; `asked` is `--cgroup-parent` and may be relative or empty. */
export function cgroupsPathOf(instanceParent: string, asked: string, id: string): string {
  return join("/", asked === "" ? instanceParent : asked, id);
}

/** The folders of one cgroup: one per v1 hierarchy, or the one of v2. They need not exist. */
export function cgroupFolders(facts: CgroupFacts, cgroupsPath: string): readonly string[] {
  const roots = new Set(Object.values(facts.mounts));
  if (facts.unified !== undefined) roots.add(facts.unified);
  return [...roots].map((root) => join(root, cgroupsPath));
}

/** The folder in which a controller's files of this cgroup are; undefined when the controller is not there. */
export function controllerFolder(
  facts: CgroupFacts,
  controller: string,
  cgroupsPath: string,
): string | undefined {
  const mount = facts.mounts[controller];
  return mount === undefined ? undefined : join(mount, cgroupsPath);
}
