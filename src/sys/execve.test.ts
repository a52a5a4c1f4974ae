import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";

/** Runs TypeScript in a process of its own, which may become another program. */
function inAnotherProcess(script: string) {
  return spawnSync(
    process.execPath,
    ["-e", `import { execve } from "${import.meta.dir}/spawn.ts"; ${script}`],
    {
      encoding: "utf8",
      timeout: 10_000,
    },
  );
}

test("execve: the same process is another program, with these arguments and this environment only", () => {
  const child = inAnotherProcess(
    `execve("/bin/sh", ["sh", "-c", 'echo "$0 $1 $A"; cat /proc/self/environ | tr "\\\\0" ";"; exit 5', "x", "y z"], { A: "b" })`,
  );
  expect(child.stderr).toBe("");
  const [words, environment = ""] = child.stdout.split("\n");
  expect(words).toBe("x y z b");
  expect(environment.split(";").filter((item) => !/^(PWD|_|OLDPWD|SHLVL|)=|^$/.test(item))).toEqual(["A=b"]);
  expect(child.status).toBe(5);
});

test("execve: the program finds every signal at its default and none blocked", () => {
  const child = inAnotherProcess(
    `execve("/bin/grep", ["grep", "-E", "^Sig(Ign|Blk)", "/proc/self/status"], {})`,
  );
  expect(child.stdout.match(/[0-9a-f]{16}/g)).toEqual(["0".repeat(16), "0".repeat(16)]);
});

test("execve: a program that is not there is an error, and the process goes on", () => {
  const child = inAnotherProcess(
    `try { execve("/no/such/program", ["x"], {}) } catch (err) { console.log(String(err.message)) }`,
  );
  expect(child.stdout).toBe("execve /no/such/program: no such file or directory (ENOENT)\n");
});
