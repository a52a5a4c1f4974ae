// Sampan's daemon for a test: the compiled executable with folders, bridge, chains and cgroup of its own.
import {
  closeSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run, type Finished } from "./command.ts";
import { clientsOf, removeAllContainers, untilReady, type Engine } from "./engine.ts";
import { sampanExecutable } from "./executable.ts";
import { leftovers } from "./leftovers.ts";
import { daemonOwner, endMonitor, sweep } from "./sweep.ts";

export type Daemon = Engine & {
  readonly kind: "sampan";
  readonly root: string;
  readonly execRoot: string;
  /** Process id of the daemon that runs now. */
  readonly pid: () => number;
  /** Process id of the monitor that runs now. */
  readonly monitorPid: () => number;
  /** Our own client, run to its end. */
  readonly sampan: (...args: readonly string[]) => Promise<Finished>;
  /** `kill -9` of the daemon; returns when it is gone. Containers go on. */
  readonly kill9: () => Promise<void>;
  /** Starts the daemon again, on the same folders; `env` is for this start only. */
  readonly start: (env?: Readonly<Record<string, string>>) => Promise<void>;
  /** Ends the daemon by SIGTERM and starts it again. */
  readonly restart: () => Promise<void>;
  /** Ids of the containers and execs that have files of a run, without the runtime that waits for the next start. */
  readonly tasks: () => string[];
  /** What the daemon has written to its log. */
  readonly log: () => string;
  /** Mounts, interfaces, rules, cgroups and processes that bear this daemon's name now. */
  readonly leftovers: () => Promise<string[]>;
};

export type DaemonOptions = {
  /** More flags of `sampan daemon`. */
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** A command that becomes the one that it is given: the daemon in another world. */
  readonly under?: readonly string[];
};

export async function startDaemon({ flags = [], env = {}, under = [] }: DaemonOptions = {}): Promise<Daemon> {
  const executable = sampanExecutable();
  const folder = mkdtempSync(join(tmpdir(), "sampan-test-"));
  const [root, execRoot, socket] = [join(folder, "root"), join(folder, "run"), join(folder, "sampan.sock")];
  const logFile = join(folder, "daemon.log");
  const pidFile = join(execRoot, "sampan.pid");
  const owner = daemonOwner(folder, execRoot);
  const command = [
    ...under,
    executable,
    "daemon",
    "-H",
    `unix://${socket}`,
    "--data-root",
    root,
    "--exec-root",
    execRoot,
    "-p",
    pidFile,
    "--rcli=off",
    ...flags,
  ];
  const clients = clientsOf(socket, folder);
  const log = (): string => (existsSync(logFile) ? readFileSync(logFile, "utf8") : "");
  let child: Bun.Subprocess | undefined;

  async function start(more: Readonly<Record<string, string>> = {}): Promise<void> {
    const output = openSync(logFile, "a");
    // A session of its own, as an init system gives it: a Ctrl-C at the tests must not reach it.
    const started = Bun.spawn(command, {
      env: { ...process.env, ...env, ...more },
      stdio: ["ignore", output, output],
      detached: true,
    });
    closeSync(output);
    child = started;
    await untilReady(socket, () => running(started)).catch((err: unknown) => {
      throw new Error(`${String(err)}\n${log()}`);
    });
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    child?.kill(signal);
    await child?.exited;
  }

  async function stop(): Promise<void> {
    if (child === undefined || !running(child)) await start();
    await removeAllContainers(clients);
    await end("SIGTERM");
    await endMonitor(execRoot);
    const left = await sweep(owner);
    if (process.env["SAMPAN_TEST_KEEP"] === undefined) rmSync(folder, { recursive: true, force: true });
    if (left.length > 0) throw new Error(`the daemon left behind:\n${left.join("\n")}`);
  }

  await start().catch((err: unknown) => {
    rmSync(folder, { recursive: true, force: true }); // a daemon that refuses to start leaves nothing else
    throw err;
  });
  return {
    kind: "sampan",
    ...clients,
    root,
    execRoot,
    pid: () => child?.pid ?? 0,
    monitorPid: () => Number(readFileSync(join(execRoot, "monitor.pid"), "utf8")),
    sampan: (...args) => run([executable, "-H", `unix://${socket}`, ...args]),
    kill9: () => end("SIGKILL"),
    start,
    restart: async () => {
      await end("SIGTERM");
      await start();
    },
    tasks: () => tasksIn(join(execRoot, "tasks")),
    log,
    onHost: (...words) => run(words),
    leftovers: () => leftovers(owner),
    stop,
  };
}

function tasksIn(folder: string): string[] {
  const isWaiting = (id: string): boolean =>
    lstatSync(join(folder, id, "config.json"), { throwIfNoEntry: false })?.isFIFO() ?? false;
  return readdirSync(folder).filter((id) => !isWaiting(id));
}

const running = (child: Bun.Subprocess): boolean => child.exitCode === null && child.signalCode === null;
