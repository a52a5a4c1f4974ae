// Requests as a well-behaved client sends them, for every route of the table: a route added there is fuzzed by itself.
import type { GenericSchema } from "valibot";
import * as bodies from "../../src/api/bodies.ts";
import { missingRoutes } from "../../src/api/not-in-this-build.ts";
import { routes } from "../../src/api/routes.ts";
import type { Route } from "../../src/api/router.ts";
import { swarmRoutes } from "../../src/api/swarm.ts";
import { valueFor } from "./body-values.ts";
import type { Random } from "../harness/random.ts";
import { newNames } from "./world.ts";
import type { World } from "./world.ts";

export type Request = {
  readonly method: string;
  readonly path: string;
  readonly query: readonly (readonly [key: string, value: string])[];
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** JSON is kept as a value, so that its structure can be mutated; undefined: no body. */
  readonly body: { readonly json: unknown } | { readonly bytes: Buffer } | undefined;
};

const upgrade = [
  ["Connection", "Upgrade"],
  ["Upgrade", "tcp"],
] as const;

const bodyOfRoute: Readonly<Record<string, GenericSchema>> = {
  "/containers/create": bodies.createBody,
  "/containers/:id/update": bodies.updateBody,
  "/containers/:id/exec": bodies.execCreateBody,
  "/exec/:id/start": bodies.execStartBody,
  "/volumes/create": bodies.createVolumeBody,
};
const anyBody = Object.values(bodies) as readonly GenericSchema[];
/** Routes whose body is an archive. */
const takesArchive = /^\/(images\/(create|load)|build|containers\/:id\/archive)$/;
const takesNoBody = /\/(start|stop|restart|kill|pause|unpause|rename|resize|wait|attach|prune|tag)$/;

/** Those that do more than say no, which are asked more often. */
const workingRoutes = routes.filter((route) => ![...missingRoutes, ...swarmRoutes].includes(route));

/** Those by which mutated settings come to life, and are found out later than by the look at the body. */
const makingRoutes = routes.filter(
  ({ method, pattern }) =>
    method === "POST" &&
    /^\/containers\/(create|:id\/(start|update|exec))$|^\/exec\/:id\/start$/.test(pattern),
);

/** `archives` are what `load` and `import` take apart. */
export function validRequest(random: Random, world: World, archives: readonly Buffer[]): Request {
  const route = random.pick(random.oneIn(8) ? routes : random.oneIn(4) ? makingRoutes : workingRoutes);
  const body = bodyFor(route, random, world, archives);
  const isHijack = /\/(attach|start|create|exec)$/.test(route.pattern) && random.oneIn(2);
  const type =
    body === undefined ? [] : [["Content-Type", "json" in body ? "application/json" : "application/x-tar"]];
  return {
    method: route.method,
    path: version(random) + pathFor(route, random, world),
    query: queryFor(route, random, world),
    headers: [["Host", "fuzz"], ...(type as [string, string][]), ...(isHijack ? upgrade : [])],
    body,
  };
}

function version(random: Random): string {
  return random.oneIn(3) ? "" : `/v1.${random.oneIn(2) ? 55 : 24 + random.below(32)}`;
}

function pathFor({ pattern }: Route, random: Random, world: World): string {
  const kind = pattern.split("/")[1] ?? "";
  const names: Readonly<Record<string, readonly string[]>> = {
    containers: world.containers,
    exec: world.execs,
    images: [world.image, "test/busybox", "fuzz:1", "fuzz/none"],
    volumes: [world.volume, "no-volume"],
    networks: ["bridge", "none", "no-network"],
  };
  return pattern.replaceAll(/[:*]\w+/g, () => random.pick(names[kind] ?? ["x", "x/y"]));
}

function bodyFor(route: Route, random: Random, world: World, archives: readonly Buffer[]): Request["body"] {
  if (route.method === "GET" || route.method === "HEAD") return undefined;
  if (takesArchive.test(route.pattern)) return { bytes: random.pick(archives) };
  const schema = bodyOfRoute[route.pattern];
  // A route that is not known here may take any body; most that are known to take none get one now and then.
  if (!schema && (takesNoBody.test(route.pattern) ? !random.oneIn(10) : random.oneIn(3))) return undefined;
  const texts = (field: string): readonly string[] => fieldTexts(field, world);
  const made = valueFor(schema ?? random.pick(anyBody), random, texts) as Record<string, unknown>;
  if (route.pattern === "/containers/create")
    return { json: { ...made, Image: world.image, ...command(random) } };
  if (route.pattern === "/containers/:id/exec") return { json: { ...made, ...command(random) } };
  return { json: made };
}

/** Whatever else a mutation makes of a request, no program that could do harm is known here. */
function command(random: Random): { Cmd?: unknown } {
  const commands = [["true"], ["true"], ["sleep", "5"], ["cat"], ["id"], ["no-such-program"], "true", []];
  return random.oneIn(20) ? {} : { Cmd: random.pick(commands) };
}

const plainTexts = ["", "a", "fuzz", "a=b", "0", "1", "true", "1.2.3.4", "none", "80/tcp"];

function fieldTexts(field: string, { hostFolder, image, volume, containers }: World): readonly string[] {
  const paths = [`${hostFolder}/a`, `${hostFolder}/b`, hostFolder];
  const known: Readonly<Record<string, readonly string[]>> = {
    Image: [image],
    User: ["", "0", "alice", "1000:1000", "nobody:nogroup", "ghost"],
    WorkingDir: paths,
    Cmd: ["true"],
    Entrypoint: ["true"],
    Env: ["A=1", "PATH=/bin", "B", "=C"],
    Volumes: paths,
    Tmpfs: [...paths, "size=1m"],
    Binds: [
      `${hostFolder}/a:${hostFolder}/b`,
      `${hostFolder}/a:${hostFolder}/b:ro`,
      `${volume}:${hostFolder}/v`,
    ],
    Source: [...paths, volume],
    Target: paths,
    Type: ["bind", "volume", "tmpfs", "json-file", "none", "npipe"],
    Propagation: ["private", "rprivate", "slave", ""],
    NetworkMode: ["bridge", "none", "default", "container:fuzz-sleep", "nowhere"],
    PidMode: ["", "container:fuzz-sleep"],
    IpcMode: ["", "private", "shareable", "none", "container:fuzz-sleep"],
    RestartPolicy: ["no"],
    Name: ["", "no", "always", "on-failure", "unless-stopped", "nofile", "fuzz-volume-2"],
    CapAdd: ["CHOWN", "CAP_SYS_TIME", "NOSUCH"],
    CapDrop: ["ALL", "MKNOD", "cap_chown"],
    SecurityOpt: ["no-new-privileges", "label=disable", "seccomp=unconfined", "seccomp={}"],
    Sysctls: ["net.ipv4.ip_unprivileged_port_start", "kernel.shmmax", "1", "kernel.nosuch"],
    VolumesFrom: ["fuzz-idle", "fuzz-idle:ro", "nobody"],
    Links: ["fuzz-idle:alias"],
    CpusetCpus: ["0", "0-1", "7-3"],
    CpusetMems: ["0", "9"],
    ExtraHosts: ["a:1.2.3.4", "b:fd00::1", "c"],
    Dns: ["1.1.1.1", "bad"],
    StopSignal: ["SIGTERM", "9", "SIGRTMIN+3", "SIGNOTHING"],
    Runtime: ["", "runc", "crun", "nosuch"],
    DetachKeys: ["", "ctrl-a", "ctrl-p,ctrl-q", "ctrl-"],
    Healthcheck: ["NONE", "CMD", "true"],
    Test: ["NONE", "CMD", "CMD-SHELL", "true"],
    Driver: ["", "local", "nosuch"],
    EndpointsConfig: ["bridge", "none", "nowhere"],
    Config: ["max-size", "max-file", "10k", "3", "compress", "true"],
    ContainerID: containers,
  };
  return known[field] ?? plainTexts;
}

const flags = ["1", "0", "true", "False", ""];
const times = ["0", "1", "1700000000", "1700000000.123456789", "4102444800"];
const filters = [
  "{}",
  `{"status":["running","exited"]}`,
  `{"label":["a=b"],"name":["^/fuzz"]}`,
  `{"status":{"exited":true}}`,
  `{"dangling":["true"],"until":["24h"]}`,
  `{"reference":["test/*"],"before":["fuzz-idle"]}`,
  `{"type":["container"],"event":["die"]}`,
];

/** Query keys with values that mean something; a few go with any route. */
function queryValues({ containers }: World): Readonly<Record<string, readonly string[]>> {
  return {
    all: flags,
    size: flags,
    force: flags,
    v: flags,
    link: ["0"],
    noprune: flags,
    stdin: flags,
    stdout: ["1", "1", "0"],
    stderr: ["1", "0"],
    stream: ["1", "1", "0"],
    logs: flags,
    follow: flags,
    timestamps: flags,
    quiet: flags,
    digests: flags,
    "shared-size": flags,
    detach: flags,
    "one-shot": flags,
    limit: ["0", "1", "-1", "1000"],
    tail: ["all", "0", "10", "-3"],
    since: times,
    until: times,
    filters,
    filter: ["test/*", "fuzz"],
    name: [...newNames, "fuzz-sleep"],
    platform: ["linux/amd64", "linux", `{"os":"linux"}`],
    t: ["0", "1", "-1"],
    signal: ["SIGTERM", "9", "SIGKILL", "USR1", "NOSUCH"],
    h: ["24", "0", "50"],
    w: ["80", "0", "132"],
    ps_args: ["", "aux", "-o pid"],
    run: ["next-exit", "removed", "never"],
    start: ["1", "0"],
    condition: ["not-running", "next-exit", "removed"],
    detachKeys: ["", "ctrl-a", "a,b"],
    repo: ["fuzz", "fuzz/two"],
    tag: ["1", "latest", ""],
    message: ["m"],
    changes: ["CMD true", "ENV a=b", "USER alice", "RUN x"],
    fromSrc: ["-"],
    fromImage: ["fuzz", "localhost:9/fuzz"],
    container: containers,
    path: ["/etc/passwd", "/"],
  };
}

/** Those that a route cannot do without to get anywhere. */
const neededKeys: Readonly<Record<string, readonly string[]>> = {
  "/containers/create": ["name", "run", "stdout"],
  "/containers/:id/exec": ["start"],
  "/containers/:id/logs": ["stdout"],
  "/containers/:id/attach": ["stream", "stdout", "stdin"],
  "/containers/:id/attach/ws": ["stream", "stdout", "stdin"],
  "/containers/:id/resize": ["h", "w"],
  "/exec/:id/resize": ["h", "w"],
  "/containers/:id/rename": ["name"],
  "/images/create": ["fromSrc"],
  "/images/*name/tag": ["repo", "tag"],
  "/containers/:id/archive": ["path"],
  "/events": ["until"],
};

function queryFor({ pattern }: Route, random: Random, world: World): [string, string][] {
  const values = queryValues(world);
  const needed = random.oneIn(10) ? [] : (neededKeys[pattern] ?? []);
  const more = Array.from({ length: random.below(3) }, () => random.pick(Object.keys(values)));
  return [...needed, ...more].map((key) => [key, random.pick(values[key] ?? [""])]);
}
