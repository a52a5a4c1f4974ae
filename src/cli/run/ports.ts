// `--publish` and `--expose`.

import type { PortBinding, PortMap, StringSet } from "../../spec/docker.ts";
import { CommandError } from "../failure.ts";
import { BadValueError, parseUnsigned } from "../flag-values.ts";
import type { Flags } from "../flags.ts";

export type Ports = { readonly exposed: StringSet; readonly bindings: PortMap };

export function readPorts(flags: Flags): Ports {
  const exposed: Record<string, Record<string, never>> = {};
  const bindings: Record<string, PortBinding[]> = {};
  for (const spec of flags.list("publish")) {
    for (const { port, binding } of parsePublish(spec)) {
      exposed[port] = {};
      (bindings[port] ??= []).push(binding);
    }
  }
  for (const spec of flags.list("expose")) for (const port of parseExpose(spec)) exposed[port] = {};
  return { exposed, bindings };
}

type Published = { readonly port: string; readonly binding: PortBinding };

/** `[[ADDRESS:]HOST_PORT:]PORT[/PROTOCOL]`, ports may be ranges; or `target=80,published=8080,protocol=tcp`. */
export function parsePublish(spec: string): readonly Published[] {
  const short = spec.includes("=") ? shortForm(spec) : spec;
  const { address, host, container, protocol } = splitSpec(short);
  if (container === "") throw failure(`no port specified: ${short}<empty>`);
  const target = range(container);
  if (target === undefined) throw failure(`invalid containerPort: ${container}`);
  const source = host === "" ? undefined : range(host);
  if (host !== "" && source === undefined) throw failure(`invalid hostPort: ${host}`);
  if (!["tcp", "udp", "sctp"].includes(protocol)) throw failure(`invalid proto: ${protocol}`);
  if (source !== undefined && size(source) !== size(target)) {
    // One port from anywhere in a range: the daemon picks.
    if (size(target) !== 1)
      throw failure(`invalid ranges specified for container and host Ports: ${container} and ${host}`);
    return [
      {
        port: `${target.first}/${protocol}`,
        binding: { HostIp: address, HostPort: `${source.first}-${source.last}` },
      },
    ];
  }
  return Array.from({ length: size(target) }, (_, at) => ({
    port: `${target.first + at}/${protocol}`,
    binding: { HostIp: address, HostPort: source === undefined ? "" : String(source.first + at) },
  }));
}

type Spec = {
  readonly address: string;
  readonly host: string;
  readonly container: string;
  readonly protocol: string;
};

function splitSpec(spec: string): Spec {
  const slash = spec.lastIndexOf("/");
  const protocol = slash < 0 ? "tcp" : spec.slice(slash + 1).toLowerCase() || "tcp";
  const parts = (slash < 0 ? spec : spec.slice(0, slash)).split(":");
  const container = parts.pop() ?? "";
  const host = parts.pop() ?? "";
  const written = parts.join(":");
  const address = written.replace(/^\[(.*)\]$/, "$1");
  if (written !== "" && !isAddress(address)) throw failure(`invalid IP address: ${address}`);
  if (written !== address && !address.includes(":")) throw failure(`invalid IP address: ${written}`);
  return { address, host, container, protocol };
}

/** `target=80,published=127.0.0.1:8080,protocol=udp` in the short form. */
function shortForm(spec: string): string {
  const fields = new Map<string, string>();
  for (const field of spec.split(",")) {
    const at = field.indexOf("=");
    if (at < 0 || at === field.length - 1) throw failure(`invalid field: ${field}`);
    fields.set(field.slice(0, at), field.slice(at + 1));
  }
  const unknown = [...fields.keys()].find(
    (key) => !["target", "published", "protocol", "mode"].includes(key),
  );
  if (unknown !== undefined) throw failure(`invalid field key: ${unknown}`);
  const published = fields.get("published");
  const protocol = fields.get("protocol") ?? "tcp";
  return `${published === undefined ? "" : `${published}:`}${fields.get("target") ?? ""}/${protocol}`;
}

/** `PORT[-PORT][/PROTOCOL]`. */
function parseExpose(spec: string): readonly string[] {
  if (spec.includes(":")) throw failure(`invalid port format for --expose: ${spec}`);
  const [ports = "", protocol = "tcp"] = spec.split("/");
  try {
    const [first = "", last = first] = ports.split("-");
    const from = parseUnsigned(first, 16);
    const to = parseUnsigned(last, 16);
    if (from > to) throw new BadValueError(`invalid range specified for port: ${ports}`);
    return Array.from({ length: to - from + 1 }, (_, at) => `${from + at}/${protocol.toLowerCase()}`);
  } catch (err) {
    if (err instanceof BadValueError)
      throw failure(`invalid range format for --expose: ${spec}, error: ${err.message}`);
    throw err;
  }
}

type PortRange = { readonly first: number; readonly last: number };

function range(text: string): PortRange | undefined {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  if (!match) return undefined;
  const first = Number(match[1]);
  const last = Number(match[2] ?? match[1]);
  return first <= last && last <= 65535 ? { first, last } : undefined;
}

const size = ({ first, last }: PortRange) => last - first + 1;

/** Roughly: the daemon looks closely. */
export function isAddress(text: string): boolean {
  if (text.includes(":"))
    return /^[0-9a-f:.]{2,}(?:%.+)?$/i.test(text) && URL.canParse(`http://[${text.replace(/%.*/, "")}]`);
  const bytes = text.split(".");
  return (
    bytes.length === 4 && bytes.every((byte) => /^(?:0|[1-9]\d{0,2})$/.test(byte) && Number(byte) <= 255)
  );
}

function failure(message: string): CommandError {
  return new CommandError(message, 125);
}
