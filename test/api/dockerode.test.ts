// The same engine through another client: dockerode, as Node programs use it.
import { expect, test } from "bun:test";
import { PassThrough } from "node:stream";
import Docker from "dockerode";
import { engineForTests } from "../harness/for-tests.ts";
import { testImage as Image } from "../harness/images.ts";

const engine = await engineForTests();
const client = new Docker({ socketPath: engine.socket });

/** Collects what is written to it. */
function sink(): { stream: PassThrough; text: () => string } {
  const stream = new PassThrough();
  const chunks: Buffer[] = [];
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  return { stream, text: () => Buffer.concat(chunks).toString() };
}

test("run streams both outputs and gives the status", async () => {
  const [out, err] = [sink(), sink()];
  const [result, container] = (await client.run(
    Image,
    ["sh", "-c", "echo out; echo err >&2; exit 3"],
    [out.stream, err.stream],
    { Tty: false },
  )) as [{ StatusCode: number }, Docker.Container];
  expect([result.StatusCode, out.text(), err.text()]).toEqual([3, "out\n", "err\n"]);
  await container.remove();
});

test("create, start, inspect, wait, logs, remove", async () => {
  const container = await client.createContainer({
    Image,
    Cmd: ["sh", "-c", "echo hello; sleep 0.3"],
    name: "by-dockerode",
    Labels: { by: "dockerode" },
  });
  await container.start();
  expect((await container.inspect()).State.Running).toBe(true);
  expect((await client.listContainers({ filters: { label: ["by=dockerode"] } })).map(({ Id }) => Id)).toEqual(
    [container.id],
  );
  expect(await container.wait()).toMatchObject({ StatusCode: 0 });
  // A frame: stream 1, three zero bytes, four of length, then the line.
  expect([...(await container.logs({ stdout: true }))]).toEqual([
    1,
    0,
    0,
    0,
    0,
    0,
    0,
    6,
    ...Buffer.from("hello\n"),
  ]);
  await container.remove();
  expect(container.inspect()).rejects.toMatchObject({
    statusCode: 404,
    json: { message: "No such container: " + container.id },
  });
});

test("a hijacked attach carries input and output of a terminal", async () => {
  const container = await client.createContainer({
    Image,
    Cmd: ["sh"],
    Tty: true,
    OpenStdin: true,
    StdinOnce: true,
    AttachStdin: true,
  });
  const stream = await container.attach({
    stream: true,
    stdin: true,
    stdout: true,
    stderr: true,
    hijack: true,
  });
  const seen = sink();
  stream.pipe(seen.stream);
  await container.start();
  await container.resize({ h: 40, w: 120 });
  stream.write("stty size; exit 5\n");
  expect(await container.wait()).toMatchObject({ StatusCode: 5 });
  expect(seen.text()).toContain("40 120");
  await container.remove();
});

test("a hijacked exec carries frames and ends with its input", async () => {
  const container = await client.createContainer({ Image, Cmd: ["sleep", "1000"] });
  await container.start();
  const exec = await container.exec({
    Cmd: ["sh", "-c", "cat; echo done >&2"],
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
  });
  const stream = await exec.start({ hijack: true, stdin: true });
  const [out, err] = [sink(), sink()];
  client.modem.demuxStream(stream, out.stream, err.stream);
  stream.end("through\n");
  await new Promise((resolve) => stream.on("end", resolve).on("close", resolve));
  expect([out.text(), err.text()]).toEqual(["through\n", "done\n"]);
  expect((await exec.inspect()).ExitCode).toBe(0);
  await container.remove({ force: true });
});

test("wait with a condition answers before and after the event", async () => {
  const container = await client.createContainer({
    Image,
    Cmd: ["sh", "-c", "sleep 0.3; exit 7"],
    HostConfig: { AutoRemove: true },
  });
  const removed = container.wait({ condition: "removed" });
  const next = container.wait({ condition: "next-exit" });
  await container.start();
  expect(await Promise.all([removed, next])).toMatchObject([{ StatusCode: 7 }, { StatusCode: 7 }]);
});

test("events arrive as they happen", async () => {
  const stream = await client.getEvents({ filters: { event: ["create", "destroy"], type: ["container"] } });
  const seen = sink();
  stream.pipe(seen.stream);
  const container = await client.createContainer({ Image });
  await container.remove();
  await Bun.sleep(300);
  const actions = seen
    .text()
    .trim()
    .split("\n")
    .map((line) => (JSON.parse(line) as { Action: string }).Action);
  expect(actions).toEqual(["create", "destroy"]);
  (stream as unknown as { destroy(): void }).destroy();
});

test("a slow reader of logs gets all of them", async () => {
  const container = await client.createContainer({ Image, Cmd: ["seq", "1", "200000"] });
  await container.start();
  await container.wait();
  const stream = await container.logs({ stdout: true, follow: true });
  let bytes = 0;
  const ended = new Promise((resolve) => stream.on("end", resolve));
  let pauses = 100;
  stream.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if ((pauses -= 1) < 0) return;
    stream.pause();
    setTimeout(() => stream.resume(), 10);
  });
  await ended;
  // 200,000 lines of 1,288,895 bytes, each with a header of 8.
  expect(bytes).toBe(1_288_895 + 8 * 200_000);
  await container.remove();
});

/** What the work fails with. */
const failure = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (err: unknown) => err,
  );

const sleeper = async (options: Partial<Docker.ContainerCreateOptions> = {}): Promise<Docker.Container> => {
  const container = await client.createContainer({ Image, Cmd: ["sleep", "1000"], ...options });
  await container.start();
  return container;
};

test("rename, update, pause, unpause, top, kill, restart, stop, prune", async () => {
  const container = await sleeper({ name: "ode-one", Labels: { ode: "1" } });
  await container.rename({ name: "ode-two" });
  await container.update({ Memory: 64 << 20, MemorySwap: 64 << 20 });
  await container.pause();
  expect(await container.inspect()).toMatchObject({
    Name: "/ode-two",
    State: { Paused: true },
    HostConfig: { Memory: 64 << 20 },
  });
  await container.unpause();
  expect((await container.top({ ps_args: "-o pid,args" })) as { Titles: string[] }).toMatchObject({
    Titles: ["PID", "COMMAND"],
  });
  await container.kill({ signal: "SIGKILL" });
  expect(await container.wait()).toMatchObject({ StatusCode: 137 });
  await container.restart({ t: 0 });
  expect((await container.inspect()).State.Running).toBe(true);
  await container.stop({ t: 0 });
  expect(await failure(container.stop())).toMatchObject({ statusCode: 304 });
  expect((await client.pruneContainers({ filters: { label: ["ode=1"] } })).ContainersDeleted).toEqual([
    container.id,
  ]);
});

test("stats, once and as a stream", async () => {
  const container = await sleeper({ HostConfig: { Memory: 32 << 20 } });
  expect(await container.stats({ stream: false, "one-shot": true })).toMatchObject({
    memory_stats: { limit: 32 << 20 },
    pids_stats: { current: 1 },
  });
  const stream = await container.stats({ stream: true });
  const first = await new Promise<string>((resolve) =>
    stream.once("data", (data: Buffer) => resolve(data.toString())),
  );
  expect(JSON.parse(first)).toMatchObject({ memory_stats: { limit: 32 << 20 } });
  (stream as unknown as { destroy(): void }).destroy();
  await container.remove({ force: true });
});

test("an exec's terminal is resized, its instance inspected", async () => {
  const container = await sleeper();
  const exec = await container.exec({
    Cmd: ["sh", "-c", "sleep 0.5; stty size; exit 3"],
    Tty: true,
    AttachStdout: true,
  });
  const stream = await exec.start({ Tty: true });
  const seen = sink();
  stream.pipe(seen.stream);
  await exec.resize({ h: 22, w: 77 });
  await new Promise((resolve) => stream.on("end", resolve).on("close", resolve));
  expect(seen.text()).toBe("22 77\r\n");
  expect(await exec.inspect()).toMatchObject({ Running: false, ExitCode: 3, ContainerID: container.id });
  await container.remove({ force: true });
});

test("images: list, inspect, history, tag, import, remove, prune", async () => {
  const [found] = await client.listImages({ filters: { reference: [Image] } });
  const image = client.getImage(Image);
  expect(await image.inspect()).toMatchObject({ Id: found?.Id, RepoTags: [Image] });
  expect((await image.history()) as { Size: number }[]).toMatchObject([{ Size: found?.Size }]);
  await image.tag({ repo: "ode/image", tag: "v1" });
  expect((await client.getImage("ode/image:v1").inspect()).Id).toBe(found?.Id ?? "");
  expect(await client.getImage("ode/image:v1").remove()).toEqual([{ Untagged: "ode/image:v1" }]);
  expect(await failure(client.getImage("ode/image:v1").inspect())).toMatchObject({ statusCode: 404 });
  const imported = await client.importImage(emptyTar(), { repo: "ode/empty", tag: "v1" });
  const lines = await new Promise<{ status: string }[]>((resolve, reject) =>
    client.modem.followProgress(imported, (err: Error | null, all: { status: string }[]) =>
      err ? reject(err) : resolve(all),
    ),
  );
  const id = (await client.getImage("ode/empty:v1").inspect()).Id;
  expect(lines.at(-1)?.status).toBe(id);
  await image.tag({ repo: "ode/empty", tag: "v1" });
  expect((await client.pruneImages({ filters: { dangling: ["true"] } })).ImagesDeleted).toContainEqual({
    Deleted: id,
  } as never);
  await client.getImage("ode/empty:v1").remove();
});

function emptyTar(): NodeJS.ReadableStream {
  const stream = new PassThrough();
  stream.end(new Uint8Array(1024));
  return stream;
}

test("volumes: create, list, inspect, remove, prune", async () => {
  const made = (await client.createVolume({ Name: "ode-volume", Labels: { a: "1" } })) as unknown as {
    name?: string;
  };
  expect(made).toBeDefined();
  const { Volumes } = await client.listVolumes({
    filters: { label: ["a=1"] },
  });
  expect(Volumes.map(({ Name }) => Name)).toEqual(["ode-volume"]);
  const volume = client.getVolume("ode-volume");
  expect(await volume.inspect()).toMatchObject({ Name: "ode-volume", Driver: "local", Labels: { a: "1" } });
  const user = await client.createContainer({ Image, HostConfig: { Binds: ["ode-volume:/v"] } });
  expect(await failure(volume.remove())).toMatchObject({ statusCode: 409 });
  await user.remove();
  await volume.remove();
  const anonymous = (await client.createVolume({})) as unknown as { Name?: string; name?: string };
  const { VolumesDeleted } = await client.pruneVolumes();
  expect(VolumesDeleted).toEqual([anonymous.Name ?? anonymous.name ?? ""]);
});

test("networks: list and inspect, with who is on them", async () => {
  const all = await client.listNetworks();
  expect(all.map(({ Name }) => Name).toSorted()).toEqual(["bridge", "host", "none"]);
  const container = await sleeper();
  const { Containers } = (await client.getNetwork("bridge").inspect()) as {
    Containers: Record<string, unknown>;
  };
  expect(Object.keys(Containers)).toEqual([container.id]);
  await container.remove({ force: true });
});

test("the engine: ping, version, info, disk usage, events of the past", async () => {
  expect((await client.ping()) as Buffer).toEqual(Buffer.from("OK"));
  expect(await client.version()).toMatchObject({ Os: "linux" });
  expect((await client.info()) as object).toMatchObject({
    OSType: "linux",
    Swarm: { LocalNodeState: "inactive" },
  });
  const usage = (await client.df()) as {
    Images: { Containers: number }[];
    Containers: unknown[];
    Volumes: unknown[];
  };
  expect([usage.Images.length, usage.Containers, usage.Volumes]).toEqual([1, [], []]);
  const stream = await client.getEvents({
    since: 1,
    until: Math.floor(Date.now() / 1000) + 1,
    filters: { type: ["volume"] },
  });
  const seen = sink();
  stream.pipe(seen.stream);
  await new Promise((resolve) => stream.on("end", resolve));
  expect(seen.text()).toContain("ode-volume");
});
