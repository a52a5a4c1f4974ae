// Ports as the API writes them: `80/tcp` as a key, `8080` or `8080-8090` as a host port.
import { InvalidParameterError } from "../../base/errors.ts";
import type { PortMap, StringSet } from "../../spec/docker.ts";

const highestPort = 65535;

/** `ExposedPorts` with every key written in full (`80` is `80/tcp`). */
export function portKeys(ports: StringSet | null | undefined): StringSet {
  return Object.fromEntries(Object.keys(ports ?? {}).map((key) => [portKey(key), {}]));
}

/** `PortBindings`, checked, with every key written in full. */
export function portBindings(bindings: PortMap | null): PortMap | null {
  if (!bindings) return null;
  return Object.fromEntries(
    Object.entries(bindings).map(([key, hosts]) => {
      for (const { HostPort } of hosts ?? []) if (HostPort !== "") checkHostPort(HostPort);
      return [portKey(key), hosts];
    }),
  );
}

function portKey(key: string): string {
  const [port = "", protocol = "tcp", ...rest] = key.toLowerCase().split("/");
  const number = portNumber(port);
  if (!number || rest.length > 0 || !["tcp", "udp", "sctp"].includes(protocol)) throw invalidPort(key);
  return `${number}/${protocol}`;
}

function checkHostPort(text: string): void {
  const [first = "", last = first, ...rest] = text.split("-");
  const [from, to] = [portNumber(first), portNumber(last)];
  if (from === undefined || to === undefined || to < from || rest.length > 0) throw invalidPort(text);
}

function portNumber(text: string): number | undefined {
  const number = /^\d{1,5}$/.test(text) ? Number(text) : undefined;
  return number !== undefined && number <= highestPort ? number : undefined;
}

function invalidPort(text: string): InvalidParameterError {
  return new InvalidParameterError(`invalid port specification: "${text}"`);
}
