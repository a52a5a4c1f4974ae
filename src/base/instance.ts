// What the kernel objects of one daemon are called. Daemons with different run directories live side by side, so every
// bridge, chain, cgroup and interface carries the name of its owner and can be found with no other memory of it.
import { createHash } from "node:crypto";

export const defaultExecRoot = "/run/sampan";

export type Instance = {
  /** Owner's name, in interface aliases and logs: `sampan`, or `sampan-1a2b3c` for another run directory. */
  readonly tag: string;
  /** The bridge that is made when none is given; at most 15 bytes (IFNAMSIZ). */
  readonly bridge: string;
  /** First part of the names of bridges of users' networks; eight digits of the network's id follow. */
  readonly networkPrefix: string;
  /** First part of every firewall chain's name; short enough for `-POSTROUTING` to fit into 28 bytes. */
  readonly chainPrefix: string;
  /** Parent of all containers' cgroups, an absolute path inside each hierarchy. */
  readonly cgroupParent: string;
  /** First part of the host-side interface names; the rest comes from the container id. */
  readonly interfacePrefix: string;
  /** First part of the names of programs and maps in the kernel; short enough for six letters behind it (BPF_OBJ_NAME_LEN). */
  readonly bpfPrefix: string;
};

export function instanceOf(execRoot: string): Instance {
  if (execRoot === defaultExecRoot)
    return {
      tag: "sampan",
      bridge: "sampan0",
      networkPrefix: "sn-",
      chainPrefix: "SAMPAN",
      cgroupParent: "/sampan",
      interfacePrefix: "sv",
      bpfPrefix: "sampan_",
    };
  const mark = createHash("sha256").update(execRoot).digest("hex").slice(0, 6);
  return {
    tag: `sampan-${mark}`,
    bridge: `sp${mark}0`,
    networkPrefix: `sn${mark.slice(0, 4)}-`,
    chainPrefix: `SAMPAN-${mark.toUpperCase()}`,
    cgroupParent: `/sampan-${mark}`,
    interfacePrefix: `s${mark.slice(0, 4)}`,
    bpfPrefix: `sp${mark}_`,
  };
}
