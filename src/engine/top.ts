// `top`: the host's `ps`, asked for the processes of one container.
import { execFile } from "node:child_process";
import { ConflictError, InvalidParameterError, SystemError, hasCode } from "../base/errors.ts";
import type { ContainerRecord } from "../containers/record.ts";
import { isUp } from "../containers/state.ts";
import { cgroupsPathOf } from "../runtime/cgroup.ts";
import { processesOf } from "../runtime/cgroup-processes.ts";
import type { TopAnswer } from "../spec/docker.ts";
import { publishContainerEvent } from "./engine.ts";
import type { Engine } from "./engine.ts";

const defaultArguments = "-ef";
const psTimeoutMs = 10_000;
const maxOutputBytes = 64 * 2 ** 20;

/** `psArguments` are options of the host's ps, "-ef" when empty; its output must have a PID column. */
export async function containerTop(engine: Engine, ref: string, psArguments: string): Promise<TopAnswer> {
  const options = psArguments === "" ? defaultArguments : psArguments;
  refuseRenamedPid(options);
  if (options.includes("\0")) throw new InvalidParameterError("ps: a null byte in its options");
  const record = engine.containers.find(ref);
  if (record.state.status === "restarting")
    throw new ConflictError(`Container ${record.id} is restarting, wait until the container is running`);
  if (!isUp(record.state)) throw new ConflictError(`container ${record.id} is not running`);
  const pids = processesOf(engine.machine.cgroup, cgroupOf(engine, record));
  const output = await processList(options.split(" "), pids);
  const answer = parseProcessList(output, new Set(pids));
  publishContainerEvent(engine, record, "top");
  return answer;
}

function cgroupOf(engine: Engine, { id, hostConfig }: ContainerRecord): string {
  return cgroupsPathOf(engine.instance.cgroupParent, hostConfig.CgroupParent, id);
}

/** `-o user=PID` would give another column the name by which processes are told apart. */
function refuseRenamedPid(options: string): void {
  for (const [, name, title] of options.matchAll(/\s+(\S*)=\s*(PID\S*)/g))
    if (name !== "pid") throw new InvalidParameterError(`specifying "${name}=${title}" is not allowed`);
}

/** Asks for the container's processes alone; some options (`f`) do not go with a list, then for all. */
async function processList(options: readonly string[], pids: readonly number[]): Promise<string> {
  try {
    return await ps([...options, `-q${pids.join(",")}`]);
  } catch {
    return ps(options);
  }
}

function ps(args: readonly string[]): Promise<string> {
  const limits = { timeout: psTimeoutMs, maxBuffer: maxOutputBytes };
  return new Promise((resolve, reject) => {
    execFile("ps", args, limits, (err, stdout, stderr) => {
      if (!err) return resolve(stdout);
      const [line = ""] = stderr.split("\n", 1);
      const isMissing = hasCode(err, "ENOENT");
      if (isMissing) return reject(new SystemError("ps: not found on this host (package procps)"));
      const refused = "code" in err && typeof err.code === "number";
      return reject(new (refused ? InvalidParameterError : SystemError)(`ps: ${line || err.message}`));
    });
  });
}

/** Rows of the container's processes, and of the threads (`-` as PID) that follow one of them. What exceeds the titles belongs to the last. */
export function parseProcessList(output: string, pids: ReadonlySet<number>): TopAnswer {
  const [header = "", ...lines] = output.split("\n");
  // Titles and values have no spaces, except in the last column.
  const Titles = fieldsOf(header);
  const pidColumn = Titles.indexOf("PID");
  if (pidColumn < 0) throw new InvalidParameterError("Couldn't find PID field in ps output");
  const Processes: string[][] = [];
  let isOurs = false;
  for (const line of lines.filter(Boolean)) {
    const fields = fieldsOf(line);
    const pid = fields[pidColumn] ?? "";
    if (pid !== "-") isOurs = pids.has(Number(pid));
    if (!isOurs) continue;
    const last = Titles.length - 1;
    Processes.push([...fields.slice(0, last), fields.slice(last).join(" ")]);
  }
  return { Titles, Processes };
}

/** Only ASCII white space separates: a program's name may hold any other. */
function fieldsOf(line: string): string[] {
  return line.split(/[\t\n\f\r ]+/).filter(Boolean);
}
