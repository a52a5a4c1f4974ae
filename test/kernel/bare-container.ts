// Containers started by nothing but a driver's commands: no daemon, no monitor, no image. The test process stands in for the
// monitor: it is the subreaper, and it runs the commands where the monitor would, in a mount namespace without the cgroup2
// of a hybrid machine.
import { unconfigured } from "../../src/containers/defaults.ts";
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  mkdtempSync,
  readFileSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { silentLog } from "../../src/base/log.ts";
import { containerSettings } from "../../src/containers/settings.ts";
import type { HostFacts } from "../../src/containers/settings.ts";
import { resolveUser } from "../../src/containers/users.ts";
import { cgroupFacts, cgroupFolders, cgroupsPathOf } from "../../src/runtime/cgroup.ts";
import { removeLeftovers } from "../../src/runtime/cgroup-processes.ts";
import type { Command, Driver } from "../../src/runtime/driver.ts";
import { findDrivers } from "../../src/runtime/drivers/find-drivers.ts";
import { sysinitKit } from "../../src/runtime/sysinit-kit.ts";
import type { Sysinit } from "../../src/runtime/oci-spec/sysinit.ts";
import { pidfdExitStatus, pidfdOf } from "../../src/sys/pidfd.ts";
import { exitStatusIn } from "../../src/runtime/lxc-exit.ts";
import { hardLimits } from "../../src/runtime/hard-limits.ts";
import { execProcess } from "../../src/runtime/oci-spec/exec-process.ts";
import { runtimeSpec } from "../../src/runtime/oci-spec/runtime-spec.ts";
import type { ResolvedDevices, SharedNamespaces, SpecHost } from "../../src/runtime/oci-spec/spec-input.ts";
import type { CreateContainerBody, ExecCreateBody } from "../../src/spec/docker.ts";
import type { RuntimeSpec } from "../../src/spec/oci-runtime.ts";
import {
  capabilityBoundingSet,
  exitOf,
  processStartTime,
  setSubreaper,
  WNOHANG,
  waitpid,
} from "../../src/sys/process.ts";
import type { ExitStatus } from "../../src/sys/process.ts";
import { sampanExecutable } from "../harness/executable.ts";
import { look } from "./other-eyes.ts";

const passwd = "root:x:0:0:root:/root:/bin/sh\nweb:x:1000:1001:Web:/home/web:/bin/sh\n";
const group = "root:x:0:\nweb:x:1001:\nvideo:x:44:web\n";

export const cgroup = cgroupFacts();

export const machine: SpecHost = {
  cgroup,
  capabilities: capabilityBoundingSet(),
  seccomp: true,
  appArmor: false,
  hardLimits: hardLimits(),
  architecture: process.arch,
  recursiveReadOnly: true,
};

export type Ended = { readonly exitCode: number; readonly output: string };

export type ContainerOptions = {
  readonly body: CreateContainerBody;
  readonly namespaces?: SharedNamespaces;
  readonly devices?: ResolvedDevices;
  readonly initPath?: string;
  /** A last change of the specification, as the engine's filter cache makes one. */
  readonly adapt?: (spec: RuntimeSpec) => RuntimeSpec;
  /** For a container with a terminal. */
  readonly consoleSocket?: string;
};

/** A container that has been started, or that the runtime refused to start. */
export type Container = {
  readonly id: string;
  readonly pid: number;
  readonly cgroupsPath: string;
  readonly spec: RuntimeSpec;
  /** Waits for the end of the first program; its exit code and all it wrote. */
  ended(): Promise<Ended>;
  exec(body: ExecCreateBody): Promise<Ended>;
  /** Runs one of the driver's commands; throws what it said when it fails. */
  tell(command: Command): Promise<void>;
};

export class NotStarted extends Error {
  readonly log: string;
  constructor(log: string) {
    super(`not started: ${log}`);
    this.log = log;
  }
}

export type Bench = Disposable & {
  readonly driver: Driver;
  readonly folder: string;
  readonly rootfs: string;
  start(options: ContainerOptions): Promise<Container>;
  /** Starts a container and waits for its end. */
  run(body: CreateContainerBody, more?: Omit<ContainerOptions, "body">): Promise<Ended>;
};

/** The drivers of this machine, with a place for their state; each test of the contract runs with every one of them. */
export function openDrivers(): Disposable & { readonly drivers: readonly Driver[] } {
  const execRoot = mkdtempSync(join(tmpdir(), "sampan-driver-"));
  return {
    drivers: findDrivers(silentLog, {
      execRoot,
      defaultRuntime: undefined,
      runtimes: {},
      program: [sampanExecutable()],
    }),
    [Symbol.dispose]: () => rmSync(execRoot, { recursive: true, force: true }),
  };
}

export function openBench(driver: Driver): Bench {
  setSubreaper();
  const folder = mkdtempSync(join(tmpdir(), "sampan-bench-"));
  const rootfs = makeRootfs(folder);
  const parent = `/sampan-test-${driver.name}-${process.pid}`;
  let count = 0;

  async function start(options: ContainerOptions): Promise<Container> {
    const id = `${driver.name}-${process.pid}-${count++}`;
    const bundle = join(folder, id);
    mkdirSync(bundle);
    const cgroupsPath = cgroupsPathOf(parent, "", id);
    const settings = settingsOf(options.body, id, driver.name);
    const { config, hostConfig, mounts } = settings;
    const user = resolveUser(config.User, passwd, group, hostConfig.GroupAdd ?? []);
    const made = runtimeSpec({
      id,
      config,
      hostConfig,
      mounts,
      rootfs,
      files: {},
      user,
      namespaces: options.namespaces ?? { network: { kind: "host" } },
      ...(options.initPath === undefined ? {} : { initPath: options.initPath }),
      ...(driver.kind === "lxc" ? { sysinit: sysinitOf(config.User, hostConfig.GroupAdd ?? []) } : {}),
      devices: options.devices ?? { nodes: [], blockDevices: new Map() },
      cgroupsPath,
      host: machine,
    });
    const spec = options.adapt?.(made) ?? made;
    writeFileSync(join(bundle, "config.json"), JSON.stringify(spec));
    const pidFile = join(bundle, "pid");
    const console = options.consoleSocket === undefined ? {} : { consoleSocket: options.consoleSocket };
    const files = { pidFile, logFile: join(bundle, "runtime.log"), ...console };
    const output = join(bundle, "output");
    const exitCode = await runCommand(driver.run({ id, bundle, ...files }), output);
    if (exitCode !== 0) throw new NotStarted(readIfThere(files.logFile) || readIfThere(output));
    const pid = Number(readFileSync(pidFile, "utf8"));
    // What LXC knows of a child of its own goes with a delete.
    const pidfd = driver.endFiles && pidfdOf(pid);

    return {
      id,
      pid,
      cgroupsPath,
      spec,
      ended: () => endOf(pid, output, pidfd, driver.endFiles?.(id).exitMessages),
      exec: async (body) => {
        const exec = join(bundle, `exec-${count++}`);
        const execUser = resolveUser(body.User ?? config.User, passwd, group, []);
        const program = execProcess({ config, hostConfig, body, user: execUser, host: machine });
        writeFileSync(`${exec}.json`, JSON.stringify(program));
        const paths = { processFile: `${exec}.json`, pidFile: `${exec}.pid`, logFile: `${exec}.log` };
        const said = `${exec}.output`;
        const code = await runCommand(driver.exec(id, paths), said);
        if (code !== 0) {
          reapStrays();
          throw new NotStarted(readIfThere(paths.logFile) || readIfThere(said));
        }
        const execPid = Number(readFileSync(paths.pidFile, "utf8"));
        return endOf(execPid, said);
      },
      tell: async (command) => {
        const said = join(bundle, `command-${count++}`);
        if ((await runCommand(command, said)) !== 0)
          throw new Error(`${command.argv.join(" ")}: ${readIfThere(said)}`);
      },
    };
  }

  return {
    driver,
    folder,
    rootfs,
    start,
    run: async (body, more = {}) => {
      const container = await start({ body, ...more });
      const end = await container.ended();
      await container.tell(driver.delete(container.id));
      return end;
    },
    [Symbol.dispose]: () => {
      removeLeftovers(cgroup, parent, new Set());
      for (const path of cgroupFolders(cgroup, parent)) rmdirIfThere(path);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function settingsOf(body: CreateContainerBody, id: string, runtime: string) {
  const facts: HostFacts = {
    ...machine,
    cpus: navigator.hardwareConcurrency,
    hostname: "host",
    runtimes: [runtime],
    defaultRuntime: runtime,
    defaults: unconfigured,
  };
  return containerSettings(body, { id, image: undefined, facts, findContainer: () => undefined });
}

/** As the engine: LXC has its programs started by our own init. */
function sysinitOf(user: string, groups: readonly string[]): Sysinit {
  const kit = sysinitKit(join(tmpdir(), "sampan-test-sysinit"), sampanExecutable());
  return { kitFolder: kit.folder, gateways: [], supervise: false, user, groups };
}

/** A root file system of a static busybox. */
function makeRootfs(folder: string): string {
  const rootfs = join(folder, "rootfs");
  for (const name of ["bin", "etc", "proc", "sys", "dev", "tmp", "root", "home/web", "usr", "mnt"])
    mkdirSync(join(rootfs, name), { recursive: true });
  copyFileSync("/bin/busybox", join(rootfs, "bin/busybox"));
  for (const applet of look("/bin/busybox", "--list").split("\n").filter(Boolean))
    if (applet !== "busybox") symlinkSync("busybox", join(rootfs, "bin", applet));
  writeFileSync(join(rootfs, "etc/passwd"), passwd);
  writeFileSync(join(rootfs, "etc/group"), group);
  return rootfs;
}

/** Runs a command to its end; its exit code. It and whatever it leaves running write to the file `output`. */
async function runCommand({ argv }: Command, output: string): Promise<number> {
  const fd = openSync(output, "a");
  try {
    return await Bun.spawn([...withoutUnified, ...argv], { stdio: ["ignore", fd, fd], cwd: "/" }).exited;
  } finally {
    closeSync(fd);
  }
}

/** A copy of the mounts as they are now, for each command: what is mounted later would not arrive in an older copy. */
const withoutUnified: readonly string[] =
  cgroup.unified === undefined
    ? []
    : [
        ..."unshare --mount --propagation slave sh -c".split(" "),
        `umount -l ${cgroup.unified}; exec "$@"`,
        "sh",
      ];

/**
 * crun leaves a child of a failed exec behind, which has entered the container's pid namespace. While nobody reaps it, the
 * first program of that namespace cannot end (pid_namespaces(7)).
 */
function reapStrays(): void {
  const children = readIfThere(`/proc/self/task/${process.pid}/children`).split(" ").filter(Boolean);
  for (const pid of children)
    if (/\) Z /.test(readIfThere(`/proc/${pid}/stat`))) waitpid(Number(pid), WNOHANG);
}

/** Waits for the end of an orphan that has become ours, or of a child of LXC's. */
async function endOf(pid: number, output: string, pidfd?: number, exitMessages?: string): Promise<Ended> {
  const othersWord = (): ExitStatus | undefined => {
    const status = exitMessages === undefined ? undefined : exitStatusIn(exitMessages);
    if (status !== undefined) return exitOf(status);
    // Before Linux 6.15 the word is all there is, and a delete takes it along with what it has killed.
    const isDeleted = exitMessages !== undefined && !existsSync(dirname(exitMessages));
    if (isDeleted && processStartTime(pid) === undefined) return { exitCode: 137, signal: 9 };
    return pidfd === undefined ? undefined : pidfdExitStatus(pidfd);
  };
  for (let waitedMs = 0; waitedMs < 20_000; waitedMs += 5) {
    const waited = waitpid(pid, WNOHANG);
    const exit = waited ? exitOf(waited.status) : othersWord();
    if (exit) return { exitCode: exit.exitCode, output: readIfThere(output) };
    await Bun.sleep(5);
  }
  throw new Error(`process ${pid} did not end`);
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function rmdirIfThere(path: string): void {
  if (existsSync(path)) rmdirSync(path);
}
