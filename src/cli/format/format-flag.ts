// `--format` and `--quiet` of the commands that print lists, with the user's own defaults.

import type { Context } from "../command.ts";
import type { Flags } from "../flags.ts";
import { textSetting } from "../config-file.ts";
import { chooseFormat } from "./listing.ts";
import type { Format, Listing } from "./listing.ts";

/** @param setting key of the configuration file that holds the user's own format, such as "psFormat". */
export async function formatOf(
  context: Context,
  flags: Flags,
  listing: Listing,
  setting?: string,
): Promise<Format> {
  // Not every list has it.
  const quiet = flags.given("quiet") && flags.bool("quiet");
  let format = flags.text("format");
  if (quiet && flags.given("format") && format !== "") {
    await context.stderr.write(
      "WARNING: Ignoring custom format, because both --format and --quiet are set.\n",
    );
  }
  if (!quiet && format === "" && setting !== undefined) format = textSetting(context.config, setting);
  return chooseFormat(listing, { format, quiet });
}
