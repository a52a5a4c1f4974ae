// What a container uses, against the cgroup files of the host, and as the stock client shows it.
import { expect, test } from "bun:test";
import { cgroupValue, isV2 } from "../harness/cgroup-eyes.ts";
import { eventually, slowness } from "../harness/command.ts";
import { engineForTests } from "../harness/for-tests.ts";
import { testImage as image } from "../harness/images.ts";

type Cpu = {
  readonly cpu_usage: { readonly total_usage: number; readonly percpu_usage?: readonly number[] };
  readonly system_cpu_usage?: number;
  readonly online_cpus?: number;
};
type Stats = {
  readonly id: string;
  readonly name: string;
  readonly os_type?: string;
  readonly read: string;
  readonly preread: string;
  readonly cpu_stats: Cpu;
  readonly precpu_stats: Cpu;
  readonly memory_stats: {
    readonly usage?: number;
    readonly limit?: number;
    readonly stats?: Readonly<Record<string, number>>;
  };
  readonly pids_stats: { readonly current?: number; readonly limit?: number };
  readonly blkio_stats: Readonly<Record<string, unknown>>;
  readonly networks?: Readonly<Record<string, { readonly rx_bytes: number; readonly tx_bytes: number }>>;
  readonly num_procs: number;
};

const engine = await engineForTests();
const { ok } = engine;
const zeroTime = "0001-01-01T00:00:00Z";
const nothing = { cpu_usage: { total_usage: 0, usage_in_kernelmode: 0, usage_in_usermode: 0 } };

const statsOf = async (query: string, version = ""): Promise<Stats> => {
  const { status, body } = await engine.api("GET", `${version}/containers/${query}`);
  if (status !== 200) throw new Error(`${status}: ${body}`);
  return JSON.parse(body) as Stats;
};
const pidOf = async (id: string): Promise<number> =>
  Number(await ok("inspect", "--format", "{{.State.Pid}}", id));

/** Objects of the stream, as they come; the connection is cut after `wanted`. */
async function streamed(path: string, wanted: number): Promise<Stats[]> {
  const stop = new AbortController();
  const response = await fetch(`http://engine${path}`, { unix: engine.socket, signal: stop.signal });
  let text = "";
  const decoder = new TextDecoder();
  for await (const piece of response.body ?? []) {
    text += decoder.decode(piece, { stream: true });
    if (text.split("\n").length > wanted) break;
  }
  stop.abort();
  return text
    .split("\n")
    .slice(0, wanted)
    .map((line) => JSON.parse(line) as Stats);
}

test("one shot: the numbers of the cgroup, with nothing before them", async () => {
  const script =
    "sleep 500 & while [ ! -e /stop ]; do :; done; head -c 20000000 /dev/zero > /dev/shm/x; sleep 1000";
  const id = await ok(
    "run",
    "-d",
    "--name",
    "busy",
    "-m",
    "64m",
    "--pids-limit",
    "30",
    image,
    "sh",
    "-c",
    script,
  );
  const look = (): Promise<Stats> => statsOf("busy/stats?stream=false&one-shot=true");
  let first = await look();
  await eventually(
    async () => (first = await look()).cpu_stats.cpu_usage.total_usage > 50e6,
    () => `50 ms of the processor, now ${first.cpu_stats.cpu_usage.total_usage / 1e6}`,
  );
  expect(first).toMatchObject({ id, name: "/busy", preread: zeroTime, num_procs: 0, precpu_stats: nothing });
  expect(Math.abs(Date.parse(first.read) - Date.now())).toBeLessThan(20_000 * slowness);
  expect(first.cpu_stats.system_cpu_usage).toBeGreaterThan(first.cpu_stats.cpu_usage.total_usage);
  expect(first.cpu_stats.online_cpus).toBe(navigator.hardwareConcurrency);
  expect(first.memory_stats.limit).toBe(64 * 2 ** 20);
  expect(first.pids_stats).toEqual({ current: 2, limit: 30 });
  if (isV2) expect(first.cpu_stats.cpu_usage.percpu_usage).toBeUndefined();
  else expect(first.cpu_stats.cpu_usage.percpu_usage).toHaveLength(navigator.hardwareConcurrency);
  await ok("exec", "busy", "touch", "/stop");

  const pid = await pidOf(id);
  const kernelBytes = (): number =>
    Number(cgroupValue(pid, ["memory", "memory.usage_in_bytes"], "memory.current"));
  await eventually(
    () => kernelBytes() > 20_000_000,
    () => `memory in use, now ${kernelBytes()}`,
  );
  const later = await statsOf("busy/stats?stream=false&one-shot=true");
  expect(Math.abs((later.memory_stats.usage ?? 0) - kernelBytes())).toBeLessThan(2_000_000);
  const kernelStat = cgroupValue(pid, ["memory", "memory.stat"], "memory.stat");
  const name = isV2 ? "shmem" : "total_cache";
  const value = Number(new RegExp(`^${name} (\\d+)$`, "m").exec(kernelStat)?.[1]);
  expect(Math.abs((later.memory_stats.stats?.[name] ?? 0) - value)).toBeLessThan(1_000_000);
  await ok("rm", "-f", id);
});

test.if(!isV2)("a limit of the kernel's is printed with all its digits", async () => {
  const id = await ok("run", "-d", image, "sleep", "1000");
  const { body } = await engine.api("GET", `/containers/${id}/stats?stream=false&one-shot=true`);
  const limit = /"hierarchical_memory_limit":(\d+)/.exec(body)?.[1];
  expect(limit).toBe(String(2n ** 63n - 4096n));
  await ok("rm", "-f", id);
});

test("without stream and one shot: two samples, a second apart, the first one as the one before", async () => {
  const id = await ok("run", "-d", image, "sh", "-c", "while :; do :; done");
  const { read, preread, cpu_stats, precpu_stats } = await statsOf(`${id}/stats?stream=false`);
  const seconds = (Date.parse(read) - Date.parse(preread)) / 1000;
  expect(seconds).toBeWithin(0.5, 3 * slowness);
  const used = (cpu_stats.cpu_usage.total_usage - precpu_stats.cpu_usage.total_usage) / 1e9;
  expect(used / seconds).toBeWithin(0.05, 1.2);
  await ok("rm", "-f", id);
});

test("a stream: the first sample at once, then one a second, each with the one before it", async () => {
  const id = await ok("run", "-d", image, "sleep", "1000");
  const [one, two, three] = await streamed(`/containers/${id}/stats`, 3);
  expect(one).toMatchObject({ preread: zeroTime, precpu_stats: nothing });
  expect(two?.preread).toBe(one?.read ?? "");
  expect(three?.preread).toBe(two?.read ?? "");
  expect(three?.precpu_stats).toEqual(two?.cpu_stats as Cpu);
  await ok("rm", "-f", id);
});

test("a stream goes on with zeros when the container stops, and ends with its removal", async () => {
  const id = await ok("run", "-d", image, "sleep", "1000");
  const response = await fetch(`http://engine/containers/${id}/stats`, { unix: engine.socket });
  const whole = response.text();
  await Bun.sleep(1300 * slowness);
  await ok("kill", id);
  await ok("wait", id);
  await Bun.sleep(1500 * slowness);
  await ok("rm", id);
  const lines = (await whole)
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Stats);
  expect(lines[0]?.pids_stats.current).toBe(1);
  expect(lines.at(-1)).toMatchObject({ id, read: zeroTime, pids_stats: {}, memory_stats: {} });
});

test("a container that does not run uses nothing", async () => {
  const id = await ok("create", "--name", "asleep", image);
  for (const query of ["stream=0", "stream=0&one-shot=1"])
    expect(await statsOf(`asleep/stats?${query}`)).toMatchObject({
      id,
      name: "/asleep",
      read: zeroTime,
      preread: zeroTime,
      cpu_stats: nothing,
      memory_stats: {},
      pids_stats: {},
      blkio_stats: { io_service_bytes_recursive: null, sectors_recursive: null },
    });
  expect((await statsOf("asleep/stats?stream=0")).networks).toBeUndefined();
  await ok("rm", id);
});

test("the network's bytes are the container's own", async () => {
  const id = await ok(
    "run",
    "-d",
    image,
    "sh",
    "-c",
    "head -c 100000 /dev/zero | nc -u -w 1 127.0.0.1 9; ping -c 3 -s 1000 -i 0.1 $(ip route | sed -n 's/default via \\([0-9.]*\\).*/\\1/p'); sleep 1000",
  );
  const sent = async (): Promise<number> =>
    (await statsOf(`${id}/stats?stream=0&one-shot=1`)).networks?.["eth0"]?.tx_bytes ?? 0;
  await eventually(
    async () => (await sent()) > 3000,
    () => "3 pings of 1000 bytes",
  );
  const kernel = Number((await ok("exec", id, "cat", "/sys/class/net/eth0/statistics/tx_bytes")).trim());
  expect(Math.abs((await sent()) - kernel)).toBeLessThan(1000);
  for (const mode of ["host", "none"]) {
    const other = await ok("run", "-d", "--network", mode, image, "sleep", "1000");
    expect((await statsOf(`${other}/stats?stream=0&one-shot=1`)).networks ?? {}).toEqual({});
    await ok("rm", "-f", other);
  }
  await ok("rm", "-f", id);
});

test("old versions know no one-shot and no os_type", async () => {
  const id = await ok("run", "-d", image, "sleep", "1000");
  const old = await statsOf(`${id}/stats?stream=0&one-shot=1`, "/v1.40");
  expect(old.preread).not.toBe(zeroTime);
  expect(old.os_type).toBeUndefined();
  if (engine.kind === "sampan") {
    expect((await statsOf(`${id}/stats?stream=0&one-shot=1`, "/v1.52")).os_type).toBe("linux");
    expect((await statsOf(`${id}/stats?stream=0`, "/v1.26")).cpu_stats.online_cpus).toBeUndefined();
  }
  await ok("rm", "-f", id);
});

test("an unknown container is 404", async () => {
  expect((await engine.api("GET", "/containers/nosuch/stats")).status).toBe(404);
});

test("the stock client's table", async () => {
  const id = await ok("run", "-d", "--name", "shown", "-m", "64m", image, "sh", "-c", "while :; do :; done");
  const [header, row] = (await ok("stats", "--no-stream")).split("\n");
  expect(header).toMatch(/^CONTAINER ID +NAME +CPU % +MEM USAGE \/ LIMIT +MEM % +NET I\/O +BLOCK I\/O +PIDS/);
  expect(row).toMatch(new RegExp(`^${id.slice(0, 12)} +shown +\\d+\\.\\d\\d% +[\\d.]+[KM]iB / 64MiB +\\d`));
  // On a busy machine the client gives up after two seconds and shows dashes.
  let share = "";
  await eventually(
    async () => {
      share = await ok("stats", "--no-stream", "--format", "{{.CPUPerc}}", "shown");
      return Number(share.replace("%", "")) > 5;
    },
    () => `a share of the processor above 5 %, now ${share}`,
    30_000,
  );
  await ok("rm", "-f", id);
});
