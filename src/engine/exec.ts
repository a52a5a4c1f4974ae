// `exec`: another program inside a running container.
import { mkdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import type { Duplex } from "node:stream";
import { ConflictError, InvalidParameterError, ProgramNotStartedError } from "../base/errors.ts";
import { replaceFile } from "../base/replace-file.ts";
import { withDefaults } from "../containers/defaults.ts";
import type { ContainerRecord } from "../containers/record.ts";
import { isUp } from "../containers/state.ts";
import type { TaskSpec } from "../runtime/monitor-protocol.ts";
import { execProcess } from "../runtime/oci-spec/exec-process.ts";
import type { ExecCreateBody, ExecInspect, ExecStartBody } from "../spec/docker.ts";
import { driverOf, publishContainerEvent } from "./engine.ts";
import type { Engine } from "./engine.ts";
import { hasEnded } from "./ended-meanwhile.ts";
import type { ExecRecord } from "./exec-table.ts";
import type { ExecPlace } from "./execs-ahead.ts";
import type { TaskEnd } from "./exit-path.ts";
import type { WindowSize } from "./resize.ts";
import { userInRootfs } from "./rootfs.ts";
import { taskFiles } from "./task-paths.ts";

/**
 * An exec instance that waits for its start. Refused in Docker's words unless the container runs. `soon`: whoever makes it is
 * about to ask for the start, and its runtime is spawned now.
 */
export function createExec(
  engine: Engine,
  ref: string,
  body: ExecCreateBody,
  soon = false,
): { readonly id: string } {
  const container = runningContainer(engine, ref);
  if ((body.Cmd ?? []).length === 0) throw new InvalidParameterError("No exec command specified");
  // LXC has no configuration to wait for.
  const ahead = soon && driverOf(engine, container).kind !== "lxc" ? placeOf(container) : undefined;
  const id = (ahead && engine.execsAhead.claim(ahead, shapeOf(body))) ?? newId(engine);
  const exec: ExecRecord = { id, containerId: container.id, body, state: { status: "created" } };
  engine.execs.set(exec);
  publishContainerEvent(engine, container, `exec_create: ${commandOf(body)}`, { execID: id });
  if (ahead) engine.execsAhead.prepare(execTask(engine, container, exec), ahead);
  return { id };
}

/**
 * Starts the exec; its stream as in `attachContainer`, or undefined when detached. `body.Cmd` must not be there or not
 * executable: ProgramNotStartedError with the exit code that `docker exec` ends with.
 */
export async function startExec(
  engine: Engine,
  id: string,
  options: ExecStartBody,
): Promise<Duplex | undefined> {
  const exec = engine.execs.find(id);
  if (exec.state.status === "running" || exec.state.status === "starting")
    throw new ConflictError(`exec ${id} is already running`);
  if (exec.state.status === "exited") throw new ConflictError(`exec ${id} has already run`);
  const container = runningContainer(engine, exec.containerId);
  engine.execs.set({ ...exec, state: { status: "starting" } });
  const { AttachStdin = false, AttachStdout = false, AttachStderr = false } = exec.body;
  const attaching = options.Detach
    ? undefined
    : engine.monitor.attach({ id, stdin: AttachStdin, stdout: AttachStdout, stderr: AttachStderr });
  attaching?.catch(() => {}); // told below
  try {
    // Made ready while the monitor answers.
    const task = execTask(engine, container, exec, options.ConsoleSize);
    const config = processConfig(engine, container, exec);
    const wasAhead = await engine.execsAhead.take(id, placeOf(container));
    mkdirSync(task.dir, { recursive: true, mode: 0o700 });
    replaceFile(task.configFile, config);
    await attaching;
    const { pid } = await engine.monitor.start(task, (log) =>
      driverOf(engine, container).execError(log, exec.body.Cmd?.[0] ?? ""),
    );
    // A short program may have ended before we hear that it has begun.
    if (engine.execs.get(id)?.state.status === "starting")
      engine.execs.set({ ...exec, state: { status: "running", pid } });
    if (wasAhead && !task.terminal)
      engine.execsAhead.prepareSpare(
        execTask(engine, container, { ...exec, id: newId(engine) }),
        placeOf(container),
      );
  } catch (err) {
    const exitCode = err instanceof ProgramNotStartedError ? err.exitCode : 126;
    engine.execs.set({ ...exec, state: { status: "exited", exitCode } });
    engine.monitor.abandon(id);
    const stream = await attaching?.catch(() => undefined);
    stream?.destroy();
    await rm(taskFiles(engine.config.execRoot, id).dir, { recursive: true, force: true });
    throw await explained(engine, container.id, err);
  }
  publishContainerEvent(engine, container, `exec_start: ${commandOf(exec.body)}`, { execID: id });
  return await attaching;
}

/** As Docker's events show it: a space behind the program even where it has no arguments. */
function commandOf({ Cmd: [program = "", ...args] = [] }: ExecCreateBody): string {
  return `${program} ${args.join(" ")}`;
}

/** A container that ended or was paused meanwhile is why, whatever the runtime said. */
async function explained(engine: Engine, id: string, err: unknown): Promise<unknown> {
  if (err instanceof ProgramNotStartedError) return err;
  // Under the lock, so that a pause or an exit that is under way has been recorded.
  const record = await engine.locks.run(id, async () => engine.containers.get(id));
  if (record?.state.status === "paused")
    return new ConflictError(`Container ${id} is paused, unpause the container before exec`, { cause: err });
  if (!record || !isUp(record.state) || (await hasEnded(engine, id)))
    return new ConflictError(`container ${id} is not running`, { cause: err });
  return err;
}

function execTask(
  engine: Engine,
  container: ContainerRecord,
  { id, body }: ExecRecord,
  size: ExecStartBody["ConsoleSize"] = body.ConsoleSize,
): TaskSpec {
  const { dir, processFile, pidFile, logFile, consoleSocket } = taskFiles(engine.config.execRoot, id);
  const { terminal, openStdin } = shapeOf(body);
  const console = terminal ? { consoleSocket } : {};
  return {
    id,
    dir,
    command: driverOf(engine, container).exec(container.id, { processFile, pidFile, logFile, ...console }),
    configFile: processFile,
    pidFile,
    logFile,
    terminal,
    ...console,
    openStdin,
    stdinOnce: true,
    log: null,
    exitFile: null,
    ...(size ? { rows: size[0], columns: size[1] } : {}),
  };
}

/** What the runtime reads. @throws InvalidParameterError or NotFoundError for a user who is none. */
function processConfig(engine: Engine, container: ContainerRecord, { body }: ExecRecord): string {
  const { id, config } = container;
  const hostConfig = withDefaults(container.hostConfig, engine.config.defaults);
  const user = userInRootfs(engine, id, body.User || config.User, hostConfig.GroupAdd ?? []);
  return JSON.stringify(execProcess({ config, hostConfig, body, user, host: engine.machine }));
}

/** An exec's program ended; `undefined` execs are those of a daemon before this one. */
export async function execExited(engine: Engine, id: string, end: TaskEnd): Promise<void> {
  const exec = engine.execs.get(id);
  if (exec) {
    engine.execs.set({ ...exec, state: { status: "exited", exitCode: end.exitCode } });
    engine.execs.trim(exec.containerId);
    const container = engine.containers.get(exec.containerId);
    if (container)
      publishContainerEvent(engine, container, "exec_die", { execID: id, exitCode: String(end.exitCode) });
  }
  await engine.monitor.forget(id);
  await rm(taskFiles(engine.config.execRoot, id).dir, { recursive: true, force: true });
}

/** How long a resize waits for the program to be there, as in dockerd. */
const startTimeoutMs = 10_000;

export async function resizeExec(engine: Engine, id: string, size: WindowSize): Promise<void> {
  engine.execs.find(id);
  // Clients give the size when they see the answer's head, which comes before the program.
  const over = new AbortController();
  const time = engine.host.clock.sleep(startTimeoutMs, over.signal).catch(() => {});
  await Promise.race([engine.execs.started(id), time]);
  over.abort();
  if (engine.execs.get(id)?.state.status !== "running")
    throw new ConflictError("exec process is not started");
  await engine.monitor.resize(id, size);
}

export function inspectExec(engine: Engine, id: string): ExecInspect {
  const { state, body, containerId } = engine.execs.find(id);
  const [entrypoint = "", ...args] = body.Cmd ?? [];
  return {
    ID: id,
    Running: state.status === "running",
    ExitCode: state.status === "exited" ? state.exitCode : null,
    ProcessConfig: {
      tty: body.Tty ?? false,
      entrypoint,
      arguments: args,
      privileged: body.Privileged ?? false,
      ...(body.User ? { user: body.User } : {}),
    },
    OpenStdin: body.AttachStdin ?? false,
    OpenStderr: body.AttachStderr ?? false,
    OpenStdout: body.AttachStdout ?? false,
    CanRemove: state.status === "exited",
    ContainerID: containerId,
    DetachKeys: body.DetachKeys ?? "",
    Pid: state.status === "running" ? state.pid : 0,
  };
}

const newId = (engine: Engine): string => engine.host.random.hex(32);

function shapeOf({
  Tty = false,
  AttachStdin = false,
}: ExecCreateBody): Pick<TaskSpec, "terminal" | "openStdin"> {
  return { terminal: Tty, openStdin: AttachStdin };
}

function placeOf({ id, state }: ContainerRecord): ExecPlace {
  return { containerId: id, containerPid: isUp(state) ? state.pid : 0 };
}

function runningContainer(engine: Engine, ref: string): ContainerRecord {
  const record = engine.containers.find(ref);
  if (record.state.status === "paused")
    throw new ConflictError(`Container ${ref} is paused, unpause the container before exec`);
  if (!isUp(record.state)) throw new ConflictError(`container ${record.id} is not running`);
  return record;
}
