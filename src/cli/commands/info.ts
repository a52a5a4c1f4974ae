// `info`: the state of the engine and of the machine it runs on.

import { buildInfo } from "../../base/build-info.ts";
import { infoText } from "../../client/system.ts";
import type { InfoAnswer } from "../../spec/docker-system.ts";
import type { Context } from "../command.ts";
import { CommandError } from "../failure.ts";
import type { Flags } from "../flags.ts";
import { infoPage } from "../format/info-page.ts";
import { printByFormat, readFormat } from "../format/one-value.ts";
import { describe } from "../report.ts";
import { parseGoJson } from "../template/go-json.ts";

export async function info(context: Context, flags: Flags, _operands: readonly string[]): Promise<number> {
  const { client, stdout, stderr, contextName } = context;
  const own = { Debug: false, Version: buildInfo.version, GitCommit: buildInfo.commit, Context: contextName };
  const format = flags.text("format");
  const template = format === "" || format === "json" ? undefined : readFormat(format);
  try {
    const text = await infoText(client);
    const server = JSON.parse(text) as InfoAnswer;
    if (format === "") {
      await stdout.write(`${clientPage(own)}\nServer:\n${infoPage(server)}\n`);
      await stderr.write((server.Warnings ?? []).map((line) => `${line}\n`).join(""));
    } else if (format === "json") {
      await stdout.write(
        `${text.trim().slice(0, -1)},"ClientInfo":${JSON.stringify({ ...own, Plugins: [], Warnings: null })}}\n`,
      );
    } else if (template !== undefined) {
      const data = { ...server, ClientInfo: own };
      await printByFormat(stdout, template, parseGoJson(JSON.stringify(data), "system.sampanInfo"));
    }
    return 0;
  } catch (err) {
    if (format !== "" || err instanceof CommandError) throw err;
    await stdout.write(`${clientPage(own)}\nServer:\n`);
    await stderr.write(`${describe(err)}\n`);
    throw new CommandError("errors pretty printing info");
  }
}

function clientPage(own: {
  readonly Version: string;
  readonly Context: string;
  readonly Debug: boolean;
}): string {
  return `Client:\n Version:    ${own.Version}\n Context:    ${own.Context}\n Debug Mode: ${own.Debug}\n`;
}
