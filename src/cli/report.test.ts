import { describe, expect, test } from "bun:test";
import { ConnectError, ResponseError } from "../client/errors.ts";
import { findCommand } from "./command-table.ts";
import { CommandError, FlagError, InvalidValueError } from "./failure.ts";
import { operandCount, report, unknownCommand } from "./report.ts";

function invoked(name: string) {
  const found = findCommand([name]);
  if (found.kind !== "command") throw new Error(name);
  return found;
}

const runUsage =
  "Usage:  sampan run [OPTIONS] IMAGE [COMMAND] [ARG...]\n\nRun 'sampan run --help' for more information\n";

describe("report", () => {
  test("a flag that is wrong: usage and 125", () => {
    expect(report(new FlagError("unknown flag: --x"), invoked("run"))).toEqual({
      text: `unknown flag: --x\n\n${runUsage}`,
      exitCode: 125,
    });
  });

  test("a value that is wrong names its flag with its letter", () => {
    expect(
      report(
        new InvalidValueError("attach", "foo", "valid streams are STDIN, STDOUT and STDERR"),
        invoked("run"),
      ),
    ).toEqual({
      text: `invalid argument "foo" for "-a, --attach" flag: valid streams are STDIN, STDOUT and STDERR\n\n${runUsage}`,
      exitCode: 125,
    });
  });

  test("the daemon's refusal is 1, but 125 for run, whose codes are the container's", () => {
    const refusal = new ResponseError(404, "No such container: x");
    expect(report(refusal, invoked("stop"))).toEqual({
      text: "Error response from daemon: No such container: x\n",
      exitCode: 1,
    });
    expect(report(refusal, invoked("run"))).toEqual({
      text: "sampan: Error response from daemon: No such container: x\n\nRun 'sampan run --help' for more information\n",
      exitCode: 125,
    });
  });

  test("a program that was not found is told like a failure of run, with its own code", () => {
    expect(report(new CommandError("not found", 127), invoked("run"))).toMatchObject({
      text: expect.stringMatching(/^sampan: not found\n\nRun /),
      exitCode: 127,
    });
  });

  test("a failure without words prints nothing", () => {
    expect(report(new CommandError("", 141), invoked("ps"))).toEqual({ text: "", exitCode: 141 });
  });

  test("no daemon: what was tried, and what to do", () => {
    const { text } = report(new ConnectError("unix:///x", "ENOENT", undefined), invoked("ps"));
    expect(text).toBe(
      "Cannot connect to the Sampan daemon at unix:///x. Is the sampan daemon running?\n" +
        "Start it with 'sudo sampan daemon', or name another one with -H.\n",
    );
  });
});

describe("operandCount", () => {
  const told = (name: string) =>
    report(operandCount(invoked(name).command.operands, name), invoked(name)).text;
  test.each([
    [
      "ps",
      "sampan: 'sampan ps' accepts no arguments\n\nUsage:  sampan ps [OPTIONS]\n\nRun 'sampan ps --help' for more information\n",
    ],
    [
      "stop",
      "sampan: 'sampan stop' requires at least 1 argument\n\nUsage:  sampan stop [OPTIONS] CONTAINER [CONTAINER...]\n\nSee 'sampan stop --help' for more information\n",
    ],
    [
      "rename",
      "sampan: 'sampan rename' requires 2 arguments\n\nUsage:  sampan rename CONTAINER NEW_NAME\n\nRun 'sampan rename --help' for more information\n",
    ],
  ])("%s", (name, text) => expect(told(name)).toBe(text));
});

describe("unknownCommand", () => {
  test("at the top", () => {
    expect(unknownCommand(["xyz"])).toBe(
      "sampan: unknown command: sampan xyz\n\nRun 'sampan --help' for more information\n",
    );
  });
  test("below a group", () => {
    expect(unknownCommand(["container", "xyz"])).toBe(
      "sampan: unknown command: sampan container xyz\n\nUsage:  sampan container\n\nRun 'sampan container --help' for more information\n",
    );
  });
  test("with a suggestion", () => {
    expect(unknownCommand(["pss"])).toContain("\nDid you mean 'sampan ps'?\n");
  });
});
