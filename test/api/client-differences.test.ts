// docs/compatibility.md says what differs from docker's client. Here: all of that does differ, and nothing else is missing.
import { beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../harness/command.ts";
import { sampanExecutable } from "../harness/executable.ts";
import { engineForTests } from "../harness/for-tests.ts";
import { byBoth } from "../harness/golden.ts";
import { testImage as image } from "../harness/images.ts";

const document = readFileSync(join(import.meta.dir, "../../docs/compatibility.md"), "utf8");
const engine = await engineForTests();

/** The first cells of the table below a heading. */
function firstCells(heading: string): readonly string[] {
  const [, section = ""] = document.split(`## ${heading}\n`);
  const table = section.split("\n## ")[0] ?? "";
  return [...table.matchAll(/^\| (`.*?) \|/gm)].map(([, cell]) => cell ?? "");
}

const names = (cells: readonly string[]): readonly string[] =>
  cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name ?? ""));

beforeAll(async () => {
  await engine.ok("run", "-d", "--name", "web", image, "sleep", "1000");
});

describe("lines that are listed do differ", () => {
  const lines = names(firstCells("Lines that answer differently"));
  test("there are some", () => expect(lines.length).toBeGreaterThan(5));
  test.each([...lines])("%s", async (line) => {
    const { ours, theirs } = await byBoth(engine, line);
    expect(ours).not.toEqual(theirs);
  });
});

type Help = { readonly commands: readonly string[]; readonly flags: ReadonlyMap<string, string> };

/** What a help page names: commands below it, and flags with their short form and kind of value. */
async function helpOf(program: string, words: readonly string[]): Promise<Help> {
  // Docker's client hides what the engine at hand has not: it gets none.
  const env = { DOCKER_HOST: "unix:///nowhere/no.sock", DOCKER_CONFIG: join(engine.folder, "client-config") };
  const { stdout } = await run([program, ...words, "--help"], { env });
  const commands = [...stdout.matchAll(/^(?:[\w ]+ )?Commands:\n((?: {2}\S.*\n)+)/gm)].flatMap(
    ([, rows = ""]) =>
      rows
        .trimEnd()
        .split("\n")
        .map((row) => row.trim().split(/[\s*]/)[0] ?? ""),
  );
  const flags = [...stdout.matchAll(/^ {2,6}(?:-(\w), )? *--([\w-]+)(?: ([\w<>/-]+))?(?: {2,}.*)?$/gm)].map(
    ([, short = "", name = "", value = ""]) => [name, `${short} ${value}`] as const,
  );
  return { commands, flags: new Map(flags) };
}

/** "container ls" for all that a program has. */
async function allCommands(program: string): Promise<readonly string[]> {
  const top = await helpOf(program, []);
  const below = await Promise.all(
    top.commands.map(async (name) => {
      const { commands } = await helpOf(program, [name]);
      return commands.length === 0 ? [name] : commands.map((one) => `${name} ${one}`);
    }),
  );
  return below.flat();
}

const theirCommands = await allCommands("docker");
const ourCommands = await allCommands(sampanExecutable());

/** `manifest` stands for all commands below it. */
const covered = (listed: readonly string[], command: string): boolean =>
  listed.some((name) => command === name || command.startsWith(`${name} `));

describe("commands", () => {
  test("what docker has and we have not is listed, and nothing else", () => {
    const listed = names(firstCells("Commands that Docker has and we have not"));
    const missing = theirCommands.filter((command) => !ourCommands.includes(command));
    expect(missing.filter((command) => !covered(listed, command))).toEqual([]);
    expect(listed.filter((name) => !missing.some((command) => covered([name], command)))).toEqual([]);
  });

  test("what we have and docker has not is listed, and nothing else", () => {
    const listed = names(firstCells("Commands that we have and Docker has not"));
    expect(ourCommands.filter((command) => !theirCommands.includes(command)).toSorted()).toEqual(
      listed.toSorted(),
    );
  });
});

describe("flags", () => {
  const listed = new Set(
    names(firstCells("Flags that Docker shows and we do not")).map((name) => name.slice(2)),
  );
  const added = new Set(
    names(firstCells("Flags that we have and Docker has not")).map((name) => name.slice(2)),
  );
  const common = theirCommands.filter((command) => ourCommands.includes(command));
  const missing = new Set<string>();

  test.each([...common])(
    "%s: the same names, letters and values, but for what is listed",
    async (command) => {
      const [theirs, ours] = await Promise.all([
        helpOf("docker", command.split(" ")),
        helpOf(sampanExecutable(), command.split(" ")),
      ]);
      const shown = [...theirs.flags].filter(([name]) => !listed.has(name) || ours.flags.has(name));
      const more = [...ours.flags].filter(([name]) => added.has(name) && !theirs.flags.has(name));
      for (const [name] of theirs.flags) if (!ours.flags.has(name)) missing.add(name);
      expect(ours.flags).toEqual(new Map([...shown, ...more]));
    },
  );

  test("what is listed is missing somewhere", async () => {
    const [theirs, ours] = await Promise.all([helpOf("docker", []), helpOf(sampanExecutable(), [])]);
    for (const [name] of theirs.flags) if (!ours.flags.has(name)) missing.add(name);
    expect([...listed].filter((name) => !missing.has(name))).toEqual([]);
  });
});
