// Which ports a container wants to have published: its bindings, and with `-P` all that it exposes. Pure.
import type { PortMap, StringSet } from "../spec/docker.ts";
import type { PortRange } from "./port-allocator.ts";
import type { Protocol } from "./port-mapping.ts";

export type PortRequest = {
  readonly protocol: Protocol;
  readonly containerPort: number;
  /** "": the network's own choice, usually all addresses. */
  readonly hostIp: string;
  /** Undefined: any. */
  readonly hostPorts: PortRange | undefined;
};

type Wanted = {
  readonly PortBindings: PortMap | null;
  readonly PublishAllPorts: boolean;
  readonly ExposedPorts: StringSet | null;
};

/** Those whose port is given come first: what nobody chose must not take it. */
export function portRequests({ PortBindings, PublishAllPorts, ExposedPorts }: Wanted): PortRequest[] {
  const bindings = PortBindings ?? {};
  const exposed = PublishAllPorts ? Object.keys(ExposedPorts ?? {}) : [];
  const requests = [...new Set([...Object.keys(bindings), ...exposed])].flatMap((key) => {
    const [port = "", protocol = "tcp"] = key.split("/");
    const request = (hostIp: string, hostPorts: PortRange | undefined): PortRequest => ({
      protocol: protocol as Protocol,
      containerPort: Number(port),
      hostIp,
      hostPorts,
    });
    const asked = bindings[key] ?? [];
    if (asked.length > 0) return asked.map(({ HostIp, HostPort }) => request(HostIp, rangeOf(HostPort)));
    return PublishAllPorts ? [request("", undefined)] : [];
  });
  return requests.toSorted((a, b) => choiceOf(a) - choiceOf(b));
}

/** "" and "0" leave the choice to us. */
function rangeOf(text: string): PortRange | undefined {
  const [first = "", last = first] = text.split("-");
  return Number(first) === 0 ? undefined : { first: Number(first), last: Number(last) };
}

function choiceOf({ hostPorts }: PortRequest): number {
  return hostPorts === undefined ? 65_536 : hostPorts.last - hostPorts.first;
}
