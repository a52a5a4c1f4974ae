// The engine's part of `info`, line by line in Docker's order.

import type { InfoAnswer } from "../../spec/docker-system.ts";
import { binarySize } from "./words.ts";

export function infoPage(info: InfoAnswer): string {
  const lines = [
    ` Containers: ${info.Containers}`,
    `  Running: ${info.ContainersRunning}`,
    `  Paused: ${info.ContainersPaused}`,
    `  Stopped: ${info.ContainersStopped}`,
    ` Images: ${info.Images}`,
    ...labelled(" Server Version", info.ServerVersion),
    ` Storage Driver: ${info.Driver}`,
    ...(info.DriverStatus ?? []).map(([name, value]) => `  ${name}: ${value}`),
    ...labelled(" Logging Driver", info.LoggingDriver),
    ...labelled(" Cgroup Driver", info.CgroupDriver),
    ...labelled(" Cgroup Version", info.CgroupVersion),
    " Plugins:",
    `  Volume: ${(info.Plugins?.Volume ?? []).join(" ")}`,
    `  Network: ${(info.Plugins?.Network ?? []).join(" ")}`,
    ...((info.Plugins?.Authorization ?? []).length > 0
      ? [`  Authorization: ${info.Plugins.Authorization?.join(" ")}`]
      : []),
    `  Log: ${(info.Plugins?.Log ?? []).join(" ")}`,
    ...labelled(" Swarm", info.Swarm?.LocalNodeState),
    ` Runtimes: ${Object.keys(info.Runtimes ?? {})
      .sort()
      .join(" ")}`,
    ` Default Runtime: ${info.DefaultRuntime}`,
    ...labelled(" Init Binary", info.InitBinary),
    ...labelled(" containerd version", info.ContainerdCommit?.ID),
    ...labelled(" runc version", info.RuncCommit?.ID),
    ...(info.InitCommit ? [` init version: ${info.InitCommit.ID}`] : []),
    ...securityLines(info.SecurityOptions ?? []),
    ` Kernel Version: ${info.KernelVersion}`,
    ` Operating System: ${info.OperatingSystem}`,
    ` OSType: ${info.OSType}`,
    ` Architecture: ${info.Architecture}`,
    ` CPUs: ${info.NCPU}`,
    ` Total Memory: ${binarySize(info.MemTotal)}`,
    ` Name: ${info.Name}`,
    ` ID: ${info.ID}`,
    ` Docker Root Dir: ${info.DockerRootDir}`,
    ` Debug Mode: ${info.Debug}`,
    ...labelled(" HTTP Proxy", info.HttpProxy),
    ...labelled(" HTTPS Proxy", info.HttpsProxy),
    ...labelled(" No Proxy", info.NoProxy),
    ...((info.Labels ?? []).length > 0 ? [" Labels:", ...info.Labels.map((label) => `  ${label}`)] : []),
    ` Experimental: ${info.ExperimentalBuild}`,
    ...list(" Insecure Registries", info.RegistryConfig?.InsecureRegistryCIDRs),
    ...list(" Registry Mirrors", info.RegistryConfig?.Mirrors),
    ` Live Restore Enabled: ${info.LiveRestoreEnabled}`,
    ...labelled(" Firewall Backend", info.FirewallBackend?.Driver),
  ];
  return `${lines.join("\n")}\n`;
}

/** Nothing for an empty value. */
function labelled(label: string, value: string | undefined): readonly string[] {
  return value ? [`${label}: ${value}`] : [];
}

function list(label: string, values: readonly string[] | undefined): readonly string[] {
  return (values ?? []).length === 0 ? [] : [`${label}:`, ...(values ?? []).map((value) => `  ${value}`)];
}

/** "name=seccomp,profile=builtin" as a name with its details below it. */
function securityLines(options: readonly string[]): readonly string[] {
  if (options.length === 0) return [];
  const lines = options.flatMap((option) => {
    const pairs = option.split(",").map((pair) => pair.split("=") as [string, string | undefined]);
    const name = pairs.find(([key]) => key === "name")?.[1] ?? option;
    const details = pairs.filter(([key, value]) => key !== "name" && value !== undefined);
    return [
      `  ${name}`,
      ...details.map(([key, value]) => `   ${key.slice(0, 1).toUpperCase()}${key.slice(1)}: ${value}`),
    ];
  });
  return [" Security Options:", ...lines];
}
