// The answer of `why`, for scripts and for people.

export type Answer = {
  readonly Name: string;
  readonly ID: string;
  readonly Status: string;
  readonly ExitCode: number;
  /** For scripts: one of the ids in the table of causes. */
  readonly Cause: string;
  readonly Why: string;
  readonly Details: readonly string[];
  readonly LastLines: readonly string[];
  readonly Next: string;
};

export function answerPage(answer: Answer): string {
  const { Name, Status, ExitCode, Why, Details, LastLines, Next } = answer;
  const code = Status === "exited" || Status === "restarting" ? `, exit code ${ExitCode}` : "";
  const indented = (lines: readonly string[]) => lines.map((line) => `  ${line}\n`).join("");
  const log = LastLines.length === 0 ? "" : `Its last words:\n${indented(LastLines)}`;
  const next = Next === "" ? "" : `Next: ${Next}\n`;
  return `${Name}: ${Status}${code}\n${Why}\n${indented(Details)}${log}${next}`;
}
