// `port`: where on the host a container's ports are published.

import { inspectContainer } from "../../client/containers.ts";
import type { PortBinding } from "../../spec/docker.ts";
import type { Context } from "../command.ts";
import { CommandError } from "../failure.ts";
import { BadValueError, parseUnsigned } from "../flag-values.ts";
import type { Flags } from "../flags.ts";

export async function port(
  { client, stdout }: Context,
  _flags: Flags,
  operands: readonly string[],
): Promise<number> {
  const [container = "", wanted] = operands;
  const { NetworkSettings } = await inspectContainer(client, container);
  const published = NetworkSettings.Ports ?? {};
  const lines =
    wanted === undefined
      ? Object.entries(published).flatMap(([from, bindings]) =>
          (bindings ?? []).map((to) => `${from} -> ${address(to)}`),
        )
      : bindingsOf(published, container, wanted).map(address);
  if (lines.length > 0) await stdout.write(`${lines.toSorted(byPort).join("\n")}\n`);
  return 0;
}

function bindingsOf(
  published: Readonly<Record<string, readonly PortBinding[] | null>>,
  container: string,
  wanted: string,
): readonly PortBinding[] {
  const [number = "", protocol = "tcp"] = wanted.split("/");
  try {
    parseUnsigned(number, 16);
  } catch (err) {
    if (err instanceof BadValueError)
      throw new CommandError(`Error: invalid port (${number}): ${err.message}`);
    throw err;
  }
  const bindings = published[`${number}/${protocol}`] ?? [];
  if (bindings.length === 0)
    throw new CommandError(`Error: No public port '${wanted}' published for ${container}`);
  return bindings;
}

function address({ HostIp, HostPort }: PortBinding): string {
  return HostIp.includes(":") ? `[${HostIp}]:${HostPort}` : `${HostIp}:${HostPort}`;
}

/** By the numbers in the line, not letter by letter: 80 before 8080. */
function byPort(a: string, b: string): number {
  const key = (line: string) => line.replaceAll(/\d+/g, (digits) => digits.padStart(6, "0"));
  return key(a) < key(b) ? -1 : 1;
}
