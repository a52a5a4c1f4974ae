// What the API shows of a record that the record does not hold in that form: pure derivations shared by list and inspect.
import type {
  ContainerStateBody,
  EndpointSettings,
  Health,
  PortBinding,
  PortMap,
  PortSummary,
} from "../spec/docker.ts";
import { zeroTime } from "../spec/docker.ts";
import { programOf } from "./record.ts";
import type { ContainerRecord } from "./record.ts";
import { isUp } from "./state.ts";
import type { ContainerState } from "./state.ts";

/** Up in the sense of `docker ps` without `-a`: a container that waits for its restart counts too. */
export function countsAsRunning(state: ContainerState): boolean {
  return isUp(state) || state.status === "restarting";
}

/** The `State` of inspect. */
export function stateBody(state: ContainerState, health?: Health): ContainerStateBody {
  const shown = state.status === "removing" ? state.before : state;
  return {
    Status: state.status,
    Running: countsAsRunning(state),
    Paused: state.status === "paused",
    Restarting: state.status === "restarting",
    OOMKilled: "oomKilled" in shown && shown.oomKilled,
    Dead: state.status === "dead",
    Pid: isUp(state) ? state.pid : 0,
    ExitCode: lastExitCode(shown),
    Error: errorOf(shown),
    StartedAt: "startedAt" in shown ? shown.startedAt : zeroTime,
    FinishedAt: "finishedAt" in shown ? shown.finishedAt : zeroTime,
    ...(health ? { Health: health } : {}),
  };
}

/** Exit code of the last run, or what `docker run` exited with when the last start failed; 0 when there was none. */
export function lastExitCode(state: ContainerState): number {
  if ("exitCode" in state) return state.exitCode;
  return state.status === "created" ? (state.startError?.exitCode ?? 0) : 0;
}

function errorOf(state: ContainerState): string {
  if (state.status === "dead") return state.error;
  if ("startError" in state && state.startError) return state.startError.message;
  if ("known" in state && !state.known)
    return "the exit code is not known: the monitor was lost while the container ran";
  return "";
}

/** By network name: what the container holds while it runs, what was asked for otherwise. */
export function networksOf(record: ContainerRecord): Record<string, EndpointSettings> {
  const networks: Record<string, EndpointSettings> = { ...record.endpoints };
  for (const { network, endpoint } of record.attachments) networks[network] = endpoint;
  return networks;
}

/** The `Ports` of inspect: exposed and published ports of a container that is up, nothing otherwise. */
export function portsOf(record: ContainerRecord): PortMap {
  if (!isUp(record.state)) return {};
  const ports: Record<string, PortBinding[] | null> = {};
  for (const port of Object.keys(record.config.ExposedPorts ?? {})) ports[port] = null;
  for (const { protocol, hostIp, hostPort, containerPort, count } of record.published ?? [])
    for (let at = 0; at < count; at++)
      (ports[`${containerPort + at}/${protocol}`] ??= []).push({
        HostIp: hostIp,
        HostPort: String(hostPort + at),
      });
  return ports;
}

/** The `Ports` of list: one row for each binding, or one for a port that is only exposed. */
export function portSummaries(ports: PortMap): PortSummary[] {
  return Object.entries(ports).flatMap(([port, bindings]) => {
    const [number = "0", Type = "tcp"] = port.split("/");
    const PrivatePort = Number(number);
    if (!bindings || bindings.length === 0) return [{ PrivatePort, Type }];
    return bindings.map(({ HostIp, HostPort }) => ({
      IP: HostIp,
      PrivatePort,
      PublicPort: Number(HostPort.split("-")[0]),
      Type,
    }));
  });
}

/** The COMMAND column: arguments with a space in quotes, as Docker writes it. */
export function commandText(record: ContainerRecord): string {
  const [path = "", ...args] = programOf(record.config);
  return [path, ...args.map((arg) => (arg.includes(" ") ? `'${arg}'` : arg))].join(" ");
}
