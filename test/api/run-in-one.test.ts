// `run` in one request: what our own client asks for, of our own daemon; and that it gets along with another engine.
import { describe, expect, test } from "bun:test";
import type { Socket } from "node:net";
import { eventually, run } from "../harness/command.ts";
import type { Daemon } from "../harness/daemon.ts";
import { sampanExecutable } from "../harness/executable.ts";
import { engineForTests } from "../harness/for-tests.ts";
import { frameText, rawAnswer, sendRaw, type RawAnswer } from "../harness/raw-request.ts";
import { testImage as image } from "../harness/images.ts";

const engine = await engineForTests();
const { ok, api } = engine;

const script = (text: string, more: object = {}): object => ({
  Image: image,
  Cmd: ["sh", "-c", text],
  ...more,
});
const autoRemove = { HostConfig: { AutoRemove: true } };

const send = (query: string, body: object, upgrade = true): Socket =>
  sendRaw(engine.socket, `/v1.50/containers/create?${query}`, body, upgrade);

async function answerOf(socket: Socket): Promise<RawAnswer & { readonly id: string }> {
  const answer = await rawAnswer(socket);
  const created = /Sampan-Created: (\S+)/.exec(answer.head)?.[1] ?? "";
  const { Id: id = "" } = JSON.parse(Buffer.from(created, "base64").toString() || "{}") as { Id?: string };
  return { ...answer, id };
}

const attached = "stdin=1&stdout=1&stderr=1";
const statusOf = async (id: string): Promise<number> => (await api("GET", `/containers/${id}/json`)).status;
const names = async (): Promise<string> => ok("ps", "-a", "--format", "{{.Names}}");

describe.if(engine.kind === "sampan")("by the API", () => {
  test("tells output and end; what is removed at its end is gone by then", async () => {
    const body = script("echo out; echo err >&2; exit 3", autoRemove);
    const { status, id, text } = await answerOf(send(`run=removed&${attached}`, body));
    expect(status).toBe(101);
    expect(text).toContain(frameText(1, "out\n"));
    expect(text).toContain(frameText(2, "err\n"));
    expect(text).toEndWith(frameText(4, '{"StatusCode":3}'));
    expect(await statusOf(id)).toBe(404);
  });

  test("a container that stays is there afterwards, with its name and its exit code", async () => {
    const { id, text } = await answerOf(
      send(`run=next-exit&stdout=0&stderr=1&name=stays`, script("echo out; exit 4")),
    );
    expect(text).toBe(frameText(4, '{"StatusCode":4}'));
    expect(await ok("inspect", "-f", "{{.Id}} {{.State.ExitCode}}", "stays")).toBe(`${id} 4`);
    await ok("rm", "stays");
  });

  test("has the input that follows the request", async () => {
    const socket = send(
      `run=removed&${attached}`,
      script("cat", { OpenStdin: true, StdinOnce: true, ...autoRemove }),
    );
    socket.end("in\n");
    expect((await answerOf(socket)).text).toBe(frameText(1, "in\n") + frameText(4, '{"StatusCode":0}'));
  });

  test("a client that goes leaves the program running", async () => {
    const socket = send(`run=next-exit&${attached}&name=left`, script("sleep 1000"));
    await new Promise((resolve) => socket.once("data", resolve));
    socket.destroy();
    await Bun.sleep(100);
    expect(await ok("inspect", "-f", "{{.State.Status}}", "left")).toBe("running");
    await ok("rm", "-f", "left");
  });

  test("a client that goes before the program has started does the daemon no harm", async () => {
    for (let ms = 0; ms < 40; ms += 4) {
      const socket = send(`run=removed&${attached}`, script("sleep 0.1", autoRemove));
      await Bun.sleep(ms);
      socket.destroy();
    }
    const pid = (engine as Daemon).pid();
    await eventually(
      async () => (await ok("ps", "-aq")) === "",
      () => "the end of all of them",
    );
    expect((engine as Daemon).pid()).toBe(pid);
    expect((engine as Daemon).log()).not.toContain("AbortError");
  });

  test("without an upgrade it is a create", async () => {
    const { status, text } = await answerOf(send(`run=removed&${attached}&name=made`, script("true"), false));
    expect(status).toBe(201);
    expect(text).toContain('"Id":');
    expect(await ok("inspect", "-f", "{{.State.Status}}", "made")).toBe("created");
    await ok("rm", "made");
  });

  test("a program that is not there is a failure with a status, and the container goes or stays as it should", async () => {
    const body = { Image: image, Cmd: ["nosuch"] };
    const gone = await answerOf(send(`run=removed&${attached}&name=gone`, { ...body, ...autoRemove }));
    expect(gone.status).toBe(400);
    expect(gone.text).toContain("executable file not found in $PATH");
    await eventually(
      async () => !(await names()).includes("gone"),
      () => "its removal",
    );
    expect((await answerOf(send(`run=next-exit&${attached}&name=stays`, body))).status).toBe(400);
    expect(await ok("inspect", "-f", "{{.State.ExitCode}}", "stays")).toBe("127");
    await ok("rm", "stays");
  });

  test.each([
    ["a condition that there is not", "run=sometime", {}],
    ["a terminal", "run=removed", { Tty: true }],
    ["an image that there is not", "run=removed", { Image: "nosuch" }],
  ])("%s is refused before anything is made", async (_, query, more) => {
    const { status, text } = await answerOf(send(`${query}&name=never`, script("true", more)));
    expect([400, 404]).toContain(status);
    expect(text).toContain('"message"');
    expect(await names()).not.toContain("never");
  });
});

describe("by our own client, whichever engine it talks to", () => {
  const sampan = (...words: string[]) =>
    run([sampanExecutable(), "-H", `unix://${engine.socket}`, ...words], { input: "in\n" });

  test("output, input and exit code", async () => {
    const program = ["sh", "-c", "read line; echo $line; echo err >&2; exit 5"];
    expect(await sampan("run", "--rm", "-i", image, ...program)).toEqual({
      exitCode: 5,
      stdout: "in\n",
      stderr: "err\n",
    });
    expect((await sampan("run", "--rm", "-t", image, "sh", "-c", "test -t 1 && echo tty")).stdout).toBe(
      "tty\r\n",
    );
  });

  test("a failure has its exit code, and what cannot be found is asked for", async () => {
    expect((await sampan("run", "--rm", image, "nosuchprogram")).exitCode).toBe(127);
    expect((await sampan("run", "--rm", image, "/etc")).exitCode).toBe(126);
    const missing = await sampan("run", "--rm", "127.0.0.1:1/nosuch", "true");
    expect(missing.exitCode).toBe(125);
    expect(missing.stderr).toContain("Unable to find image '127.0.0.1:1/nosuch:latest' locally");
  });

  test("signals reach the program, and --cidfile has the id", async () => {
    const traps = "trap 'echo caught; exit 9' TERM; echo ready; while :; do sleep 0.05; done";
    const child = Bun.spawn(
      [sampanExecutable(), "-H", `unix://${engine.socket}`, "run", "--rm", image, "sh", "-c", traps],
      { stdout: "pipe" },
    );
    const reader = child.stdout.getReader();
    expect(Buffer.from((await reader.read()).value ?? []).toString()).toBe("ready\n");
    child.kill("SIGTERM");
    expect(Buffer.from((await reader.read()).value ?? []).toString()).toBe("caught\n");
    expect(await child.exited).toBe(9);
    const file = `${engine.folder}/cid`;
    await sampan("run", "--cidfile", file, "--name", "with-file", image, "true");
    expect(await Bun.file(file).text()).toBe(await ok("inspect", "-f", "{{.Id}}", "with-file"));
    await ok("rm", "with-file");
  });
});
