// The container's program as a task of the monitor.
import type { ContainerRecord } from "../containers/record.ts";
import { programOf } from "../containers/record.ts";
import { logSpec } from "../containers/log-options.ts";
import { join } from "node:path";
import { driverOf } from "./engine.ts";
import type { Engine } from "./engine.ts";
import { taskFiles } from "./task-paths.ts";
import type { TaskSpec } from "../runtime/monitor-protocol.ts";

export function containerTask(engine: Engine, record: ContainerRecord): TaskSpec {
  const { id, config, hostConfig } = record;
  const files = taskFiles(engine.config.execRoot, id);
  const folder = engine.containers.folder(id);
  const console = config.Tty ? { consoleSocket: files.consoleSocket } : {};
  const [rows, columns] = hostConfig.ConsoleSize;
  const driver = driverOf(engine, record);
  const ends = driver.endFiles?.(id);
  return {
    id,
    dir: files.dir,
    command: driver.run({
      id,
      bundle: files.dir,
      pidFile: files.pidFile,
      logFile: files.logFile,
      ...console,
    }),
    configFile: files.configFile,
    pidFile: files.pidFile,
    logFile: files.logFile,
    terminal: config.Tty,
    ...console,
    openStdin: config.OpenStdin,
    stdinOnce: config.StdinOnce,
    log: logSpec(hostConfig.LogConfig, containerLogPath(engine, id)),
    ...(ends ? { exitMessages: ends.exitMessages } : {}),
    exitFile: join(folder, "exit.json"),
    ...(config.Tty && rows > 0 ? { rows, columns } : {}),
  };
}

export function containerLogPath(engine: Engine, id: string): string {
  return join(engine.containers.folder(id), `${id}-json.log`);
}

/** ProgramNotStartedError with Docker's text when the runtime could not start it. */
export async function startTask(
  engine: Engine,
  record: ContainerRecord,
): Promise<{ readonly pid: number; readonly startTime: string }> {
  const [program = ""] = programOf(record.config);
  const driver = driverOf(engine, record);
  try {
    return await engine.monitor.start(containerTask(engine, record), (log) =>
      driver.startError(log, program),
    );
  } finally {
    engine.standby.used(record.id);
  }
}
