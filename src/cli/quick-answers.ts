// `--version` and `--help` alone: answered without the command table, in half the time that loading it takes.

import { buildInfo } from "../base/build-info.ts";
import type { Output } from "./streams.ts";

/** The first help page for 80 columns, made from the table when the executable is built; missing when run from sources. */
declare const SAMPAN_MAIN_PAGE: string | undefined;
const usualColumns = 80;

export function versionLine(): string {
  return `Sampan version ${buildInfo.version}, build ${buildInfo.commit}\n`;
}

/** Writes the answer, where it is known; false where the whole client is needed. */
export async function answeredQuickly(question: string, stdout: Output): Promise<boolean> {
  const text = await answerTo(question, stdout);
  if (text !== undefined) await stdout.write(text);
  return text !== undefined;
}

async function answerTo(question: string, stdout: Output): Promise<string | undefined> {
  if (question === "--version" || question === "-v") return versionLine();
  if (question !== "--help" || typeof SAMPAN_MAIN_PAGE !== "string") return undefined;
  const { columns = usualColumns } = (await stdout.windowSize()) ?? {};
  return columns === usualColumns ? SAMPAN_MAIN_PAGE : undefined;
}
