// What a runtime says when it cannot start a program, put into the words that Docker's clients look for.
import { ProgramNotStartedError, SystemError } from "../../base/errors.ts";
import type { EngineError } from "../../base/errors.ts";

type Cause = {
  readonly pattern: RegExp;
  readonly text: string;
  /** What is said instead where the program was given as a path. */
  readonly stat?: string;
  readonly exitCode: 126 | 127;
};

/** In this order: crun says "Operation not permitted" for a folder, and both say "No such file" for much. */
const causes: readonly Cause[] = [
  { pattern: /is a directory/i, text: "is a directory", exitCode: 126 },
  { pattern: /open executable: operation not permitted/i, text: "is a directory", exitCode: 126 },
  {
    pattern: /executable file .*not found in \$PATH/i,
    text: "executable file not found in $PATH",
    stat: "no such file or directory",
    exitCode: 127,
  },
  {
    pattern: /exec: .*(permission denied|operation not permitted)/i,
    text: "permission denied",
    exitCode: 126,
  },
  {
    pattern: /(open executable|find executable|exec): permission denied/i,
    text: "permission denied",
    exitCode: 126,
  },
  {
    pattern: /exec: .*no such file or directory/i,
    text: "no such file or directory",
    stat: "no such file or directory",
    exitCode: 127,
  },
  {
    pattern: /(open executable|exec: .*): not a directory/i,
    text: "not a directory",
    stat: "not a directory",
    exitCode: 127,
  },
  { pattern: /exec format error/i, text: "exec format error", exitCode: 126 },
];

/** crun: chdir `/x`: No such file or directory. runc: chdir to cwd ("/x") set in config.json failed: no such file or directory */
const workingDirectory =
  /chdir (?:to cwd \()?[`"](.*)[`"].*: (no such file or directory|not a directory|permission denied)$/i;

/**
 * `log` is the runtime's own text. The long prefix is dockerd's (28): scripts match on parts of it. A path that is not
 * there is told from a name that is not in PATH, as runc does.
 */
export function startErrorOf(runtime: string, log: string, program: string): EngineError {
  const prefix = `failed to create task for container: failed to create shim task: OCI runtime create failed: ${runtime} create failed: `;
  return errorOf(prefix, "error during container init: ", log, program, 127);
}

/** As `startErrorOf`, for a program that was to run inside a container. */
export function execErrorOf(log: string, program: string): EngineError {
  return errorOf("OCI runtime exec failed: exec failed: ", "", log, program, 126);
}

/** `noFolder` is the exit code for a working directory that is not there. */
function errorOf(
  prefix: string,
  stage: string,
  log: string,
  program: string,
  noFolder: 126 | 127,
): EngineError {
  const said = lastLine(log);
  const [, folder, why] = workingDirectory.exec(said) ?? [];
  if (folder !== undefined && why !== undefined)
    return new ProgramNotStartedError(
      `${prefix}unable to start container process: ${stage}chdir to cwd (${JSON.stringify(folder)}) set in config.json failed: ${why.toLowerCase()}: unknown`,
      /^no such/i.test(why) ? noFolder : 126,
    );
  const cause = causes.find(({ pattern }) => pattern.test(said));
  if (!cause) return new SystemError(`${prefix}${said || "no message"}: unknown`);
  const { stat, exitCode } = cause;
  const isPath = stat !== undefined && program.includes("/");
  const text = isPath ? `stat ${program}: ${stat}` : cause.text;
  // dockerd adds this to the words of newer runcs, since clients tell 126 by "permission denied".
  const suffix = cause.text === "is a directory" ? ": permission denied" : "";
  return new ProgramNotStartedError(
    `${prefix}unable to start container process: ${stage}exec: ${JSON.stringify(program)}: ${text}: unknown${suffix}`,
    exitCode,
  );
}

/** The last line that says something, without the time and level that runtimes put around their message. */
function lastLine(log: string): string {
  const lines = log.split("\n").filter((line) => line.trim() !== "");
  const line = lines.at(-1) ?? "";
  return (
    /\bmsg="((?:[^"\\]|\\.)*)"/.exec(line)?.[1]?.replaceAll('\\"', '"') ??
    line.replace(/^\S+T\S+Z?:?\s+/, "").replace(/^\[?(error|fatal)\]?:?\s+/i, "")
  );
}
