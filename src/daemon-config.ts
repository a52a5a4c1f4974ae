// The daemon's configuration: dockerd's flags, and daemon.json below them. Pure, but for reading that one file.
import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { parseArgs } from "node:util";
import { defaultExecRoot } from "./base/instance.ts";
import { InvalidParameterError, hasCode } from "./base/errors.ts";
import { objectOf, pairs, textOf, textsOf } from "./config-values.ts";
import { containerDefaults, containerKeys } from "./daemon-container-defaults.ts";
import { givenKeys, judgeGivenKeys } from "./daemon-given-keys.ts";
import { defaultConfigFile, defaultRoot } from "./daemon-usage.ts";
import { networkOptions } from "./daemon-network-config.ts";
import type { EngineConfig } from "./engine/engine.ts";
import type { RcliAddress } from "./rcli/address.ts";
import { parseRcliAddress } from "./rcli/address.ts";
import type { ProxySettings } from "./registry/proxy.ts";
import { registryKeys, registrySettings } from "./registry-settings.ts";

export type TlsFiles = { readonly ca: string; readonly cert: string; readonly key: string };

/** What the engine is to be, and how it is reached. */
export type DaemonConfig = Omit<EngineConfig, "program"> & {
  readonly pidFile: string;
  /** Addresses to listen on: `unix:///path`, `tcp://host:port`. Never empty. */
  readonly hosts: readonly string[];
  /** Where the command protocol of 2013 is spoken, if it is. */
  readonly rcli: RcliAddress | undefined;
  readonly socketGroup: string;
  readonly tls: TlsFiles | undefined;
  /** Plain tcp on other addresses than loopback: whoever reaches the port is root here. */
  readonly unauthenticatedTcp: boolean;
  /** What the file asks for and does not get, a line each. */
  readonly notes: readonly string[];
};

const flags = {
  host: { type: "string", short: "H", multiple: true },
  "data-root": { type: "string" },
  root: { type: "string" },
  graph: { type: "string", short: "g" },
  "exec-root": { type: "string" },
  pidfile: { type: "string", short: "p" },
  bridge: { type: "string", short: "b" },
  bip: { type: "string" },
  "fixed-cidr": { type: "string" },
  "fixed-cidr-v6": { type: "string" },
  ipv6: { type: "boolean" },
  mtu: { type: "string" },
  icc: { type: "boolean" },
  "ip-masq": { type: "boolean" },
  ip: { type: "string" },
  "default-address-pool": { type: "string", multiple: true },
  "published-port-range": { type: "string" },
  "firewall-backend": { type: "string" },
  dns: { type: "string", multiple: true },
  "dns-opt": { type: "string", multiple: true },
  "dns-search": { type: "string", multiple: true },
  group: { type: "string", short: "G" },
  debug: { type: "boolean", short: "D" },
  "config-file": { type: "string" },
  rcli: { type: "string" },
  "default-runtime": { type: "string" },
  "exec-driver": { type: "string", short: "e" },
  "add-runtime": { type: "string", multiple: true },
  "init-path": { type: "string" },
  sysinit: { type: "boolean" },
  init: { type: "boolean" },
  "no-new-privileges": { type: "boolean" },
  "log-driver": { type: "string" },
  "log-opt": { type: "string", multiple: true },
  "default-shm-size": { type: "string" },
  "default-ulimit": { type: "string", multiple: true },
  label: { type: "string", multiple: true },
  "registry-mirror": { type: "string", multiple: true },
  "insecure-registry": { type: "string", multiple: true },
  "max-concurrent-downloads": { type: "string" },
  "max-concurrent-uploads": { type: "string" },
  "http-proxy": { type: "string" },
  "https-proxy": { type: "string" },
  "no-proxy": { type: "string" },
  tlsverify: { type: "boolean" },
  tlscacert: { type: "string" },
  tlscert: { type: "string" },
  tlskey: { type: "string" },
  "insecure-let-anyone-on-the-network-be-root": { type: "boolean" },
  validate: { type: "boolean" },
} as const;

/** The keys of daemon.json that are known, by the flag that says the same; a file that gives others is refused, as dockerd does. */
const fileKeys: Readonly<Record<string, keyof typeof flags>> = {
  hosts: "host",
  "data-root": "data-root",
  "exec-root": "exec-root",
  pidfile: "pidfile",
  bridge: "bridge",
  bip: "bip",
  "fixed-cidr": "fixed-cidr",
  "fixed-cidr-v6": "fixed-cidr-v6",
  ipv6: "ipv6",
  mtu: "mtu",
  icc: "icc",
  "ip-masq": "ip-masq",
  ip: "ip",
  "default-address-pools": "default-address-pool",
  "published-port-range": "published-port-range",
  "firewall-backend": "firewall-backend",
  dns: "dns",
  "dns-opts": "dns-opt",
  "dns-search": "dns-search",
  group: "group",
  debug: "debug",
  "default-runtime": "default-runtime",
  "exec-driver": "exec-driver",
  runtimes: "add-runtime",
  "init-path": "init-path",
  sysinit: "sysinit",
  ...containerKeys,
  labels: "label",
  "registry-mirrors": "registry-mirror",
  "insecure-registries": "insecure-registry",
  "max-concurrent-downloads": "max-concurrent-downloads",
  "max-concurrent-uploads": "max-concurrent-uploads",
  tlsverify: "tlsverify",
  tlscacert: "tlscacert",
  tlscert: "tlscert",
  tlskey: "tlskey",
  rcli: "rcli",
};

export type DaemonCommand =
  | { readonly action: "run" | "validate"; readonly config: DaemonConfig }
  | { readonly action: "help" };

const noProxies: ProxySettings = { http: "", https: "", no: "" };

/** What `sampan daemon ARGS` asks for, `proxies` being those of the environment; InvalidParameterError says what is wrong with the flags or the file. */
export function daemonCommand(args: readonly string[], proxies: ProxySettings = noProxies): DaemonCommand {
  if (args.includes("--help") || args.includes("-h")) return { action: "help" };
  const values = parseFlags(args);
  const file = readConfigFile(values["config-file"]);
  for (const [key, flag] of Object.entries(fileKeys))
    if (file[key] !== undefined && values[flag] !== undefined && !isList(flag))
      throw new InvalidParameterError(
        `the following directives are specified both as a flag and in the configuration file: ${key}: (from flag: ${String(values[flag])}, from file: ${JSON.stringify(file[key])})`,
      );
  const config = merge(values, file, proxies);
  return { action: values.validate ? "validate" : "run", config };
}

type Flags = ReturnType<typeof parseFlags>;
type ConfigFile = Readonly<Record<string, unknown>>;

function parseFlags(args: readonly string[]) {
  try {
    const { given, rest } = takeSwitches(args.flatMap(withoutEquals));
    return {
      ...parseArgs({ args: rest, options: flags, strict: true, allowPositionals: false }).values,
      ...given,
    };
  } catch (err) {
    throw new InvalidParameterError(err instanceof Error ? err.message : String(err), { cause: err });
  }
}

/** `-g=/data`, as Go's flags were written in 2013. */
function withoutEquals(arg: string): readonly string[] {
  const [, flag, value = ""] = /^(-[a-zA-Z])=([^]*)$/.exec(arg) ?? [];
  return flag === undefined ? [arg] : [flag, value];
}

/** dockerd's `--icc=false`, which parseArgs refuses. */
function takeSwitches(args: readonly string[]): {
  readonly given: { readonly [Flag in Switch]?: boolean };
  readonly rest: string[];
} {
  const given: { [Flag in Switch]?: boolean } = {};
  const rest = args.filter((arg) => {
    const [, name = "", value = ""] = /^--([a-z0-9-]+)=(.*)$/.exec(arg) ?? [];
    if (!isSwitch(name)) return true;
    if (!switchWords.has(value))
      throw new InvalidParameterError(`invalid argument "${value}" for "--${name}"`);
    given[name] = switchWords.get(value) ?? false;
    return false;
  });
  return { given, rest };
}

const switchNames = [
  "icc",
  "ip-masq",
  "ipv6",
  "debug",
  "tlsverify",
  "sysinit",
  "init",
  "no-new-privileges",
] as const;
type Switch = (typeof switchNames)[number];
const switches: ReadonlySet<string> = new Set(switchNames);
const switchWords = new Map([
  ["true", true],
  ["1", true],
  ["false", false],
  ["0", false],
]);

function isSwitch(name: string): name is Switch {
  return switches.has(name);
}

function merge(values: Flags, file: ConfigFile, proxies: ProxySettings): DaemonConfig {
  const text = (flag: keyof typeof flags, key: string = flag): string | undefined =>
    textOf(key, values[flag] ?? file[key]);
  const list = (
    flag: "host" | "label" | "dns" | "dns-opt" | "dns-search",
    key: string = flag,
  ): readonly string[] => values[flag] ?? textsOf(key, file[key]) ?? [];
  const execRoot = text("exec-root") ?? defaultExecRoot;
  const hosts = list("host", "hosts");
  return {
    root: values["data-root"] ?? values.root ?? values.graph ?? text("data-root") ?? defaultRoot,
    execRoot,
    pidFile: text("pidfile") ?? `${execRoot}/sampan.pid`,
    hosts: hosts.length > 0 ? hosts.map(checkedHost) : [`unix://${execRoot}/sampan.sock`],
    rcli: parseRcliAddress(text("rcli")),
    socketGroup: text("group") ?? "sampan",
    network: networkOptions((flag, key = flag) => values[flag] ?? file[key]),
    dns: {
      servers: list("dns").map(checkedServer),
      search: list("dns-search"),
      options: list("dns-opt", "dns-opts"),
    },
    defaultRuntime: text("default-runtime") ?? execDriver(text("exec-driver")),
    runtimes: { ...runtimesOf(file["runtimes"]), ...pairs("add-runtime", values["add-runtime"]) },
    defaults: containerDefaults(values, file),
    labels: list("label", "labels"),
    registries: registrySettings(values, file, proxies),
    tls: tlsOf(values, file),
    unauthenticatedTcp: values["insecure-let-anyone-on-the-network-be-root"] ?? false,
    debug: values.debug ?? file["debug"] === true,
    sysinit: values.sysinit ?? file["sysinit"] === true,
    initPath: text("init-path"),
    notes: judgeGivenKeys(file),
  };
}

/** Docker's flag until 1.9: its own runtime, or LXC. */
function execDriver(name: string | undefined): string | undefined {
  if (name === undefined || name === "native") return undefined;
  if (name === "lxc") return name;
  throw new InvalidParameterError(`unknown exec driver ${name}: native and lxc are known`);
}

function tlsOf(values: Flags, file: ConfigFile): TlsFiles | undefined {
  const verify = values.tlsverify ?? file["tlsverify"] === true;
  if (!verify) return undefined;
  const [ca, cert, key] = (["tlscacert", "tlscert", "tlskey"] as const).map((name) =>
    textOf(name, values[name] ?? file[name]),
  );
  if (ca === undefined || cert === undefined || key === undefined)
    throw new InvalidParameterError("--tlsverify needs --tlscacert, --tlscert and --tlskey");
  return { ca, cert, key };
}

function checkedHost(host: string): string {
  if (/^(unix|tcp):\/\/.+/.test(host)) return host;
  if (host.startsWith("/")) return `unix://${host}`;
  throw new InvalidParameterError(`unable to parse address ${host}: use unix:///path or tcp://host:port`);
}

function checkedServer(address: string): string {
  if (isIP(address) !== 0) return address;
  throw new InvalidParameterError(`IP address is not correctly formatted: ${address}`);
}

function readConfigFile(path: string | undefined): ConfigFile {
  let text: string;
  try {
    text = readFileSync(path ?? defaultConfigFile, "utf8");
  } catch (err) {
    if (path === undefined && hasCode(err, "ENOENT")) return {};
    throw new InvalidParameterError(
      `unable to configure the daemon with file ${path ?? defaultConfigFile}: cannot be read`,
      { cause: err },
    );
  }
  if (text.trim() === "") return {};
  const parsed = parseJson(text, path ?? defaultConfigFile);
  const known = new Set<string>([...Object.keys(fileKeys), ...registryKeys, ...givenKeys]);
  const unknown = Object.keys(parsed).filter((key) => !known.has(key));
  if (unknown.length > 0)
    throw new InvalidParameterError(
      `the following directives don't match any configuration option: ${unknown.join(", ")}`,
    );
  return parsed;
}

function parseJson(text: string, path: string): ConfigFile {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) return parsed as ConfigFile;
  } catch (err) {
    throw new InvalidParameterError(`unable to configure the daemon with file ${path}: not JSON`, {
      cause: err,
    });
  }
  throw new InvalidParameterError(`unable to configure the daemon with file ${path}: not a JSON object`);
}

function isList(flag: keyof typeof flags): boolean {
  return "multiple" in flags[flag];
}

/** dockerd's form: `{"mine": {"path": "/usr/local/bin/mine"}}`. */
function runtimesOf(value: unknown): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(objectOf("runtimes", value)).map(([name, runtime]) => {
      const path =
        typeof runtime === "object" && runtime !== null && "path" in runtime ? runtime.path : undefined;
      if (typeof path !== "string") throw new InvalidParameterError(`runtime ${name} has no path`);
      return [name, path];
    }),
  );
}
