// A run directory with a real monitor in it, and real containers for it: what the monitor's tests stand on.
import {
  mkdirSync,
  mkdtempSync,
  copyFileSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  existsSync,
  readdirSync,
  rmdirSync,
} from "node:fs";
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { realHost } from "../../src/base/host.ts";
import { silentLog } from "../../src/base/log.ts";
import { ensureMonitor, type MonitorClient } from "../../src/runtime/monitor-client.ts";
import { slowness } from "../harness/command.ts";
import {
  monitorFiles,
  type ExitEvent,
  type ExitRecord,
  type TaskSpec,
} from "../../src/runtime/monitor-protocol.ts";

export const monitorCommand = [process.execPath, join(import.meta.dir, "../../src/main.ts"), "monitor"];
const runtimes = { crun: "/usr/bin/crun", runc: "/usr/sbin/runc" };

export type Options = {
  readonly terminal?: boolean;
  readonly stdin?: boolean;
  readonly stdinOnce?: boolean;
  readonly logged?: boolean;
  readonly log?: Partial<NonNullable<TaskSpec["log"]>>;
  readonly runtime?: keyof typeof runtimes;
  /** The program shares the host's process ids. */
  readonly hostPids?: boolean;
  readonly rows?: number;
  readonly columns?: number;
};

/** Everything of one test; `end` takes it all away. */
export class MonitorWorld {
  readonly root: string;
  readonly execRoot: string;
  readonly cgroup: string;
  readonly exits: ExitEvent[] = [];
  lost = 0;
  #client: MonitorClient | undefined;
  readonly #containers: [runtime: keyof typeof runtimes, id: string][] = [];

  constructor() {
    this.root = mkdtempSync(join(tmpdir(), "sampan-monitor-"));
    this.execRoot = join(this.root, "run");
    this.cgroup = `/sampan-test-${randomBytes(4).toString("hex")}`;
    for (const folder of [
      "run/tasks",
      "crun",
      "runc",
      "rootfs/bin",
      "rootfs/proc",
      "rootfs/dev",
      "rootfs/tmp",
    ])
      mkdirSync(join(this.root, folder), { recursive: true });
    copyFileSync("/bin/busybox", join(this.root, "rootfs/bin/busybox"));
    for (const name of ["sh", "cat", "sleep", "true", "head", "seq", "stty", "tty", "yes", "dd", "echo"])
      symlinkSync("busybox", join(this.root, "rootfs/bin", name));
  }

  /** A line to the monitor, which is started when there is none. */
  async connect(
    env: Readonly<Record<string, string>> = {},
    onExit: (exit: ExitEvent) => void = (exit) => this.exits.push(exit),
  ): Promise<MonitorClient> {
    const command = [
      "/usr/bin/env",
      ...Object.entries(env).map(([name, value]) => `${name}=${value}`),
      ...monitorCommand,
    ];
    this.#client = await ensureMonitor(realHost(silentLog), {
      execRoot: this.execRoot,
      command,
      onExit,
      onLost: () => this.lost++,
    });
    return this.#client;
  }

  get client(): MonitorClient {
    if (!this.#client) throw new Error("not connected");
    return this.#client;
  }

  get monitorPid(): number {
    return Number(readFileSync(monitorFiles(this.execRoot).pidFile, "latin1"));
  }

  get monitorLog(): string {
    return readFileSync(monitorFiles(this.execRoot).log, "utf8");
  }

  logPath(id: string): string {
    return join(this.root, `${id}-json.log`);
  }

  /** The texts of a log, all entries joined. */
  logged(id: string): string {
    if (!existsSync(this.logPath(id))) return "";
    return readFileSync(this.logPath(id), "utf8")
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => (JSON.parse(line) as { log: string }).log)
      .join("");
  }

  exitRecord(id: string): ExitRecord {
    return JSON.parse(readFileSync(join(this.root, `${id}-exit.json`), "utf8")) as ExitRecord;
  }

  /** Resolves with the exit event of a task. */
  async exit(id: string, timeoutMs = 10_000 * slowness): Promise<ExitEvent> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const found = this.exits.find((exit) => exit.id === id);
      if (found) return found;
      if (performance.now() > deadline) throw new Error(`no exit of ${id}\n${this.monitorLog}`);
      await Bun.sleep(1);
    }
  }

  /** A task that runs `args` in a container. */
  container(id: string, args: readonly string[], options: Options = {}): TaskSpec {
    const spec = this.#spec(id, options);
    writeFileSync(join(spec.dir, "config.json"), JSON.stringify(this.#config(id, args, options)));
    const runtime = options.runtime ?? "crun";
    this.#containers.push([runtime, id]);
    const argv = [...this.#runtime(runtime, spec), "run", "--detach", `--bundle=${spec.dir}`];
    return { ...spec, command: { argv: [...argv, ...startFlags(spec), id] } };
  }

  /** A task that runs `args` as one more program in container `inside`. */
  exec(id: string, inside: string, args: readonly string[], options: Options = {}): TaskSpec {
    const spec = this.#spec(id, options);
    const file = join(spec.dir, "process.json");
    writeFileSync(file, JSON.stringify(processOf(args, options)));
    const argv = [...this.#runtime(options.runtime ?? "crun", spec), "exec", "--detach", `--process=${file}`];
    return { ...spec, command: { argv: [...argv, ...startFlags(spec), inside] } };
  }

  #runtime(name: keyof typeof runtimes, spec: TaskSpec): string[] {
    return [runtimes[name], `--root=${this.root}/${name}`, `--log=${spec.logFile}`];
  }

  /** A task that runs a shell script on the host, without a container: for what needs none. */
  script(id: string, script: string, options: Options = {}): TaskSpec {
    const spec = this.#spec(id, options);
    const file = join(spec.dir, "script");
    writeFileSync(file, script);
    // Not a shell: that may reap its child, where a runtime leaves it to us.
    const runtime = `
      my ($file, $pidFile) = @ARGV;
      my $pid = fork;
      exec "/bin/sh", $file if $pid == 0;
      open my $out, ">", $pidFile;
      print $out $pid;
    `;
    const argv = ["/usr/bin/perl", "-e", runtime, file, spec.pidFile];
    return { ...spec, command: { argv, env: { PATH: "/usr/bin:/bin" } } };
  }

  #spec(id: string, options: Options): TaskSpec {
    const dir = join(this.execRoot, "tasks", id);
    mkdirSync(dir, { recursive: true });
    const { terminal = false, stdin = false, stdinOnce = false, logged = true } = options;
    const log = { path: this.logPath(id), maxSizeBytes: 0, maxFiles: 1, compress: false, ...options.log };
    return {
      id,
      dir,
      command: { argv: [] },
      configFile: join(dir, "config.json"),
      pidFile: join(dir, "pid"),
      logFile: join(dir, "runtime.log"),
      terminal,
      ...(terminal ? { consoleSocket: join(dir, "console.sock") } : {}),
      openStdin: stdin,
      stdinOnce,
      log: logged ? log : null,
      exitFile: join(this.root, `${id}-exit.json`),
      ...(options.rows === undefined ? {} : { rows: options.rows, columns: options.columns ?? 80 }),
    };
  }

  #config(id: string, args: readonly string[], options: Options): object {
    const namespaces = ["mount", "ipc", "uts", ...(options.hostPids ? [] : ["pid"])].map((type) => ({
      type,
    }));
    return {
      ociVersion: "1.0.2",
      process: processOf(args, options),
      root: { path: join(this.root, "rootfs"), readonly: false },
      mounts: [
        { destination: "/proc", type: "proc", source: "proc" },
        { destination: "/dev", type: "tmpfs", source: "tmpfs", options: ["mode=755"] },
        {
          destination: "/dev/pts",
          type: "devpts",
          source: "devpts",
          options: ["newinstance", "ptmxmode=0666"],
        },
      ],
      linux: { namespaces, cgroupsPath: `${this.cgroup}/${id}` },
    };
  }

  /** Kills what runs, the monitor last, and removes every trace. */
  async end(): Promise<void> {
    try {
      const client = this.#client;
      if (client && this.lost === 0) {
        for (const task of await client.list())
          if (!task.exit) {
            await client.signal(task.id, 9).catch(() => {}); // it may end by itself at this moment
            await this.exit(task.id);
          }
        await client.quit();
        client.close();
      }
    } finally {
      for (const [runtime, id] of this.#containers)
        spawnSync(runtimes[runtime], [`--root=${this.root}/${runtime}`, "delete", "--force", id]);
      this.#removeCgroups();
      rmSync(this.root, { recursive: true, force: true });
    }
  }

  #removeCgroups(): void {
    for (const hierarchy of ["", ...readdirSync("/sys/fs/cgroup")]) {
      const folder = join("/sys/fs/cgroup", hierarchy, this.cgroup);
      if (existsSync(folder)) rmdirSync(folder);
    }
  }
}

function startFlags({ pidFile, consoleSocket }: TaskSpec): string[] {
  const console = consoleSocket === undefined ? [] : [`--console-socket=${consoleSocket}`];
  return [`--pid-file=${pidFile}`, ...console];
}

function processOf(args: readonly string[], { terminal = false }: Options): object {
  return { terminal, user: { uid: 0, gid: 0 }, args, env: ["PATH=/bin", "TERM=xterm"], cwd: "/" };
}

/** Waits until `seen` is true; for what has no event. */
export async function eventually(seen: () => boolean, timeoutMs = 5000): Promise<void> {
  const deadline = performance.now() + timeoutMs * slowness;
  for (; performance.now() < deadline; await Bun.sleep(2)) if (seen()) return;
  throw new Error("it did not come about in time");
}
