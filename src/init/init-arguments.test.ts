import { expect, test } from "bun:test";
import { parseInitArguments } from "./init-arguments.ts";

test("parseInitArguments: environment, route, user, program, as the article's start line has them", () => {
  const args = [
    "-g",
    "172.16.42.1",
    "-u=daemon:staff",
    "-e",
    "HOME=/",
    "--e=A=b=c",
    "--",
    "sh",
    "-c",
    "-e x",
  ];
  expect(parseInitArguments(args)).toEqual({
    environment: { HOME: "/", A: "b=c" },
    gateway: "172.16.42.1",
    user: "daemon:staff",
    program: "sh",
    programArguments: ["-c", "-e x"],
  });
});

test("parseInitArguments: an item without = is empty, `container` is dropped", () => {
  expect(parseInitArguments(["-e", "EMPTY", "-e", "container=lxc", "ls", "-u"])).toEqual({
    environment: { EMPTY: "" },
    program: "ls",
    programArguments: ["-u"],
  });
});

test.each([
  [[], "no program given"],
  [["--"], "no program given"],
  [["-x", "sh"], "unknown option -x"],
  [["-u"], "option -u needs a value"],
])("parseInitArguments: %p is refused", (args, message) => {
  expect(parseInitArguments(args)).toContain(message);
});
