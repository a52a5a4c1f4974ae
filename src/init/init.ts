// The in-container init, as the first Docker's sysinit: environment, default route, user, program. The program takes over
// this very process, so nothing of init is left beside it, unless init is told to stay as process 1.
import { readFileSync, readSync, writeSync } from "node:fs";
import { errorText, hasCode } from "../base/errors.ts";
import { resolveUser } from "../containers/users.ts";
import { setDefaultRoute as defaultRouteBy } from "../netlink/route.ts";
import { openRtnetlink } from "../netlink/rtnetlink.ts";
import {
  becomeGroup,
  becomeUser,
  keepCapabilities,
  setGroups,
  setOpenFilesLimit,
} from "../sys/credentials.ts";
import { failedWith } from "../sys/errno.ts";
import { closeOnExecFrom } from "../sys/file.ts";
import { outliveParent } from "../sys/process.ts";
import { execve } from "../sys/spawn.ts";
import { findProgram, notExecutable, notFound } from "./find-program.ts";
import { initUsage, parseInitArguments, type InitArguments } from "./init-arguments.ts";
import { giveStdioTo, sendTerminal } from "./stdio.ts";
import { supervise } from "./supervise.ts";

type ProgramUser = ReturnType<typeof resolveUser>;

const failed = 1;

/** Ends only when the program could not be started, or has ended under a supervising init: with the exit code. */
export async function runInit(args: readonly string[]): Promise<number> {
  if (args.length === 1 && args[0] === "--help") {
    writeSync(1, `${initUsage}\n`);
    return 0;
  }
  const parsed = parseInitArguments(args, process.env);
  if (typeof parsed === "string") return complain(undefined, { exitCode: failed, message: parsed });
  const { environment, program, programArguments, reportFd } = parsed;
  closeOnExecFrom(3);
  if (reportFd !== undefined) outliveParent();
  try {
    becomeTheProgramsProcess(parsed);
  } catch (err) {
    return complain(reportFd, { exitCode: failed, message: errorText(err) });
  }
  const path = findProgram(program, environment["PATH"] ?? "");
  if (typeof path !== "string") return complain(reportFd, path);
  const argv = [program, ...programArguments];
  if (reportFd !== undefined) awaitNod(reportFd);
  try {
    return parsed.supervise ? await supervise(path, argv, environment) : execve(path, argv, environment);
  } catch (err) {
    // Whoever waits for a report has runtimes' ways: they find this out when the container counts as started.
    const code = failedWith(err, "ENOENT") ? notFound : notExecutable;
    return complain(undefined, {
      exitCode: reportFd === undefined ? code : failed,
      message: `exec ${path}: ${errorText(err)}`,
    });
  }
}

/** Whoever started us gets to know this process before the program can end it. Without him there is nothing to start. */
function awaitNod(reportFd: number): void {
  writeSync(reportFd, "ready\n");
  if (readSync(reportFd, new Uint8Array(1)) === 0) process.exit(failed);
}

/** The order is the article's: network, then user; what needs root comes before root is given up. */
function becomeTheProgramsProcess(asked: InitArguments): void {
  for (const gateway of asked.gateways) setDefaultRoute(gateway);
  if (asked.consoleFd !== undefined) sendTerminal(asked.consoleFd, asked.consoleSize);
  if (asked.openFiles !== undefined) setOpenFilesLimit(asked.openFiles);
  if (asked.folder !== undefined) changeFolder(asked.folder);
  const user = userOf(asked);
  if (user !== undefined) giveStdioTo(user.uid);
  if (asked.capabilities !== undefined) keepCapabilities(asked.capabilities);
  if (user !== undefined) become(user);
}

function setDefaultRoute(gateway: string): void {
  using rtnetlink = openRtnetlink();
  rtnetlink.perform(defaultRouteBy(gateway));
}

/** In runc's words, which clients know. */
function changeFolder(folder: string): void {
  try {
    process.chdir(folder);
  } catch (err) {
    const code = err instanceof Error && "code" in err ? err.code : undefined;
    const why =
      code === "ENOTDIR"
        ? "not a directory"
        : code === "ENOENT"
          ? "no such file or directory"
          : "permission denied";
    throw new Error(`chdir to cwd (${JSON.stringify(folder)}) set in config.json failed: ${why}`, {
      cause: err,
    });
  }
}

/** By the container's own files, as they are seen in it: with what is mounted over them. */
function userOf({ user, groups }: InitArguments): ProgramUser | undefined {
  if (user === undefined) return undefined;
  return resolveUser(user, readIfThere("/etc/passwd"), readIfThere("/etc/group"), groups);
}

/** Groups first: the right to change them goes with the user. */
function become({ uid, gid, additionalGids }: ProgramUser): void {
  setGroups(additionalGids);
  becomeGroup(gid);
  becomeUser(uid);
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (err) {
    if (hasCode(err, "ENOENT")) return "";
    throw err;
  }
}

type Failure = { readonly exitCode: number; readonly message: string };

/** To whoever waits for a report, else on the program's stderr. */
function complain(reportFd: number | undefined, { exitCode, message }: Failure): number {
  writeSync(reportFd ?? 2, reportFd === undefined ? `init: ${message}\n` : `${message}\n`);
  return exitCode;
}
