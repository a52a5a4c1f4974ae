// The OCI runtime specification of a container, made from its record and from what this machine is. Pure: every decision
// about how a container is confined is made below this folder and can be read in its golden files.
import type { RuntimeSpec } from "../../spec/oci-runtime.ts";
import { deviceNodes, deviceRules } from "./devices.ts";
import { allMounts, rootfsPropagation } from "./mounts.ts";
import { namespaces } from "./namespaces.ts";
import { containerProcess } from "./process.ts";
import { resourceLimits } from "./resources.ts";
import { seccompOf } from "./seccomp.ts";
import type { SpecInput } from "./spec-input.ts";
import { sysctls } from "./sysctls.ts";
import { underSysinit } from "./sysinit.ts";

/** The version whose features we use; crun 1.0 and runc 1.1 know it. */
const ociVersion = "1.0.2";

/** To be written as the bundle's config.json. */
export function runtimeSpec(input: SpecInput): RuntimeSpec {
  const { config, hostConfig, devices } = input;
  const { Annotations = {}, MaskedPaths, ReadonlyPaths, ReadonlyRootfs, UTSMode } = hostConfig;
  const program = containerProcess(input);
  const nodes = deviceNodes(devices);
  const sysctl = sysctls(input);
  const seccomp = seccompOf(hostConfig, program.capabilities.bounding, input.host);
  const propagation = rootfsPropagation(input.mounts);
  return {
    ociVersion,
    process: input.sysinit ? underSysinit(program, input.sysinit) : program,
    root: { path: input.rootfs, readonly: ReadonlyRootfs },
    ...(UTSMode === "host" ? {} : { hostname: input.hostname ?? config.Hostname }),
    mounts: allMounts(input),
    ...(Object.keys(Annotations).length === 0 ? {} : { annotations: Annotations }),
    linux: {
      namespaces: namespaces(hostConfig, input.namespaces),
      ...(nodes.length === 0 ? {} : { devices: nodes }),
      cgroupsPath: input.cgroupsPath,
      resources: {
        devices: deviceRules(hostConfig, devices),
        ...resourceLimits(hostConfig, devices.blockDevices),
      },
      ...(Object.keys(sysctl).length === 0 ? {} : { sysctl }),
      ...(seccomp ? { seccomp } : {}),
      ...(propagation === undefined ? {} : { rootfsPropagation: propagation }),
      ...(MaskedPaths && MaskedPaths.length > 0 ? { maskedPaths: MaskedPaths } : {}),
      ...(ReadonlyPaths && ReadonlyPaths.length > 0 ? { readonlyPaths: ReadonlyPaths } : {}),
    },
  };
}
