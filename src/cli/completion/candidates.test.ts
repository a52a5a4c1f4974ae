import { describe, expect, test } from "bun:test";
import { completable } from "./candidates.ts";
import { completionScript } from "./scripts.ts";

/** What may stand in the place of the last word, filtered as the command does. */
function words(...line: string[]): readonly string[] {
  const typed = line.at(-1) ?? "";
  return completable(line)
    .candidates.map(({ word }) => word)
    .filter((word) => word.startsWith(typed));
}

describe("completable", () => {
  test("commands and groups", () => {
    expect(words("re")).toEqual(["restart", "rename"]);
    expect(words("net")).toEqual(["network"]);
    expect(words("volume", "")).toEqual(["create", "inspect", "ls", "prune", "rm"]);
    expect(words("__")).toEqual([]);
  });

  test("flags of the command, old spellings left out", () => {
    expect(words("run", "--net")).toEqual(["--network", "--network-alias"]);
    expect(words("--tlsc")).toEqual(["--tlscacert", "--tlscert"]);
    expect(words("container", "ls", "--no")).toEqual(["--no-trunc"]);
  });

  test("names, where the command takes them", () => {
    expect(completable(["stop", ""]).names).toBe("container");
    expect(completable(["-H", "unix:///x", "stop", "-t", "5", ""]).names).toBe("container");
    expect(completable(["volume", "rm", ""]).names).toBe("volume");
    expect(completable(["network", "connect", ""]).names).toBe("network");
    expect(completable(["network", "connect", "a", ""]).names).toBe("container");
    expect(completable(["run", "-it", ""]).names).toBe("image");
  });

  test("nothing of ours in a flag's value, in what is run, and beyond the last operand", () => {
    for (const line of [
      ["run", "--name", ""],
      ["run", "busybox", "--net"],
      ["attach", "a", ""],
      ["nosuch", ""],
    ])
      expect(completable(line)).toEqual({ candidates: [] });
  });

  test("the words of a choice", () => {
    expect(words("completion", "")).toEqual(["bash", "zsh", "fish"]);
  });
});

test("completionScript: for three shells", () => {
  for (const shell of ["bash", "zsh", "fish"]) expect(completionScript(shell)).toContain("__complete");
  expect(completionScript("tcsh")).toBeUndefined();
});
