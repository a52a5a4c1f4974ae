// The parts of the OCI runtime specification (config.json, version 1.0.2) that we write, spelled as the specification does.

export type RuntimeSpec = {
  readonly ociVersion: string;
  readonly process: Process;
  readonly root: { readonly path: string; readonly readonly: boolean };
  readonly hostname?: string;
  readonly domainname?: string;
  readonly mounts: readonly Mount[];
  readonly annotations?: Readonly<Record<string, string>>;
  readonly linux: Linux;
};

export type Process = {
  readonly terminal: boolean;
  readonly consoleSize?: { readonly height: number; readonly width: number };
  readonly user: User;
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly cwd: string;
  readonly capabilities: CapabilitySets;
  readonly rlimits?: readonly Rlimit[];
  readonly noNewPrivileges: boolean;
  readonly apparmorProfile?: string;
  readonly oomScoreAdj?: number;
};

export type User = {
  readonly uid: number;
  readonly gid: number;
  readonly additionalGids: readonly number[];
};

export type CapabilitySets = {
  readonly bounding: readonly string[];
  readonly effective: readonly string[];
  readonly permitted: readonly string[];
  readonly inheritable?: readonly string[];
  readonly ambient?: readonly string[];
};

export type Rlimit = {
  readonly type: string;
  readonly hard: number | RawNumber;
  readonly soft: number | RawNumber;
};

/** What `JSON.rawJSON` makes: digits that JSON.stringify writes as they are. No limit is 2^64-1, which no double holds. */
export type RawNumber = { readonly rawJSON: string };

export type Mount = {
  readonly destination: string;
  readonly type?: string;
  readonly source?: string;
  readonly options?: readonly string[];
};

export type Linux = {
  readonly namespaces: readonly Namespace[];
  readonly devices?: readonly Device[];
  readonly cgroupsPath: string;
  readonly resources: LinuxResources;
  readonly sysctl?: Readonly<Record<string, string>>;
  readonly seccomp?: Seccomp;
  readonly rootfsPropagation?: string;
  readonly maskedPaths?: readonly string[];
  readonly readonlyPaths?: readonly string[];
};

export type NamespaceType = "pid" | "network" | "mount" | "ipc" | "uts" | "cgroup";
/** Without a path: a new namespace. A namespace that is not listed is the runtime's own (the host's). */
export type Namespace = { readonly type: NamespaceType; readonly path?: string };

export type Device = {
  readonly type: "c" | "b" | "p";
  readonly path: string;
  readonly major: number;
  readonly minor: number;
  readonly fileMode?: number;
  readonly uid?: number;
  readonly gid?: number;
};

export type DeviceRule = {
  readonly allow: boolean;
  readonly type?: "a" | "c" | "b";
  readonly major?: number;
  readonly minor?: number;
  readonly access?: string;
};

/** Limits in cgroup v1's terms; on v2 the runtimes convert (shares to weight, swap = memory+swap - memory). */
export type LinuxResources = {
  readonly devices?: readonly DeviceRule[];
  readonly memory?: {
    readonly limit?: number;
    readonly reservation?: number;
    /** Memory plus swap. */
    readonly swap?: number;
    readonly swappiness?: number;
    readonly disableOOMKiller?: boolean;
  };
  readonly cpu?: {
    readonly shares?: number;
    readonly quota?: number;
    readonly period?: number;
    readonly realtimeRuntime?: number;
    readonly realtimePeriod?: number;
    readonly cpus?: string;
    readonly mems?: string;
  };
  readonly pids?: { readonly limit: number };
  readonly blockIO?: {
    readonly weight?: number;
    readonly weightDevice?: readonly BlockWeight[];
    readonly throttleReadBpsDevice?: readonly BlockRate[];
    readonly throttleWriteBpsDevice?: readonly BlockRate[];
    readonly throttleReadIOPSDevice?: readonly BlockRate[];
    readonly throttleWriteIOPSDevice?: readonly BlockRate[];
  };
};

export type BlockWeight = { readonly major: number; readonly minor: number; readonly weight: number };
export type BlockRate = { readonly major: number; readonly minor: number; readonly rate: number };

export type SeccompAction =
  | "SCMP_ACT_ALLOW"
  | "SCMP_ACT_ERRNO"
  | "SCMP_ACT_KILL"
  | "SCMP_ACT_KILL_PROCESS"
  | "SCMP_ACT_KILL_THREAD"
  | "SCMP_ACT_LOG"
  | "SCMP_ACT_TRACE"
  | "SCMP_ACT_TRAP"
  | "SCMP_ACT_NOTIFY";

export type SeccompOperator =
  | "SCMP_CMP_EQ"
  | "SCMP_CMP_NE"
  | "SCMP_CMP_GE"
  | "SCMP_CMP_GT"
  | "SCMP_CMP_LE"
  | "SCMP_CMP_LT"
  | "SCMP_CMP_MASKED_EQ";

export type SeccompArg = {
  readonly index: number;
  readonly value: number;
  /** For MASKED_EQ: `(argument & value) == valueTwo`. */
  readonly valueTwo?: number;
  readonly op: SeccompOperator;
};

export type SeccompRule = {
  readonly names: readonly string[];
  readonly action: SeccompAction;
  readonly errnoRet?: number;
  /** All of them must hold. */
  readonly args?: readonly SeccompArg[];
};

export type Seccomp = {
  readonly defaultAction: SeccompAction;
  readonly defaultErrnoRet?: number;
  readonly architectures?: readonly string[];
  readonly flags?: readonly string[];
  readonly syscalls: readonly SeccompRule[];
};
