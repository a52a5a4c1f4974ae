// Inside the emulated machine: `write` makes containers, tags, exits and so on, and says each that the daemon has
// acknowledged; `check` looks, after the power came back, whether all that was said is there.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { eventually, output, run } from "../harness/command.ts";
import { clientsOf, untilReady } from "../harness/engine.ts";
import { loadTestImage, testImage } from "../harness/images.ts";
import { sampanExecutable } from "../harness/executable.ts";

const [task, fileSystem = ""] = process.argv.slice(2);
const [folder, socket] = ["/data", "/run/test.sock"];
const { api, ok, docker, dockerWith } = clientsOf(socket, "/run");
const say = (line: string): void => console.log(line);

// Nothing reaches the disk but by a sync, and a rename carries no content with it: the worst that a power cut may find.
writeFileSync("/proc/sys/vm/dirty_writeback_centisecs", "0");
const options: Readonly<Record<string, string>> = { ext4: "commit=600,noauto_da_alloc", xfs: "defaults" };
const mount = ["mount", "-t", fileSystem, "-o", options[fileSystem] ?? "", "/dev/vdc", folder];
mkdirSync(folder, { recursive: true });
if ((await run(mount)).exitCode !== 0) {
  await output([`mkfs.${fileSystem}`, "-q", "/dev/vdc"]);
  await output(mount);
}
const daemon = Bun.spawn(
  [sampanExecutable(), "daemon", "-H", `unix://${socket}`, "--data-root", `${folder}/root`, "--rcli=off"],
  { stdio: ["ignore", "inherit", "inherit"] },
);
await untilReady(socket, () => daemon.exitCode === null, 120_000);

/** Works until the power goes. */
async function write(): Promise<never> {
  if ((await docker("image", "inspect", testImage)).exitCode !== 0) await loadTestImage({ dockerWith });
  say(`acknowledged image ${testImage}`);
  const offline = ["--network", "none"];
  for (let round = 0; ; round += 1) {
    const [mark, code] = [`${Date.now()}-${round}`, round % 100];
    const id = await ok("create", ...offline, "--name", `c${mark}`, testImage, "sh", "-c", `exit ${code}`);
    say(`acknowledged create ${id}`);
    await ok("tag", testImage, `tagged/t:${mark}`);
    say(`acknowledged image tagged/t:${mark}`);
    await ok("start", id);
    await ok("wait", id);
    say(`acknowledged exit ${id} ${code}`);
    await ok("volume", "create", `v${mark}`);
    say(`acknowledged volume v${mark}`);
    if (round % 3 !== 2) continue;
    const writer = await ok(
      "run",
      "-d",
      ...offline,
      testImage,
      "dd",
      "if=/dev/urandom",
      "of=/new",
      "bs=1M",
      "count=2",
    );
    await ok("wait", writer);
    await ok("commit", writer, `committed:${mark}`);
    say(`acknowledged layers committed:${mark}`);
    const up = await ok("run", "-d", ...offline, "--restart", "always", testImage, "sleep", "100000");
    say(`acknowledged up ${up}`);
    say(`acknowledged leaving ${id}`);
    await ok("rm", id);
    say(`acknowledged removal ${id}`);
  }
}

async function kept(line: string, leaving: ReadonlySet<string>): Promise<boolean> {
  const [what, name = "", code] = line.split(" ");
  const status = async (path: string): Promise<number> => (await api("GET", path)).status;
  if (what === "image") return (await status(`/images/${encodeURIComponent(name)}/json`)) === 200;
  // What is saved is compared with the digests of the layers, byte for byte.
  if (what === "layers") return (await docker("save", "-o", "/run/saved.tar", name)).exitCode === 0;
  if (what === "volume") return (await status(`/volumes/${name}`)) === 200;
  if (what === "removal") return (await status(`/containers/${name}/json`)) === 404;
  if (what === "leaving" || leaving.has(name)) return true;
  if (what === "up") return runsAgain(name);
  const answer = await api("GET", `/containers/${name}/json`);
  if (answer.status !== 200) return false;
  const { State } = answer.json() as { State: { Status: string; ExitCode: number } };
  return what === "create" || (State.Status === "exited" && State.ExitCode === Number(code));
}

async function runsAgain(id: string): Promise<boolean> {
  const runs = async (): Promise<boolean> =>
    (await docker("inspect", "-f", "{{.State.Status}}", id)).stdout.trim() === "running";
  return eventually(runs, () => `a run of ${id}`).then(
    () => true,
    () => false,
  );
}

async function check(): Promise<void> {
  const lines = readFileSync("/dev/vdd", "utf8").replaceAll("\0", "").trim().split("\n");
  const leaving = new Set(lines.flatMap((line) => /^leaving (.*)/.exec(line)?.[1] ?? []));
  for (const line of lines) say(`${(await kept(line, leaving)) ? "kept" : "LOST"} ${line}`);
  const broken = readdirSync(`${folder}/root/containers`).filter((name) => name.includes(".broken-"));
  say(broken.length === 0 ? "kept records" : `LOST records ${broken.join(" ")}`);
  // The store must not only open but work.
  const { stdout } = await docker("run", "--rm", "--network", "none", testImage, "echo", "still sailing");
  say(stdout.trim() === "still sailing" ? "kept run" : "LOST run");
  daemon.kill("SIGTERM");
  await daemon.exited;
}

await (task === "write" ? write() : check());
