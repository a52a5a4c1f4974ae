// `stats`: what containers use, once or as a table that lives.
//
//   names given ──► one stream for each
//   none given  ──► those of `ps`, then the engine's events: a start adds a line, an end takes it away

import { listContainers, openStats } from "../../client/containers.ts";
import { ResponseError } from "../../client/errors.ts";
import { bodyLines } from "../../client/json-lines.ts";
import { openEvents } from "../../client/system.ts";
import type { EventMessage } from "../../spec/docker.ts";
import type { ContainerStats } from "../../spec/docker-stats.ts";
import type { Context } from "../command.ts";
import type { Flags } from "../flags.ts";
import { formatOf } from "../format/format-flag.ts";
import { renderList } from "../format/listing.ts";
import { statsListing, statsRow, usageOf } from "../format/stats-rows.ts";
import type { Usage } from "../format/stats-rows.ts";
import { whileWaiting } from "../waiting.ts";

export async function stats(context: Context, flags: Flags, operands: readonly string[]): Promise<number> {
  const format = await formatOf(context, flags, statsListing, "statsFormat");
  const truncate = !flags.bool("no-trunc");
  const all = flags.bool("all");
  const names = operands.length > 0 ? operands : await shownContainers(context, all);
  const table = (usages: Lines) =>
    renderList(
      format,
      [...usages].map(([container, usage]) => statsRow(container, usage, truncate)),
    );
  if (flags.bool("no-stream")) {
    const read = readOnce(context, names, operands.length === 0);
    await context.stdout.write(table(await whileWaiting(context, "measuring", read)));
    return 0;
  }
  await follow(context, names, { all, listed: operands.length === 0, table });
  return 0;
}

/** A container as it was named, and its latest numbers; undefined until the first have come. */
type Lines = ReadonlyMap<string, Usage | undefined>;

async function shownContainers({ client }: Context, all: boolean): Promise<readonly string[]> {
  const containers = await listContainers(client, { ...(all && { all }), filters: {} });
  return containers.map(({ Id }) => Id);
}

/** @param listed the names are ours: one that has gone meanwhile is no failure. */
async function readOnce({ client }: Context, names: readonly string[], listed: boolean): Promise<Lines> {
  const read = async (container: string): Promise<readonly [string, Usage | undefined] | undefined> => {
    try {
      const { body } = await openStats(client, container, false);
      for await (const line of bodyLines(body)) return [container, usageOf(parse(line))];
      return [container, undefined];
    } catch (err) {
      if (listed && isGone(err)) return undefined;
      throw err;
    }
  };
  const lines = await Promise.all(names.map(read));
  return new Map(lines.filter((line) => line !== undefined));
}

type LiveOptions = {
  readonly all: boolean;
  readonly listed: boolean;
  readonly table: (lines: Lines) => string;
};

const drawEveryMs = 500;

/** Draws until the user has seen enough, or until all containers that were named are gone. */
async function follow(context: Context, names: readonly string[], options: LiveOptions): Promise<void> {
  const lines = new Map<string, Usage | undefined>();
  const ended = Promise.withResolvers<void>();
  const watch = async (container: string) => {
    if (lines.has(container)) return;
    lines.set(container, undefined);
    try {
      const { body } = await openStats(context.client, container, true);
      for await (const line of bodyLines(body)) {
        if (!lines.has(container)) return;
        lines.set(container, usageOf(parse(line)));
      }
    } catch (err) {
      if (!(options.listed && isGone(err))) throw err;
    }
    lines.delete(container);
    if (!options.listed && lines.size === 0) ended.resolve();
  };
  const begin = (container: string) => void watch(container).catch(ended.reject);
  if (options.listed) void followEvents(context, options.all, begin, lines).catch(ended.reject);
  for (const name of names) begin(name);

  const draw = await screen(context);
  for (;;) {
    const tick = Bun.sleep(drawEveryMs).then(() => "drawn" as const);
    if ((await Promise.race([tick, ended.promise])) === undefined) return;
    await draw(options.table(lines));
  }
}

async function followEvents(
  { client }: Context,
  all: boolean,
  begin: (container: string) => void,
  lines: Map<string, Usage | undefined>,
): Promise<void> {
  const begins = all ? "create" : "start";
  const ends = all ? "destroy" : "die";
  const filters = { type: ["container"], event: [begins, ends] };
  const { body } = await openEvents(client, { filters });
  for await (const line of bodyLines(body)) {
    const { Action, Actor } = JSON.parse(line) as EventMessage;
    if (Action === begins) begin(Actor.ID);
    else if (Action === ends) lines.delete(Actor.ID);
  }
}

/** On a terminal each table is written over the last one; elsewhere one follows the other. */
async function screen({ stdout }: Context): Promise<(text: string) => Promise<void>> {
  if ((await stdout.windowSize()) === undefined) return (text) => stdout.write(text);
  await stdout.write("\u001b[2J");
  return (text) => stdout.write(`\u001b[H${text.replaceAll("\n", "\u001b[K\n")}\u001b[J`);
}

function isGone(err: unknown): boolean {
  return err instanceof ResponseError && err.status === 404;
}

function parse(line: string): ContainerStats {
  return JSON.parse(line) as ContainerStats;
}
