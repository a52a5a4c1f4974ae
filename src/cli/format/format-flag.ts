// `--format` and `--quiet` of the commands that print lists, with the user's own defaults.

import type { Context } from "../command.ts";
import type { Flags } from "../flags.ts";
import { printError } from "../print.ts";
import { chooseFormat } from "./listing.ts";
import type { Format, Listing } from "./listing.ts";

/** @param setting key of the configuration file that holds the user's own format, such as "psFormat". */
export async function formatOf(
  context: Context,
  flags: Flags,
  listing: Listing,
  setting?: string,
): Promise<Format> {
  const quiet = flags.bool("quiet");
  let format = flags.text("format");
  if (quiet && flags.given("format") && format !== "") {
    await printError("WARNING: Ignoring custom format, because both --format and --quiet are set.\n");
  }
  if (!quiet && format === "" && setting !== undefined) format = await configured(context, setting);
  return chooseFormat(listing, { format, quiet });
}

/** A text of the user's config.json; "" without the file, without the key, or when it is not readable as JSON. */
export async function configured(context: Context, setting: string): Promise<string> {
  const file = Bun.file(`${context.configDirectory}/config.json`);
  if (!(await file.exists())) return "";
  try {
    const value = ((await file.json()) as Record<string, unknown> | null)?.[setting];
    return typeof value === "string" ? value : "";
  } catch (err) {
    if (!(err instanceof SyntaxError)) throw err;
    await printError(
      `WARNING: Error loading config file: ${context.configDirectory}/config.json: ${err.message}\n`,
    );
    return "";
  }
}
