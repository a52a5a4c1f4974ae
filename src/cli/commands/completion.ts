// `completion SHELL` prints a script for a shell; the script asks `__complete` what may come next, and that is answered
// from the command table, and from the engine where a name of its objects is wanted.

import { listContainers } from "../../client/containers.ts";
import { listImages } from "../../client/images.ts";
import { listNetworks } from "../../client/networks.ts";
import { listVolumes } from "../../client/volumes.ts";
import type { Command, Context } from "../command.ts";
import { completable } from "../completion/candidates.ts";
import { completionScript } from "../completion/scripts.ts";
import { CommandError } from "../failure.ts";
import type { Flags } from "../flags.ts";

export async function completion(
  { stdout }: Context,
  _flags: Flags,
  operands: readonly string[],
): Promise<number> {
  const script = completionScript(operands[0] ?? "");
  if (script === undefined) throw new CommandError(`no completion for '${operands[0]}': bash, zsh or fish`);
  await stdout.write(script);
  return 0;
}

/** The words of a command line without the program's name; the last one is being typed. One candidate a line. */
export async function complete(
  context: Context,
  _flags: Flags,
  operands: readonly string[],
): Promise<number> {
  const { candidates, names } = completable(operands);
  const found = names === undefined ? candidates : [...candidates, ...(await namesOf(context, names))];
  const typed = operands.at(-1) ?? "";
  const fitting = found.filter(({ word }) => word.startsWith(typed));
  const lines = fitting.map(({ word, help }) => (help === undefined ? word : `${word}\t${help}`));
  await context.stdout.write(lines.map((line) => `${line}\n`).join(""));
  return 0;
}

/** No names is the answer where the engine is not there: a completion never complains. */
async function namesOf(
  { client }: Context,
  kind: NonNullable<Command["names"]>,
): Promise<readonly { readonly word: string; readonly help?: string }[]> {
  try {
    switch (kind) {
      case "container": {
        const containers = await listContainers(client, { all: true, filters: {} });
        return containers.map(({ Names, Status }) => ({ word: (Names[0] ?? "").slice(1), help: Status }));
      }
      case "image": {
        const images = await listImages(client, { all: false, digests: false, filters: {} });
        const tags = images.flatMap(({ RepoTags }) => RepoTags ?? []);
        return tags.filter((tag) => tag !== "<none>:<none>").map((word) => ({ word }));
      }
      case "network":
        return (await listNetworks(client, {})).map(({ Name, Driver }) => ({ word: Name, help: Driver }));
      case "volume":
        return ((await listVolumes(client, {})).Volumes ?? []).map(({ Name }) => ({ word: Name }));
      case "context":
        return [];
    }
  } catch {
    return [];
  }
}
