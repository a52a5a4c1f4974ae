// Our client's cp, diff, commit, export and save beside docker's, on any engine that serves them.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../harness/command.ts";
import { engineForTests } from "../harness/for-tests.ts";
import { sampanExecutable } from "../harness/executable.ts";
import { testImage as image } from "../harness/images.ts";

const engine = await engineForTests();
const env = { DOCKER_HOST: `unix://${engine.socket}`, DOCKER_CONFIG: join(engine.folder, "client-config") };
/** An engine that does not copy yet says so; then there is nothing to compare. */
const served = (await engine.api("GET", "/containers/nosuch/archive?path=/")).status !== 501;

/** Where each client works: the same files, and a container of its own, called by its name. */
const clients = [
  { name: "boxone", command: "docker" },
  { name: "boxtwo", command: sampanExecutable() },
] as const;

const folderOf = (name: string): string => join(engine.folder, "files", name);

beforeAll(async () => {
  if (!served) return;
  for (const { name } of clients) {
    const folder = folderOf(name);
    mkdirSync(join(folder, "tree/deep"), { recursive: true });
    writeFileSync(join(folder, "file"), "from here\n");
    writeFileSync(join(folder, "tree/a"), "a\n");
    writeFileSync(join(folder, "tree/deep/b"), Buffer.alloc(3_000_000, 7));
    chmodSync(join(folder, "tree/a"), 0o750);
    symlinkSync("tree", join(folder, "link"));
    const script =
      "mkdir -p /d/e /empty; echo there >/d/f; echo deep >/d/e/g; ln -s /d /l; chmod 700 /d/e; rm /etc/group; sleep 1000";
    await engine.ok("run", "-d", "--name", name, image, "sh", "-c", script);
  }
  await Bun.sleep(300);
});
afterAll(() => rmSync(join(engine.folder, "files"), { recursive: true, force: true }));

/** Each client's answers to a shell script in which $C is its container and $D the client, and the tree it leaves. */
async function byEach(
  script: string,
): Promise<readonly { readonly output: string; readonly tree: string }[]> {
  const answers = [];
  for (const { name, command } of clients) {
    const cwd = folderOf(name);
    const more = { ...env, D: command, C: name };
    const { stdout, stderr, exitCode } = await run(["sh", "-c", script], { cwd, env: more });
    const list = await run(["sh", "-c", "find . | sort | xargs -d '\\n' stat -c '%n %A %s'"], { cwd });
    const inside = await engine.docker(
      "exec",
      name,
      "sh",
      "-c",
      "find /d /empty /tmp | sort | xargs ls -ld | cut -c1-10,42-",
    );
    const neutral = (text: string) =>
      text
        .replaceAll(cwd, "FOLDER")
        .replaceAll(name, "WHO")
        .replaceAll(/[0-9a-f]{64}/g, "ID")
        // What Docker's archiver thinks of being stopped.
        .replaceAll(/^time=.*\n/gm, "");
    answers.push({
      output: neutral(`${stdout}\n${stderr}\n${exitCode}`),
      tree: neutral(`${list.stdout}\n${inside.stdout}`).replaceAll(/ [A-Z][a-z]{2} +\d+ \d\d:\d\d/g, ""),
    });
  }
  return answers;
}

const scripts = String.raw`
$D cp $C:/d/f .
$D cp $C:/d/f named; cat named
$D cp $C:/d copied
$D cp $C:/d/. contents
$D cp $C:/d tree
$D cp $C:/nosuch .
$D cp $C:/d/f ./nosuch/x
$D cp $C:/d/f ./nosuch/
$D cp $C:/d file
$D cp $C:/l asLink; readlink asLink
$D cp -L $C:/l followed
$D cp $C:/d/f - | tar tf -
$D cp $C:/d - | tar tf - | sort
$D cp file $C:/tmp/there
$D cp file $C:/empty
$D cp file $C:/tmp/nosuch/x
$D cp file $C:/tmp/nosuch/
$D cp tree $C:/tmp/tree
$D cp tree $C:/empty
$D cp tree/. $C:/tmp/contents
$D cp tree $C:/d/f
$D cp file $C:/d
$D cp link $C:/tmp/link
$D cp -L link $C:/tmp/followed
$D cp nosuch $C:/tmp
$D cp file $C:/l
tar cf - tree | $D cp - $C:/tmp
tar cf - tree | $D cp - $C:/nosuch
tar cf - tree | $D cp - $C:/d/f
$D cp file nosuch-container:/
$D cp -a file $C:/tmp/archived
$D diff $C | sort
$D diff nosuch
$D export $C | tar tf - | sort | head -20
$D export -o out.tar $C; tar tf out.tar | wc -l
$D export -o out2.tar nosuch; ls out2.tar
$D commit -m words -a me -c 'CMD ["x"]' $C made-by:$C
$D commit $C 'A B'
$D commit nosuch
$D save ${image} | tar tf - | sort | head -20
$D save -o saved.tar ${image}; test -s saved.tar
$D save nosuch
`
  .trim()
  .split("\n");

describe.skipIf(!served)("the same as docker", () => {
  test.each(scripts)("%s", async (script) => {
    const [theirs, ours] = await byEach(script.replaceAll("${image}", image));
    expect(ours).toEqual(theirs);
  });

  test("an archive from a container does not write through links of its own", async () => {
    // Nothing of the engine is needed for the harm, so the archive is made here.
    const hostile = join(engine.folder, "hostile");
    await engine.ok("exec", "boxtwo", "sh", "-c", `mkdir /bad; ln -s ${hostile} /bad/out`);
    expect(existsSync(hostile)).toBe(false);
    const { exitCode } = await run([sampanExecutable(), "cp", "boxtwo:/bad", "bad"], {
      cwd: folderOf("boxtwo"),
      env,
    });
    expect({ exitCode, written: existsSync(hostile) }).toEqual({ exitCode: 0, written: false });
    expect(readFileSync(join(folderOf("boxtwo"), "file"), "utf8")).toBe("from here\n");
  });
});
