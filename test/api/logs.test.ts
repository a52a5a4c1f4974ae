// docker logs: what was written, from when, how much of it, and what comes next.
import { describe, expect, test } from "bun:test";
import { engineForTests } from "../harness/for-tests.ts";
import { testImage as image } from "../harness/images.ts";

const engine = await engineForTests();
const { ok, docker } = engine;
/** Runs a script to its end and gives the id of its container. */
async function ended(script: string, ...flags: string[]): Promise<string> {
  const id = await ok("run", "-d", ...flags, image, "sh", "-c", script);
  await ok("wait", id);
  return id;
}

describe("logs", () => {
  test("give both streams apart", async () => {
    const id = await ended("echo out; echo err >&2; printf 'no newline'");
    expect(await docker("logs", id)).toEqual({ exitCode: 0, stdout: "out\nno newline", stderr: "err\n" });
    await ok("rm", id);
  });

  test.each([
    ["0", ""],
    ["1", "100"],
    ["3", "98\n99\n100"],
    ["all", Array.from({ length: 100 }, (_, at) => at + 1).join("\n")],
  ])("--tail %s", async (tail, expected) => {
    const id = await ended("seq 1 100");
    expect(await ok("logs", "--tail", tail, id)).toBe(expected);
    await ok("rm", id);
  });

  test("--timestamps puts a time of nine digits before each line", async () => {
    const id = await ended("echo one; echo two");
    for (const line of (await ok("logs", "--timestamps", id)).split("\n"))
      expect(line).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z (one|two)$/);
    await ok("rm", id);
  });

  test("--since and --until cut by time, in both forms", async () => {
    const id = await ended("echo early; sleep 2.2; echo late");
    const stamps = (await ok("logs", "-t", id)).split("\n").map((line) => line.split(" ")[0] ?? "");
    const middle = new Date(Date.parse(stamps[1] ?? "") - 1000).toISOString();
    expect(await ok("logs", "--since", middle, id)).toBe("late");
    expect(await ok("logs", "--until", middle, id)).toBe("early");
    expect(await ok("logs", "--since", "1h", id)).toBe("early\nlate");
    expect(await ok("logs", "--until", "1h", id)).toBe("");
    await ok("rm", id);
  });

  test("-f follows until the container ends", async () => {
    const id = await ok("run", "-d", image, "sh", "-c", "for i in 1 2 3 4 5; do echo $i; sleep 0.2; done");
    expect(await ok("logs", "-f", id)).toBe("1\n2\n3\n4\n5");
    await ok("rm", id);
  });

  test("-f of a container that ended ends at once", async () => {
    const id = await ended("echo done");
    expect(await ok("logs", "-f", id)).toBe("done");
    await ok("rm", id);
  });

  test("a terminal's output is one stream", async () => {
    const id = await ended("echo out; echo err >&2", "-t");
    expect(await docker("logs", id)).toEqual({ exitCode: 0, stdout: "out\r\nerr\r\n", stderr: "" });
    await ok("rm", id);
  });

  test("one line of 100,000 bytes comes back in one piece", async () => {
    const id = await ended("head -c 100000 /dev/zero | tr '\\0' x; echo; echo after");
    const lines = (await ok("logs", id)).split("\n");
    expect([lines[0]?.length, lines[1]]).toEqual([100_000, "after"]);
    await ok("rm", id);
  });

  test("bytes that are no characters do not stop the log", async () => {
    const id = await ended("printf 'a\\377b\\n\"quoted\" \\\\ \\t\\n'");
    expect(await ok("logs", id)).toBe('a\ufffdb\n"quoted" \\ \t'.trimEnd());
    await ok("rm", id);
  });

  test("rotation keeps max-file files of max-size", async () => {
    const id = await ended("seq 100000 140000", "--log-opt", "max-size=64k", "--log-opt", "max-file=2");
    const lines = (await ok("logs", id)).split("\n");
    expect(lines.at(-1)).toBe("140000");
    expect(lines.length).toBeWithin(600, 4000);
    for (let at = 1; at < lines.length; at += 1) expect(Number(lines[at])).toBe(Number(lines[at - 1]) + 1);
    await ok("rm", id);
  });

  test("logs of two starts follow each other", async () => {
    const id = await ended("echo run");
    await ok("start", id);
    await ok("wait", id);
    expect(await ok("logs", id)).toBe("run\nrun");
    await ok("rm", id);
  });

  test("--log-driver none has none, and says so", async () => {
    const id = await ended("echo lost", "--log-driver", "none");
    const { exitCode, stderr } = await docker("logs", id);
    expect(exitCode).toBe(1);
    expect(stderr).toContain("configured logging driver does not support reading");
    await ok("rm", id);
  });

  test("50,000 lines come back complete and in order", async () => {
    const id = await ended("seq 1 50000");
    const lines = (await ok("logs", id)).split("\n");
    expect(lines.length).toBe(50_000);
    expect(lines.every((line, at) => line === String(at + 1))).toBe(true);
    await ok("rm", id);
  });
});
