// `logs`: what a container has written.

import { inspectContainer, openLogs } from "../../client/containers.ts";
import type { Answer, EngineClient } from "../../client/engine-client.ts";
import type { Context } from "../command.ts";
import { CommandError } from "../failure.ts";
import type { Flags } from "../flags.ts";
import { copyOutput } from "../session/output.ts";
import type { OutputKind } from "../session/output.ts";
import { parseTimestamp } from "../timestamp.ts";

export async function logs(context: Context, flags: Flags, operands: readonly string[]): Promise<number> {
  const { client } = context;
  const container = operands[0] ?? "";
  const answer = await openLogs(client, container, {
    stdout: true,
    stderr: true,
    details: flags.bool("details"),
    follow: flags.bool("follow"),
    tail: flags.text("tail"),
    timestamps: flags.bool("timestamps"),
    since: timeFlag(flags, "since"),
    until: timeFlag(flags, "until"),
  });
  const kind = await outputKind(client, container, answer);
  await copyOutput(context, { read: () => nextPieces(answer) }, kind, { stdout: true, stderr: true });
  return 0;
}

function timeFlag(flags: Flags, name: string): string | undefined {
  const text = flags.text(name);
  if (text === "") return undefined;
  try {
    return parseTimestamp(text, Date.now());
  } catch (err) {
    if (err instanceof CommandError) throw new CommandError(`invalid value for "${name}": ${err.message}`);
    throw err;
  }
}

/** A daemon of API 1.42 and later says whether the output is framed; an older one has to be asked for the terminal. */
async function outputKind(client: EngineClient, container: string, { head }: Answer): Promise<OutputKind> {
  const type = head.headers.get("content-type");
  if (type === "application/vnd.docker.multiplexed-stream") return "framed";
  const [major = 0, minor = 0] = (head.headers.get("api-version") ?? "").split(".").map(Number);
  if (major > 1 || minor >= 42) return "raw";
  return (await inspectContainer(client, container)).Config.Tty ? "raw" : "framed";
}

async function nextPieces({ body }: Answer): Promise<readonly Uint8Array[] | undefined> {
  const { done, value } = await body.next();
  return done ? undefined : [value];
}
