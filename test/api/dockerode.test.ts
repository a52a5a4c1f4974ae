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
