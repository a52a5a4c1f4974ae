import { expect, test } from "bun:test";
import { oldCommands } from "./commands.ts";
import { parseOldFlags } from "./parse-flags.ts";

function parse(line: string) {
  const [name, ...words] = line.split(" ");
  const command = oldCommands.find((one) => one.name === name);
  if (command === undefined) throw new Error(`no command ${name}`);
  const parsed = parseOldFlags(command, words);
  return parsed && { ...Object.fromEntries(parsed.values), operands: parsed.operands };
}

test("oldCommands: the 25 of 2013, in order", () => {
  const names = oldCommands.map(({ name }) => name);
  expect(names).toHaveLength(25);
  expect(names).toEqual(names.toSorted());
});

test.each([
  ["ps -a -notrunc -n 3", { a: true, notrunc: true, n: 3, operands: [] }],
  ["ps -n=3 --q", { n: 3, q: true, operands: [] }],
  ["ps -a=false", { a: false, operands: [] }],
  ["commit -m note -author Ann web repo tag", { m: "note", author: "Ann", operands: ["web", "repo", "tag"] }],
  [
    "run -h box -p :80 -p 443 -dns 1.1.1.1 img cmd -d",
    {
      h: "box",
      p: [":80", "443"],
      dns: ["1.1.1.1"],
      operands: ["img", "cmd", "-d"],
    },
  ],
  ["run -i -t img", { i: true, t: true, operands: ["img"] }],
  ["stop -t 3 a b", { t: 3, operands: ["a", "b"] }],
  ["tag -f img repo", { f: true, operands: ["img", "repo"] }],
  ["import - repo", { operands: ["-", "repo"] }],
] as const)("parseOldFlags: %s", (line, expected) => {
  expect(parse(line)).toEqual(expected as unknown as ReturnType<typeof parse>);
});

test.each([
  "ps --all",
  "ps -aq",
  "ps --format {{.ID}}",
  "run --rm img",
  "run -it img",
  "run",
  "stop a -t 3",
  "attach a b",
  "ps -n",
  "ps -n many",
  "login -u ann",
])("parseOldFlags: %s is not of 2013", (line) => {
  expect(parse(line)).toBeUndefined();
});
