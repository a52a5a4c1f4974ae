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
    gateways: ["172.16.42.1"],
    user: "daemon:staff",
    groups: [],
    supervise: false,
    program: "sh",
    programArguments: ["-c", "-e x"],
  });
});

test("parseInitArguments: what a runtime would do", () => {
  const args =
    "-a video -a 99 -c a80425fb -n 1024 -w /srv -s -r 3 -t 4 -g 172.18.0.1 -g fd00::1 -- web -s".split(" ");
  expect(parseInitArguments(args)).toEqual({
    environment: {},
    gateways: ["172.18.0.1", "fd00::1"],
    groups: ["video", "99"],
    capabilities: 0xa80425fbn,
    openFiles: 1024,
    folder: "/srv",
    supervise: true,
    reportFd: 3,
    consoleFd: 4,
    program: "web",
    programArguments: ["-s"],
  });
});

test("parseInitArguments: an item without = is empty, `container` is dropped", () => {
  expect(parseInitArguments(["-e", "EMPTY", "-e", "container=lxc", "ls", "-u"])).toMatchObject({
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
  [["-c", "CHOWN", "sh"], "option -c: CHOWN is no value for it"],
  [["-r", "-1", "sh"], "option -r: -1 is no value for it"],
])("parseInitArguments: %p is refused", (args, message) => {
  expect(parseInitArguments(args)).toContain(message);
});
