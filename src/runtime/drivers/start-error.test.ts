import { expect, test } from "bun:test";
import { ProgramNotStartedError, SystemError } from "../../base/errors.ts";
import { execErrorOf, startErrorOf } from "./start-error.ts";

const time = "2026-11-23T22:06:15.508728Z: ";

test.each([
  [
    "crun",
    `${time}executable file \`nosuch\` not found in $PATH: No such file or directory\n`,
    "nosuch",
    127,
    'exec: "nosuch": executable file not found in $PATH: unknown',
  ],
  [
    "crun",
    `${time}executable file \`/no/such\` not found in $PATH: No such file or directory\n`,
    "/no/such",
    127,
    'exec: "/no/such": stat /no/such: no such file or directory: unknown',
  ],
  [
    "crun",
    `${time}open executable: Not a directory\n`,
    "/etc/passwd/x",
    127,
    'exec: "/etc/passwd/x": stat /etc/passwd/x: not a directory: unknown',
  ],
  [
    "runc",
    'time="2026" level=error msg="runc run failed: unable to start container process: exec: \\"/etc/passwd/x\\": stat /etc/passwd/x: not a directory"\n',
    "/etc/passwd/x",
    127,
    'exec: "/etc/passwd/x": stat /etc/passwd/x: not a directory: unknown',
  ],
  [
    "crun",
    `${time}open executable: Permission denied\n`,
    "/etc/passwd",
    126,
    'exec: "/etc/passwd": permission denied: unknown',
  ],
  [
    "crun",
    `${time}open executable: Operation not permitted\n`,
    "/etc",
    126,
    'exec: "/etc": is a directory: unknown: permission denied',
  ],
  [
    "runc",
    'time="2026" level=error msg="runc run failed: unable to start container process: exec: \\"nosuch\\": executable file not found in $PATH"\n',
    "nosuch",
    127,
    'exec: "nosuch": executable file not found in $PATH: unknown',
  ],
  [
    "runc",
    'time="2026" level=error msg="runc run failed: unable to start container process: exec: \\"/no/such\\": stat /no/such: no such file or directory"\n',
    "/no/such",
    127,
    "stat /no/such: no such file or directory: unknown",
  ],
  [
    "runc",
    'time="2026" level=error msg="runc run failed: unable to start container process: exec: \\"/etc\\": permission denied"\n',
    "/etc",
    126,
    "permission denied: unknown",
  ],
  [
    "crun",
    `${time}chdir \`/no/such\`: No such file or directory\n`,
    "true",
    127,
    'start container process: error during container init: chdir to cwd ("/no/such") set in config.json failed: no such file or directory: unknown',
  ],
  [
    "runc",
    'time="2026" level=error msg="runc run failed: unable to start container process: chdir to cwd (\\"/etc/passwd\\") set in config.json failed: not a directory"\n',
    "true",
    126,
    'chdir to cwd ("/etc/passwd") set in config.json failed: not a directory: unknown',
  ],
])("startErrorOf: %s, %p, %s -> %d", (runtime, log, program, exitCode, message) => {
  const err = startErrorOf(runtime, log, program);
  expect(err).toBeInstanceOf(ProgramNotStartedError);
  expect(err).toMatchObject({ exitCode, message: expect.stringContaining(message) as string });
});

test("startErrorOf: anything else keeps the runtime's own words", () => {
  const err = startErrorOf("crun", `${time}mount \`proc\` to \`proc\`: Invalid argument\n`, "sh");
  expect(err).toBeInstanceOf(SystemError);
  expect(err.message).toEndWith("crun create failed: mount `proc` to `proc`: Invalid argument: unknown");
});

test("execErrorOf: in the words of an exec", () => {
  const err = execErrorOf(
    `${time}executable file \`nosuch\` not found in $PATH: No such file or directory\n`,
    "nosuch",
  );
  expect(err).toMatchObject({
    exitCode: 127,
    message:
      'OCI runtime exec failed: exec failed: unable to start container process: exec: "nosuch": executable file not found in $PATH: unknown',
  });
});

test("execErrorOf: a working directory that is not there is 126, as in Docker", () => {
  const err = execErrorOf(`${time}chdir \`/no/such\`: No such file or directory\n`, "true");
  expect(err).toMatchObject({ exitCode: 126 });
});
