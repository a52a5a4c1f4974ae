// The in-container init, as the first Docker's sysinit: environment, default route, user, program. The program takes over
// this very process, so nothing of init is left beside it.
import { readFileSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { errorText } from "../base/errors.ts";
import { resolveUser } from "../containers/users.ts";
import { setDefaultRoute as defaultRouteBy } from "../netlink/route.ts";
import { openRtnetlink } from "../netlink/rtnetlink.ts";
import { becomeGroup, becomeUser, setGroups } from "../sys/credentials.ts";
import { failedWith } from "../sys/errno.ts";
import { execve } from "../sys/spawn.ts";
import { parseInitArguments } from "./init-arguments.ts";

/** Exit codes of shells, and of `docker run`, for a program that is not there and one that cannot be run. */
const notFound = 127;
const notExecutable = 126;
const failed = 1;

/** Returns only when the program could not be started: with the exit code. */
export function runInit(args: readonly string[]): number {
  const parsed = parseInitArguments(args);
  if (typeof parsed === "string") return complain(parsed, failed);
  const { environment, gateway, user, program, programArguments } = parsed;
  try {
    if (gateway !== undefined) setDefaultRoute(gateway);
    if (user !== undefined) become(user);
  } catch (err) {
    return complain(errorText(err), failed);
  }
  const path = findProgram(program, environment["PATH"] ?? "");
  if (path === undefined) return complain(`unable to locate ${program}`, notFound);
  try {
    return execve(path, [program, ...programArguments], environment);
  } catch (err) {
    return complain(`exec ${path}: ${errorText(err)}`, failedWith(err, "ENOENT") ? notFound : notExecutable);
  }
}

function setDefaultRoute(gateway: string): void {
  using rtnetlink = openRtnetlink();
  rtnetlink.perform(defaultRouteBy(gateway));
}

/** Groups first: the right to change them goes with the user. */
function become(user: string): void {
  const { uid, gid, additionalGids } = resolveUser(
    user,
    readIfThere("/etc/passwd"),
    readIfThere("/etc/group"),
    [],
  );
  setGroups(additionalGids);
  becomeGroup(gid);
  becomeUser(uid);
}

/** A name is looked for in PATH; a path is taken as it is. What is there but cannot be run is found too: exec says why. */
function findProgram(program: string, path: string): string | undefined {
  const candidates = program.includes("/")
    ? [program]
    : path.split(":").map((folder) => join(folder === "" ? "." : folder, program));
  return candidates.find((candidate) => statSync(candidate, { throwIfNoEntry: false })?.isFile());
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (err) {
    if (err instanceof Error && "code" in err && err.code === "ENOENT") return "";
    throw err;
  }
}

function complain(message: string, exitCode: number): number {
  writeSync(2, `init: ${message}\n`);
  return exitCode;
}
