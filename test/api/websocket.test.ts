// Attaching by websocket, as browsers do it.
import { describe, expect, test } from "bun:test";
import { eventually } from "../harness/command.ts";
import { engineForTests } from "../harness/for-tests.ts";
import { testImage as image } from "../harness/images.ts";

const engine = await engineForTests();
const { api, ok } = engine;

type Client = {
  readonly socket: WebSocket;
  /** All messages so far. */
  readonly messages: (Uint8Array | string)[];
  readonly text: () => string;
  /** Resolves with the close code. */
  readonly closed: Promise<number>;
};

async function open(path: string): Promise<Client> {
  const socket = new WebSocket(`ws+unix://${engine.socket}:${path}`);
  socket.binaryType = "arraybuffer";
  const messages: (Uint8Array | string)[] = [];
  socket.addEventListener("message", ({ data }: MessageEvent<ArrayBuffer | string>) =>
    messages.push(typeof data === "string" ? data : new Uint8Array(data)),
  );
  const closed = new Promise<number>((resolve) =>
    socket.addEventListener("close", ({ code }) => resolve(code)),
  );
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener("open", () => resolve());
    socket.addEventListener("error", () => reject(new Error(`no websocket at ${path}`)));
  });
  const text = (): string => messages.map((piece) => Buffer.from(piece).toString()).join("");
  return { socket, messages, text, closed };
}

async function container(body: object): Promise<string> {
  const created = await api("POST", "/containers/create", { Image: image, ...body });
  return (created.json() as { Id: string }).Id;
}

const everything = "stream=1&stdin=1&stdout=1&stderr=1";

describe("a websocket", () => {
  test("carries input and both outputs, unframed and binary, and closes with the container", async () => {
    const Cmd = ["sh", "-c", "read line; echo out $line; echo err >&2; exit 3"];
    const id = await container({ Cmd, OpenStdin: true });
    const client = await open(`/containers/${id}/attach/ws?${everything}`);
    await api("POST", `/containers/${id}/start`);
    client.socket.send("hello\n");
    await client.closed;
    expect(client.text()).toContain("out hello\n");
    expect(client.text()).toContain("err\n");
    expect(client.text()).toHaveLength("out hello\nerr\n".length);
    expect(client.messages.every((message) => message instanceof Uint8Array)).toBe(true);
    expect(await ok("wait", id)).toBe("3");
    await ok("rm", id);
  });

  test("gives what was written before with logs=1, and goes without stream", async () => {
    const id = await container({ Cmd: ["echo", "early"] });
    await ok("start", "-a", id);
    const client = await open(`/containers/${id}/attach/ws?logs=1&stdout=1`);
    await client.closed;
    expect(client.text()).toBe("early\n");
    await ok("rm", id);
  });

  test("chooses streams since 1.42 only, and speaks text before 1.28", async () => {
    const body = { Cmd: ["sh", "-c", "read line; echo out; echo err >&2"], OpenStdin: true };
    const [later, earlier] = [await container(body), await container(body)];
    const errorsOnly = await open(`/v1.42/containers/${later}/attach/ws?stream=1&stdin=1&stderr=1`);
    const all = await open(`/v1.27/containers/${earlier}/attach/ws?stream=1`);
    for (const [id, client] of [
      [later, errorsOnly],
      [earlier, all],
    ] as const) {
      await ok("start", id);
      client.socket.send("\n");
      await client.closed;
      await ok("rm", "-f", id);
    }
    expect(errorsOnly.text()).toBe("err\n");
    expect(all.text().split("\n").toSorted()).toEqual(["", "err", "out"]);
    expect(all.messages.every((message) => typeof message === "string")).toBe(true);
  });

  test("of a terminal detaches by its keys; the program goes on", async () => {
    const id = await container({ Cmd: ["cat"], Tty: true, OpenStdin: true });
    await ok("start", id);
    const client = await open(`/containers/${id}/attach/ws?${everything}&detachKeys=ctrl-x`);
    client.socket.send("echoed\r");
    await eventually(() => client.text().includes("echoed"), client.text);
    client.socket.send("\x18");
    await client.closed;
    expect(await ok("inspect", "--format", "{{.State.Status}}", id)).toBe("running");
    await ok("rm", "-f", id);
  });

  test("carries megabytes both ways, and its end is the end of the program's input", async () => {
    const id = await container({ Cmd: ["cat"], OpenStdin: true, StdinOnce: true });
    await ok("start", id);
    const client = await open(`/containers/${id}/attach/ws?${everything}`);
    const piece = new Uint8Array(100_000).fill(120);
    for (let i = 0; i < 50; i++) client.socket.send(piece);
    const received = (): number => client.messages.reduce((sum, message) => sum + message.length, 0);
    await eventually(
      () => received() === 5_000_000,
      () => `5,000,000 bytes, not ${received()}`,
    );
    client.socket.close();
    await eventually(
      async () => (await ok("inspect", "--format", "{{.State.Status}}", id)) === "exited",
      () => "cat to end",
    );
    await ok("rm", id);
  });

  test("is refused with a status where there is nothing to attach to, or no websocket was asked for", async () => {
    expect(open(`/containers/nobody/attach/ws?${everything}`)).rejects.toThrow("no websocket");
    const id = await container({ Cmd: ["true"] });
    const plain = await api("GET", `/containers/${id}/attach/ws?${everything}`);
    expect([plain.status, plain.json()]).toEqual([400, { message: "not websocket protocol" }]);
    await ok("rm", id);
  });
});
