// What this machine and the configuration say, in the form in which requests are judged.
import { availableParallelism, hostname } from "node:os";
import type { HostFacts } from "../containers/settings.ts";
import type { Engine } from "./engine.ts";

export function hostFacts(engine: Engine): HostFacts {
  const { machine, drivers, config } = engine;
  return {
    cgroup: machine.cgroup,
    cpus: availableParallelism(),
    hostname: hostname(),
    seccomp: machine.seccomp,
    runtimes: drivers.map(({ name }) => name),
    capabilities: machine.capabilities,
    hardLimits: machine.hardLimits,
    defaultRuntime: drivers[0]?.name ?? "",
    defaults: config.defaults,
  };
}
