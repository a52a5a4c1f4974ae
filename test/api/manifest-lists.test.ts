// `manifest create/annotate/push/rm/inspect` and the questions of `login`: our client beside the stock docker client, each
// with a config folder of its own, against the same registry. What they print and what they leave must be the same.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually, inTerminal, run, type Finished } from "../harness/command.ts";
import { engineForTests } from "../harness/for-tests.ts";
import { sampanExecutable } from "../harness/executable.ts";
import { putImage } from "../harness/registry-images.ts";
import { startRegistry, type Registry } from "../harness/registry.ts";

const engine = await engineForTests();
const folder = mkdtempSync(join(tmpdir(), "manifest-lists-"));
const clients = { docker: "docker", sampan: sampanExecutable() } as const;
type Client = keyof typeof clients;
const both = Object.keys(clients) as Client[];
const configOf = (client: Client): string => join(folder, client);
const envOf = (client: Client) => ({
  DOCKER_CONFIG: configOf(client),
  DOCKER_CLI_HINTS: "false",
  HOME: folder,
  PATH: process.env["PATH"] ?? "",
});

let registry: Registry;
let closed: Registry;
const [user, password] = ["ali", "open sesame: 1001 nights"];

beforeAll(async () => {
  registry = await startRegistry();
  closed = await startRegistry({ basic: { user, password } });
  for (const [name, text] of Object.entries({ "app:amd": "one", "app:arm": "two", "other/app:arm": "three" }))
    await putImage(`${registry.host}/${name}`, [{ file: Buffer.from(text) }]);
}, 60_000);
afterAll(async () => {
  await registry.stop();
  await closed.stop();
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

const manifest = async (client: Client, line: string): Promise<Finished> => {
  const words = line.replaceAll("REG", registry.host).split(" ");
  return await run([clients[client], "-H", `unix://${engine.socket}`, "manifest", ...words], {
    env: envOf(client),
  });
};

/** What both clients say to the same line, which must be the same. */
async function same(line: string): Promise<Finished> {
  const [docker, sampan] = [await manifest("docker", line), await manifest("sampan", line)];
  const plain = ({ exitCode, stdout, stderr }: Finished) => ({
    exitCode,
    stdout,
    stderr: stderr.replaceAll("sampan", "docker"),
  });
  expect(plain(sampan)).toEqual(plain(docker));
  return sampan;
}

const kept = (client: Client): unknown =>
  Object.fromEntries(
    readdirSync(join(configOf(client), "manifests"), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => [
        entry.name,
        JSON.parse(readFileSync(join(entry.parentPath, entry.name), "utf8")) as unknown,
      ]),
  );

test("a list is put together, annotated, looked at, pushed and removed, as docker does it", async () => {
  await same("create --insecure REG/app:1 REG/app:amd REG/other/app:arm");
  expect(kept("sampan")).toEqual(kept("docker"));
  await same("create --insecure REG/app:1 REG/app:amd");
  await same("create --insecure --amend REG/app:1 REG/app:arm");
  await same("annotate REG/app:1 REG/app:arm --arch arm64 --variant v8");
  await same("annotate --os windows --arch s390x REG/app:1 REG/app:arm");
  await same("annotate --os-features a,b --os-version 10 REG/app:1 REG/other/app:arm");
  await same("annotate REG/app:1 REG/app:none");
  expect(kept("sampan")).toEqual(kept("docker"));
  await same("inspect --insecure REG/app:1");
  await same("inspect --insecure REG/app:1 REG/app:arm");
  await same("inspect --insecure -v REG/app:1 REG/app:arm");
  await same("inspect --insecure -v REG/app:1");
  const pushed = await same("push --insecure REG/app:1");
  const { stdout } = await run([
    "skopeo",
    "inspect",
    "--raw",
    "--tls-verify=false",
    `docker://${registry.host}/app:1`,
  ]);
  expect(`sha256:${new Bun.CryptoHasher("sha256").update(stdout).digest("hex")}`).toBe(
    pushed.stdout.trim().split("\n").at(-1) ?? "",
  );
  expect(JSON.parse(stdout)).toMatchObject({ manifests: [{}, { platform: { architecture: "arm64" } }, {}] });
  await same("push --insecure --purge REG/app:1");
  await same("push --insecure REG/app:1");
  await same("rm REG/app:1 REG/app:1");
  await same("inspect --insecure -v REG/app:1");
});

test("each client goes on with what the other began", async () => {
  for (const [first, second] of [both, both.toReversed()] as [Client, Client][]) {
    await manifest(first, "create --insecure REG/app:2 REG/app:amd REG/app:arm");
    await run(["cp", "-rT", join(configOf(first), "manifests"), join(configOf(second), "manifests")]);
    expect((await manifest(second, "push --insecure REG/app:2")).exitCode).toBe(0);
    for (const client of both) expect((await manifest(client, "rm REG/app:2")).exitCode).toBe(0);
  }
});

describe("what cannot be is refused in docker's words", () => {
  for (const line of [
    "create --insecure REG/app:3",
    "create --insecure REG/app:3 REG/nosuch:1",
    "create --insecure REG/app:3 A",
    "push --insecure REG/nosuch:1",
    "rm nosuch",
    "inspect --insecure REG/nosuch:1",
    "annotate REG/nosuch:1",
  ])
    test(line, async () => {
      expect((await same(line)).exitCode).not.toBe(0);
    });

  test("images of another registry", async () => {
    for (const client of both) await manifest(client, "create --insecure other.example/app:1 REG/app:amd");
    expect((await same("push --insecure other.example/app:1")).stderr).toContain(
      "cannot use source images from a different",
    );
    await same("rm other.example/app:1");
  });
});

describe("login asks on a terminal", () => {
  /** What stands on the terminal at the end, and the exit code. */
  async function ask(client: Client, flags: readonly string[], answers: readonly string[]) {
    const words = ["-H", `unix://${engine.socket}`, "login", ...flags, closed.host];
    const terminal = inTerminal([clients[client], ...words], envOf(client));
    const asked = (at: number): boolean =>
      (terminal.seen().match(/(?:Username[^:]*|Password): /g)?.length ?? 0) > at;
    for (const [at, answer] of answers.entries()) {
      await eventually(
        () => asked(at),
        () => `question ${at + 1}: ${terminal.seen()}`,
      );
      terminal.type(answer);
    }
    const exitCode = await terminal.child.exited;
    const seen = terminal
      .seen()
      .replaceAll(configOf(client), "CONFIG")
      // Docker's client has colours and a mark before this line.
      .replace(/\r\n[^\r\n]*(To login with a different account[^\r\n]*?')[^\r\n']*\r\n/, "\r\n$1\r\n");
    return { exitCode, seen };
  }

  test.each([
    ["a wrong password", [], [`${user}\n`, "wrong\n"], 1],
    ["no name", [], ["\n"], 1],
    ["no password", [], [`${user}\n`, "\n"], 1],
    ["the right ones", [], [`${user}\n`, `${password}\n`], 0],
    ["stored ones", [], [], 0],
    ["a name that is given", ["-u", user], [`${password}\n`], 0],
  ] as const)("%s", async (_, flags, answers, exitCode) => {
    const [docker, sampan] = [await ask("docker", flags, answers), await ask("sampan", flags, answers)];
    expect(sampan).toEqual(docker);
    expect(sampan.exitCode).toBe(exitCode);
    expect(sampan.seen).not.toContain(password);
  });

  test("Ctrl-C while the password is typed gives the terminal back", async () => {
    const shell = inTerminal(
      ["sh", "-c", `trap : INT; ${clients.sampan} login -u ${user} ${closed.host}; echo ended $?; stty -a`],
      envOf("sampan"),
    );
    await eventually(
      () => shell.seen().includes("Password: "),
      () => shell.seen(),
    );
    shell.type("\u0003");
    await shell.child.exited;
    expect(shell.seen()).toContain("ended 130");
    expect(shell.seen()).toMatch(/ echo /);
  });
});
