import { expect, test } from "bun:test";
import { commands, findCommand } from "./command-table.ts";
import { parseFlags } from "./flag-parser.ts";
import { refuseUsersFiles } from "./users-files.ts";

function check(line: string): void {
  const found = findCommand(line.split(" "));
  if (found.kind !== "command") throw new Error(`no command in ${line}`);
  const { command, path, rest } = found;
  refuseUsersFiles(command, path, parseFlags(command.flags, rest, command.stopAtOperand === true));
}

test.each([
  "run --env-file /etc/shadow img",
  "run --cidfile x img",
  "run --label-file x img",
  "create --security-opt seccomp=/etc/shadow img",
  "run --security-opt seccomp:/etc/shadow img",
  "run -v ./data:/data img",
  "run -v ../data:/data img",
  "run --mount type=bind,src=./data,dst=/data img",
  "run --mount source=.,target=/data img",
  "exec --env-file x web sh",
  "load -i /x.tar",
  "load --input=x.tar",
  "save -o /x.tar img",
  "export --output x web",
  "cp web:/etc/hosts /etc/hosts",
  "cp web:/etc/hosts hosts",
  "cp ./x web:/",
  "cp /etc/shadow web:/",
  "import /x.tar",
  "build .",
  "context ls",
  "context create x --docker host=unix:///x",
  "install",
  "__complete ps",
])("refuseUsersFiles: %s", (line) => expect(() => check(line)).toThrow(/names a file|about the machine/));

test.each([
  "run -v /data:/data -v data:/x --security-opt seccomp=unconfined --security-opt no-new-privileges img",
  "run --mount type=volume,src=data,dst=/data img --env-file x",
  "load",
  "save img",
  "export web",
  "cp web:/etc/hosts -",
  "cp - web:/srv",
  "import -",
  "import http://host/x.tar name",
  "ps -a",
  "build -",
])("refuseUsersFiles: nothing against %s", (line) => expect(() => check(line)).not.toThrow());

/** What reaches a file system, a program or the process itself, and by which words a user can bring it to do so. */
const reach: Readonly<Record<string, string>> = {
  "cid-file.ts": "--cidfile",
  "commands/contexts.ts": "context …",
  "commands/cp.ts": "the operands of cp",
  "commands/install.ts": "install",
  "config-file.ts": "Place.configStore",
  "contexts.ts": "context …, --context",
  "credential-helpers.ts": "config.json",
  "credentials.ts": "Place.configStore",
  "files/pack.ts": "the operands of cp",
  "files/unpack.ts": "the operands of cp",
  "global-options.ts": "flags before the command",
  "input-file.ts": "--input, the operand of import",
  "manifests/list-store.ts": "manifest …, where the user has a folder for it",
  "output-file.ts": "--output",
  "plugin.ts": "Place.plugin",
  "process-streams.ts": "streams",
  "run/key-values.ts": "--env-file, --label-file, --security-opt",
  "run/mounts.ts": "--volume and --mount with a relative path",
  "session/raw-terminal.ts": "streams",
  "session/write-vector.ts": "streams",
};

test("nothing of the client touches the machine but what is known to", async () => {
  const found: string[] = [];
  for await (const file of new Bun.Glob("**/*.ts").scan(import.meta.dir)) {
    if (file.endsWith(".test.ts")) continue;
    const text = await Bun.file(`${import.meta.dir}/${file}`).text();
    if (
      /from "node:(?:fs|child_process)|import\("node:fs|Bun\.(?:file|write|spawn|stdin)\b|process\.(?:exec|cwd|chdir|kill|exit\()|resolve } from "node:path"/.test(
        text,
      )
    )
      found.push(file);
  }
  expect(found.toSorted()).toEqual(Object.keys(reach).toSorted());
});

test("every flag whose help speaks of a file says so in the table", () => {
  const flags = commands.flatMap(({ ownMachine, flags: own }) => (ownMachine ? [] : own));
  const forgotten = flags.filter(({ help, file }) => /\b(?:this|a) file\b/.test(help) && file === undefined);
  expect(forgotten).toEqual([]);
});
