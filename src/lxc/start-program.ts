// Starting a program with one of LXC's tools, and hearing from /sbin/init inside what became of it:
//
//   this process ── spawn ──► lxc-start or lxc-attach ──► /sbin/init -r FD ──► the program
//        │                                                    │
//        │◄──────────── "ready", or why not ──────────────────┤   by a socket that LXC passes on
//        └───────────── a byte: go on ───────────────────────►│
//
// In between init's pid is looked up: its program may end at once, and LXC reaps it.
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { SystemError } from "../base/errors.ts";
import type { Process } from "../spec/oci-runtime.ts";
import { closeFd, read, setCloseOnExec, writeAll } from "../sys/file.ts";
import { waitpid } from "../sys/process.ts";
import type { WindowSize } from "../sys/pty.ts";
import { posixSpawn } from "../sys/spawn.ts";
import { connectUnix, socketPair } from "../sys/unix-socket.ts";
import { firstErrorOf } from "./lxc-log.ts";

export type ProgramStart = {
  readonly tool: string;
  readonly toolArguments: readonly string[];
  /** `/sbin/init …`, without the options for the report and the terminal. */
  readonly init: readonly string[];
  readonly consoleSocket: string | undefined;
  readonly consoleSize: WindowSize | undefined;
  /** Variables of the tool itself, besides the usual ones. */
  readonly toolVariables?: Readonly<Record<string, string>>;
  /** The tool's. */
  readonly log: string;
  /** Descriptors for the tool itself. */
  readonly passedOn?: readonly number[];
  /** Called while init waits: the program has not begun. */
  readonly ready: (started: Started) => void;
};

export type Started = { readonly toolPid: number; readonly pid: number };

const reportBytesMax = 64 * 1024;
const readyWord = "ready\n";
/** LXC's hooks are shell commands. */
const usualEnvironment = { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" };

/**
 * Throws what init says when it could not start the program, or what the tool's log says when init never spoke. The tool has
 * ended then.
 */
export function startProgram({
  tool,
  toolArguments,
  init,
  consoleSocket,
  consoleSize,
  toolVariables = {},
  passedOn = [],
  log,
  ready,
}: ProgramStart): void {
  const [own, inits] = socketPair();
  const socket = consoleSocket === undefined ? undefined : connectUnix(consoleSocket);
  for (const fd of [inits, socket, ...passedOn]) if (fd !== undefined) setCloseOnExec(fd, false);
  const [initPath = "", ...initArguments] = init;
  const terminal = socket === undefined ? [] : ["-t", String(socket), ...sizeOption(consoleSize)];
  const toolPid = posixSpawn({
    path: tool,
    argv: [tool, ...toolArguments, "--", initPath, "-r", String(inits), ...terminal, ...initArguments],
    env: { ...usualEnvironment, ...toolVariables },
    stdio: [0, 1, 2],
  });
  for (const fd of [inits, socket]) if (fd !== undefined) closeFd(fd);
  const said = readReport(own);
  if (said !== readyWord) {
    waitpid(toolPid, 0);
    throw new SystemError(said.trimEnd() || `${basename(tool)}: ${firstErrorOf(log) || "ended at once"}`);
  }
  // From here on a failure ends init too: nobody nods.
  ready({ toolPid, pid: childOf(toolPid) });
  writeAll(own, Uint8Array.of(1));
}

export function consoleSizeOf({ consoleSize }: Process): WindowSize | undefined {
  return consoleSize && { rows: consoleSize.height, columns: consoleSize.width };
}

function sizeOption(size: WindowSize | undefined): readonly string[] {
  return size === undefined ? [] : ["-z", `${size.rows}x${size.columns}`];
}

/** One line, or nothing when all who could write have ended. */
function readReport(fd: number): string {
  const buffer = Buffer.alloc(reportBytesMax);
  let length = 0;
  while (!buffer.subarray(0, length).includes("\n")) {
    const got = read(fd, buffer, length);
    if (!got) break;
    length += got;
  }
  return buffer.toString("utf8", 0, length);
}

function childOf(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1").split(" ").filter(Boolean);
  const child = children.at(-1);
  if (child === undefined) throw new SystemError("LXC has no process of its own");
  return Number(child);
}
