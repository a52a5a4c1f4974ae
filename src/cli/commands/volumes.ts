// `volume ls`, `volume create` and `volume rm`.

import { createVolume, listVolumes, removeVolume } from "../../client/volumes.ts";
import type { VolumeBody } from "../../spec/docker-resources.ts";
import type { Context } from "../command.ts";
import { CommandError } from "../failure.ts";
import type { Flags } from "../flags.ts";
import { formatOf } from "../format/format-flag.ts";
import { renderList } from "../format/listing.ts";
import { byName } from "../format/natural-order.ts";
import { volumeListing, volumeRow } from "../format/volume-rows.ts";
import { forEach } from "./each.ts";

export async function listAllVolumes(context: Context, flags: Flags): Promise<number> {
  const format = await formatOf(context, flags, volumeListing, "volumesFormat");
  const { Volumes } = await listVolumes(context.client, flags.filters("filter"));
  const rows = (Volumes ?? []).toSorted((a, b) => byName(a.Name, b.Name)).map((volume) => volumeRow(volume));
  await context.stdout.write(renderList(format, rows));
  return 0;
}

export async function create(
  { client, stdout }: Context,
  flags: Flags,
  operands: readonly string[],
): Promise<number> {
  const [operand] = operands;
  if (operand !== undefined && flags.given("name")) {
    throw new CommandError(
      "conflicting options: cannot specify a volume-name through both --name and as a positional arg",
    );
  }
  const volume: VolumeBody = await createVolume(client, {
    Name: operand ?? flags.text("name"),
    Driver: flags.text("driver"),
    DriverOpts: flags.map("opt"),
    Labels: flags.map("label"),
  });
  await stdout.write(`${volume.Name}\n`);
  return 0;
}

export async function remove(context: Context, flags: Flags, operands: readonly string[]): Promise<number> {
  return await forEach(context, "removing", operands, async (volume) => {
    await removeVolume(context.client, volume, flags.bool("force"));
    return volume;
  });
}
