// Device nodes of a container, and what its device cgroup lets through.
import type { HostConfig } from "../../spec/docker.ts";
import type { Device, DeviceRule } from "../../spec/oci-runtime.ts";
import type { ResolvedDevices } from "./spec-input.ts";

/** Made by the runtimes in every container, so that they are never asked for (OCI config-linux.md, "Default Devices"). */
const always = new Set(
  "null zero full random urandom tty console ptmx".split(" ").map((name) => `/dev/${name}`),
);

export function deviceNodes({ nodes }: ResolvedDevices): readonly Device[] {
  return nodes
    .filter(({ path }) => !always.has(path))
    .map(({ path, type, major, minor, fileMode, uid, gid }) => ({
      path,
      type,
      major,
      minor,
      fileMode,
      uid,
      gid,
    }));
}

/**
 * Nothing but what is named. The runtimes add the devices of every container, and mknod for all, behind these rules.
 * A privileged container may use everything.
 */
export function deviceRules(hostConfig: HostConfig, { nodes }: ResolvedDevices): readonly DeviceRule[] {
  if (hostConfig.Privileged) return [{ allow: true, access: "rwm" }];
  return [
    { allow: false, access: "rwm" },
    ...nodes.map(({ type, major, minor, access }) => ({ allow: true, type, major, minor, access })),
    ...(hostConfig.DeviceCgroupRules ?? []).map(ruleFrom),
  ];
}

/** `c 10:229 rwm`, with `*` for any number. */
function ruleFrom(text: string): DeviceRule {
  const [type = "a", numbers = "*:*", access = "rwm"] = text.split(" ");
  const [major = "*", minor = "*"] = numbers.split(":");
  return {
    allow: true,
    type: type as "a" | "b" | "c",
    ...(major === "*" ? {} : { major: Number(major) }),
    ...(minor === "*" ? {} : { minor: Number(minor) }),
    access,
  };
}
