import { describe, expect, test } from "bun:test";
import { commands, findCommand, globalFlags, groups } from "./command-table.ts";

const paths = commands.flatMap((command) => command.paths);

describe("the command table", () => {
  test("no two commands share a path", () => expect(new Set(paths).size).toBe(paths.length));

  test("every two-word path is in a group that exists", () => {
    const names = new Set(groups.map((group) => group.name));
    for (const path of paths.filter((one) => one.includes(" ")))
      expect(names).toContain(path.split(" ")[0] ?? "");
  });

  test("no command has two flags of one name or letter", () => {
    for (const { flags, paths: own } of [...commands, { flags: globalFlags, paths: ["global"] }]) {
      const names = flags.map((flag) => flag.name);
      const letters = flags.flatMap((flag) => flag.short ?? []);
      expect({ own, size: new Set(names).size }).toEqual({ own, size: names.length });
      expect({ own, size: new Set(letters).size }).toEqual({ own, size: letters.length });
    }
  });

  test("an old spelling stands for a flag of the same kind", () => {
    for (const { flags } of commands) {
      for (const { aliasOf, type } of flags.filter((flag) => flag.aliasOf !== undefined)) {
        expect(flags.find((flag) => flag.name === aliasOf)?.type).toBe(type);
      }
    }
  });

  test("every flag that is shown says what it is for", () => {
    for (const { flags } of commands)
      for (const flag of flags) if (!flag.hidden) expect(flag.help).not.toBe("");
  });

  test("every handler can be loaded", async () => {
    for (const command of commands) expect(await command.load()).toBeFunction();
  });
});

describe("findCommand", () => {
  test.each([
    [["ps", "-a"], { kind: "command", path: "ps", rest: ["-a"] }],
    [["container", "list", "-a"], { kind: "command", path: "container ls", rest: ["-a"] }],
    [["rmi", "x"], { kind: "command", path: "rmi", rest: ["x"] }],
    [["container"], { kind: "group", rest: [] }],
    [["container", "--help"], { kind: "group", rest: ["--help"] }],
    [["foo"], { kind: "unknown", word: "foo" }],
    [["image", "foo"], { kind: "unknown", word: "foo" }],
    [["container images"], { kind: "unknown" }],
  ])("%j", (words, expected) => expect(findCommand(words)).toMatchObject(expected));
});
