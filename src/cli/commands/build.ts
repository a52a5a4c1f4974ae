import type { Context } from "../command.ts";

/** Builds need the context's archive and a builder, which this engine does not have yet: its own words say so. */
export async function build({ client }: Context): Promise<number> {
  await client.text({ method: "POST", path: "/build" });
  return 0;
}
