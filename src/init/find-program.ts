// Which file a program's name means, in the words in which runtimes tell of one that is not there.
import { accessSync, constants, statSync } from "node:fs";
import { join } from "node:path";
import { hasCode } from "../base/errors.ts";

/** Exit codes of shells, and of `docker run`, for a program that is not there and one that cannot be run. */
export const notFound = 127;
export const notExecutable = 126;

export type Refusal = { readonly exitCode: number; readonly message: string };

/**
 * A name is looked for in PATH, as the user that this process is by now; a path is taken as it is. A file that may not be
 * executed is passed over for one behind it in PATH that may.
 */
export function findProgram(program: string, path: string): string | Refusal {
  const isPath = program.includes("/");
  const candidates = isPath
    ? [program]
    : path.split(":").map((folder) => join(folder === "" ? "." : folder, program));
  const found = candidates.flatMap((candidate) => ({ candidate, kind: kindOf(candidate) }));
  const executable = found.find(({ kind }) => kind === "executable");
  if (executable) return executable.candidate;
  const refused = found.some(({ kind }) => kind === "file" || (isPath && kind === "other"));
  const why = refused
    ? "permission denied"
    : isPath
      ? `stat ${program}: no such file or directory`
      : "executable file not found in $PATH";
  return {
    exitCode: refused ? notExecutable : notFound,
    message: `exec: ${JSON.stringify(program)}: ${why}`,
  };
}

type Kind = "missing" | "executable" | "file" | "other";

function kindOf(path: string): Kind {
  try {
    if (!statSync(path).isFile()) return "other";
  } catch (err) {
    const isHidden = hasCode(err, "EACCES");
    return isHidden ? "other" : "missing";
  }
  try {
    accessSync(path, constants.X_OK);
    return "executable";
  } catch {
    return "file"; // whatever the reason: it may not be run
  }
}
