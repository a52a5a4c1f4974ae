// The flags of `run` and `create`: what a container is made of. Read into API bodies by the files in ../run/.

import type { Flag } from "../command.ts";
import { detachKeysFlag } from "./shared-flags.ts";

/** Old spellings and what only other systems know: read, never shown. */
const hidden: readonly Flag[] = [
  { name: "net", type: "list", aliasOf: "network", help: "", hidden: true },
  { name: "net-alias", type: "list", aliasOf: "network-alias", help: "", hidden: true },
  { name: "dns-opt", type: "list", aliasOf: "dns-option", help: "", hidden: true },
  { name: "disable-content-trust", type: "bool", default: "true", help: "", hidden: true },
  { name: "isolation", type: "string", help: "", hidden: true },
  { name: "cpu-count", type: "int", help: "", hidden: true, only: "windows" },
  { name: "cpu-percent", type: "int", help: "", hidden: true, only: "windows" },
  { name: "io-maxbandwidth", type: "bytes", help: "", hidden: true, only: "windows" },
  { name: "io-maxiops", type: "int", help: "", hidden: true, only: "windows" },
  { name: "kernel-memory", type: "bytes", help: "", hidden: true },
];

const identity: readonly Flag[] = [
  { name: "name", type: "string", help: "Name of the container" },
  { name: "hostname", short: "h", type: "string", help: "Host name inside the container" },
  { name: "domainname", type: "string", help: "NIS domain name inside the container" },
  { name: "label", short: "l", type: "list", help: "Set a label (KEY=VALUE)" },
  { name: "label-file", type: "list", file: true, help: "Read labels from a file, one on each line" },
  { name: "annotation", type: "map", help: "Hand an annotation (KEY=VALUE) through to the OCI runtime" },
  {
    name: "cidfile",
    type: "string",
    file: true,
    help: "Write the ID of the container to this file, which must not exist",
  },
  { name: "platform", type: "string", help: "Platform of the image: os[/arch[/variant]]" },
  {
    name: "pull",
    type: "string",
    default: "missing",
    help: 'When to pull the image ("always", "missing", "never")',
  },
  { name: "quiet", short: "q", type: "bool", help: "Say nothing about the progress of a pull" },
  { name: "runtime", type: "string", help: "OCI runtime to run the container with" },
  {
    name: "restart",
    type: "string",
    default: "no",
    help: "When to start the container again after its exit",
  },
  { name: "rm", type: "bool", help: "Remove the container and its anonymous volumes when it exits" },
];

const program: readonly Flag[] = [
  { name: "attach", short: "a", type: "list", help: "Streams to attach: STDIN, STDOUT, STDERR" },
  { name: "interactive", short: "i", type: "bool", help: "Keep STDIN open, attached or not" },
  { name: "tty", short: "t", type: "bool", help: "Give the program a terminal" },
  { name: "entrypoint", type: "string", help: "Replace the ENTRYPOINT of the image" },
  {
    name: "env",
    short: "e",
    type: "list",
    secret: "after=",
    help: "Set an environment variable (KEY=VALUE), or pass one on (KEY)",
  },
  {
    name: "env-file",
    type: "list",
    file: true,
    help: "Read environment variables from a file, one on each line",
  },
  { name: "workdir", short: "w", type: "string", help: "Working directory inside the container" },
  { name: "user", short: "u", type: "string", help: "User inside the container: name or number [:group]" },
  { name: "group-add", type: "list", help: "Add a supplementary group" },
  { name: "init", type: "bool", help: "Run an init that passes signals on and reaps zombies" },
  {
    name: "sysinit",
    type: "bool",
    help: "Start the program by Sampan's own /sbin/init (annotation sampan.sysinit)",
  },
  { name: "stop-signal", type: "string", help: "Signal that asks the program to stop" },
  { name: "stop-timeout", type: "int", help: "Seconds between that signal and SIGKILL" },
];

const security: readonly Flag[] = [
  { name: "privileged", type: "bool", help: "All capabilities and devices, no confinement" },
  { name: "cap-add", type: "list", help: "Give a Linux capability" },
  { name: "cap-drop", type: "list", help: "Take a Linux capability away" },
  {
    name: "security-opt",
    type: "list",
    file: /^seccomp[=:](?!(?:unconfined|builtin)$)/,
    help: "Security option (seccomp=, apparmor=, label=, no-new-privileges)",
  },
  { name: "read-only", type: "bool", help: "Mount the root file system read-only" },
  { name: "userns", type: "string", help: "User namespace to use" },
  { name: "pid", type: "string", help: 'PID namespace to use ("host", "container:NAME")' },
  {
    name: "ipc",
    type: "string",
    help: 'IPC namespace to use ("host", "private", "shareable", "container:NAME")',
  },
  { name: "uts", type: "string", help: 'UTS namespace to use ("host")' },
  { name: "cgroupns", type: "string", help: 'Cgroup namespace to use ("host", "private")' },
  { name: "use-api-socket", type: "bool", help: "Mount the engine's API socket into the container" },
];

const storage: readonly Flag[] = [
  {
    name: "volume",
    short: "v",
    type: "list",
    file: /^\./,
    help: "Mount a volume or a path of the host: [SOURCE:]TARGET[:OPTIONS]",
  },
  {
    name: "mount",
    type: "list",
    value: "mount",
    file: /(?:^|,)"?(?:source|src)=\./,
    help: "Mount a file system: type=…,source=…,target=…",
  },
  { name: "tmpfs", type: "list", help: "Mount a tmpfs: TARGET[:OPTIONS]" },
  { name: "volumes-from", type: "list", help: "Take over the mounts of another container" },
  { name: "volume-driver", type: "string", help: "Driver for the volumes that are made" },
  { name: "storage-opt", type: "list", help: "Option of the storage driver (KEY=VALUE)" },
  { name: "shm-size", type: "bytes", help: "Size of /dev/shm" },
];

const network: readonly Flag[] = [
  { name: "network", type: "list", value: "network", help: "Connect to a network" },
  { name: "network-alias", type: "list", help: "Another name for the container on its network" },
  {
    name: "publish",
    short: "p",
    type: "list",
    help: "Publish a port: [[ADDRESS:]HOST_PORT:]PORT[/PROTOCOL]",
  },
  {
    name: "publish-all",
    short: "P",
    type: "bool",
    help: "Publish every exposed port on a free port of the host",
  },
  { name: "expose", type: "list", help: "Expose a port or a range of ports" },
  { name: "ip", type: "string", help: "IPv4 address (172.30.100.104)" },
  { name: "ip6", type: "string", help: "IPv6 address (2001:db8::33)" },
  { name: "link-local-ip", type: "list", help: "Link-local address" },
  { name: "mac-address", type: "string", help: "MAC address (92:d0:c6:0a:29:33)" },
  { name: "dns", type: "list", help: "DNS server" },
  { name: "dns-option", type: "list", help: "Option for resolv.conf" },
  { name: "dns-search", type: "list", help: "DNS search domain" },
  { name: "add-host", type: "list", help: "Add a name to the container's hosts file (NAME:ADDRESS)" },
  { name: "link", type: "list", help: "Link to another container (CONTAINER[:ALIAS])" },
];

/** Limits that `update` knows as well. */
export const limitFlags: readonly Flag[] = [
  { name: "blkio-weight", type: "uint16", help: "Relative weight of block I/O, 10 to 1000, 0 for none" },
  { name: "cpu-period", type: "int", help: "CFS period in microseconds" },
  { name: "cpu-quota", type: "int", help: "CFS quota in microseconds" },
  { name: "cpu-rt-period", type: "int", help: "Real-time period in microseconds" },
  { name: "cpu-rt-runtime", type: "int", help: "Real-time runtime in microseconds" },
  { name: "cpu-shares", short: "c", type: "int", help: "Relative weight of CPU time" },
  { name: "cpus", type: "cpus", value: "decimal", help: "Number of CPUs" },
  { name: "cpuset-cpus", type: "string", help: "CPUs that may be used (0-3, 0,1)" },
  { name: "cpuset-mems", type: "string", help: "Memory nodes that may be used (0-3, 0,1)" },
  { name: "memory", short: "m", type: "bytes", help: "Memory limit" },
  { name: "memory-reservation", type: "bytes", help: "Memory that is left to the container under pressure" },
  {
    name: "memory-swap",
    type: "swap-bytes",
    value: "bytes",
    help: "Limit of memory plus swap; -1 for no limit",
  },
  { name: "pids-limit", type: "int", help: "Limit of processes; -1 for no limit" },
];

const resources: readonly Flag[] = [
  ...limitFlags,
  { name: "blkio-weight-device", type: "list", help: "Weight of block I/O on one device (DEVICE:WEIGHT)" },
  { name: "cgroup-parent", type: "string", help: "Cgroup to make the container's cgroup in" },
  { name: "device", type: "list", help: "Give a device of the host: HOST_PATH[:PATH[:rwm]]" },
  { name: "device-cgroup-rule", type: "list", help: 'Allow devices by rule ("c 1:3 rwm")' },
  { name: "device-read-bps", type: "list", help: "Limit reading from a device (DEVICE:BYTES a second)" },
  {
    name: "device-read-iops",
    type: "list",
    help: "Limit reading from a device (DEVICE:OPERATIONS a second)",
  },
  { name: "device-write-bps", type: "list", help: "Limit writing to a device (DEVICE:BYTES a second)" },
  { name: "device-write-iops", type: "list", help: "Limit writing to a device (DEVICE:OPERATIONS a second)" },
  { name: "gpus", type: "list", value: "gpu-request", help: "Give GPUs ('all' for all of them)" },
  { name: "memory-swappiness", type: "int", default: "-1", help: "Readiness to swap, 0 to 100" },
  { name: "oom-kill-disable", type: "bool", help: "Do not kill on lack of memory" },
  { name: "oom-score-adj", type: "int", help: "Preference of the OOM killer, -1000 to 1000" },
  { name: "sysctl", type: "list", value: "map", help: "Set a kernel parameter (KEY=VALUE)" },
  { name: "ulimit", type: "list", value: "ulimit", help: "Set a resource limit: NAME=SOFT[:HARD]" },
];

const health: readonly Flag[] = [
  { name: "health-cmd", type: "string", help: "Command that tells whether the container is healthy" },
  { name: "health-interval", type: "duration", help: "Time between two checks (ms|s|m|h)" },
  { name: "health-retries", type: "int", help: "Failures in a row that mean unhealthy" },
  {
    name: "health-start-interval",
    type: "duration",
    help: "Time between two checks while starting (ms|s|m|h)",
  },
  { name: "health-start-period", type: "duration", help: "Time in which failures do not count (ms|s|m|h)" },
  { name: "health-timeout", type: "duration", help: "Longest time a check may take (ms|s|m|h)" },
  { name: "no-healthcheck", type: "bool", help: "Do not use the HEALTHCHECK of the image" },
];

const logging: readonly Flag[] = [
  { name: "log-driver", type: "string", help: "Log driver" },
  { name: "log-opt", type: "list", help: "Option of the log driver (KEY=VALUE)" },
];

export const createFlags: readonly Flag[] = [
  ...identity,
  ...program,
  ...security,
  ...storage,
  ...network,
  ...resources,
  ...health,
  ...logging,
  ...hidden,
];

export const runFlags: readonly Flag[] = [
  ...createFlags,
  detachKeysFlag,
  {
    name: "detach",
    short: "d",
    type: "bool",
    help: "Run in the background and print the ID of the container",
  },
  { name: "sig-proxy", type: "bool", default: "true", help: "Pass signals on to the program" },
];
