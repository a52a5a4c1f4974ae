// A task's FIFOs: made by us, named, and held open by the program itself, so that they outlive the monitor.
//
//            program's end            monitor's end
//   stdin    read only                write only      (a program that held both ends would never see an end of file)
//   stdout   read and write           read only       (a program that holds a read end gets no SIGPIPE when we die)
//   stderr   read and write           read only
import { rmSync } from "node:fs";
import { stdioFiles } from "../runtime/monitor-protocol.ts";
import type { RuntimeTask } from "../runtime/monitor-protocol.ts";
import { failedWith } from "../sys/errno.ts";
import { mkfifo } from "../sys/fifo.ts";
import { closeFd, O_NONBLOCK, O_RDONLY, O_RDWR, O_WRONLY, openFile, setNonBlocking } from "../sys/file.ts";
import type { Stdio } from "../sys/spawn.ts";

/** Only root until the runtime gives them to the container's user, who may then open /dev/stdout again. */
const fifoMode = 0o600;

/** The monitor's ends. A task with a terminal has `stderr` alone, for what the runtime says. */
export type OwnEnds = {
  readonly stdin: number | undefined;
  readonly stdout: number | undefined;
  readonly stderr: number | undefined;
};

export type TaskStdio = {
  readonly own: OwnEnds;
  /** To be closed as soon as the runtime has been spawned with them. */
  readonly program: readonly [Stdio, Stdio, Stdio];
};

/** Makes the FIFOs anew. Nothing stays open or behind on failure. */
export function makeStdio({ dir, terminal, openStdin }: RuntimeTask): TaskStdio {
  const paths = stdioFiles(dir);
  const opened: number[] = [];
  const open = (path: string, flags: number): number => {
    const fd = openFile(path, flags | O_NONBLOCK);
    opened.push(fd);
    return fd;
  };
  const output = (path: string): { own: number; program: number } => {
    makeFifo(path);
    const program = open(path, O_RDWR);
    setNonBlocking(program, false); // ours alone not to wait: the flag belongs to the open file
    return { program, own: open(path, O_RDONLY) };
  };
  try {
    const stderr = output(paths.stderr);
    if (terminal)
      return {
        own: { stdin: undefined, stdout: undefined, stderr: stderr.own },
        program: ["null", "null", stderr.program],
      };
    const stdout = output(paths.stdout);
    const outputs = { stdout: stdout.own, stderr: stderr.own };
    if (!openStdin)
      return { own: { stdin: undefined, ...outputs }, program: ["null", stdout.program, stderr.program] };
    makeFifo(paths.stdin);
    const program = open(paths.stdin, O_RDONLY);
    const stdin = open(paths.stdin, O_WRONLY); // ENXIO without a reader, so the program's end comes first
    setNonBlocking(program, false);
    return { own: { stdin, ...outputs }, program: [program, stdout.program, stderr.program] };
  } catch (err) {
    for (const fd of opened) closeFd(fd);
    removeStdio(dir);
    throw err;
  }
}

/** Opens the FIFOs of a program that runs. What is not there, or that nobody reads any more, stays undefined. */
export function reopenStdio({ dir, terminal, openStdin }: RuntimeTask): OwnEnds {
  const paths = stdioFiles(dir);
  const open = (path: string, flags: number): number | undefined => {
    try {
      return openFile(path, flags | O_NONBLOCK);
    } catch (err) {
      if (failedWith(err, "ENOENT", "ENXIO")) return undefined;
      throw err;
    }
  };
  if (terminal) return { stdin: undefined, stdout: undefined, stderr: undefined };
  return {
    stdin: openStdin ? open(paths.stdin, O_WRONLY) : undefined,
    stdout: open(paths.stdout, O_RDONLY),
    stderr: open(paths.stderr, O_RDONLY),
  };
}

export function removeStdio(dir: string): void {
  for (const path of Object.values(stdioFiles(dir))) rmSync(path, { force: true });
}

function makeFifo(path: string): void {
  rmSync(path, { force: true });
  mkfifo(path, fifoMode);
}
