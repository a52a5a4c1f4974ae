// Inside the emulated machine: `write` makes containers, tags and exits, and says each that the daemon has acknowledged;
// `check` looks, after the power came back, whether all that was said is there.
import { mkdirSync, readFileSync } from "node:fs";
import { output } from "../harness/command.ts";
import { clientsOf, untilReady } from "../harness/engine.ts";
import { loadTestImage, testImage } from "../harness/images.ts";
import { sampanExecutable } from "../harness/executable.ts";

const [folder, socket] = ["/data", "/run/test.sock"];
const { api, ok, docker, dockerWith } = clientsOf(socket, "/run");
const say = (line: string): void => console.log(line);

mkdirSync(folder, { recursive: true });
await output(["mount", "/dev/vdc", folder]);
const daemon = Bun.spawn(
  [sampanExecutable(), "daemon", "-H", `unix://${socket}`, "--data-root", `${folder}/root`, "--rcli=off"],
  { stdio: ["ignore", "inherit", "inherit"] },
);
await untilReady(socket, () => daemon.exitCode === null, 120_000);

/** Works until the power goes. */
async function write(): Promise<never> {
  if ((await docker("image", "inspect", testImage)).exitCode !== 0) await loadTestImage({ dockerWith });
  say("acknowledged image " + testImage);
  for (let round = 0; ; round += 1) {
    const [mark, code] = [`${Date.now()}-${round}`, round % 100];
    const id = await ok(
      "create",
      "--network",
      "none",
      "--name",
      `c${mark}`,
      testImage,
      "sh",
      "-c",
      `exit ${code}`,
    );
    say(`acknowledged create ${id}`);
    await ok("tag", testImage, `tagged/t:${mark}`);
    say(`acknowledged image tagged/t:${mark}`);
    await ok("start", id);
    await ok("wait", id);
    say(`acknowledged exit ${id} ${code}`);
  }
}

async function kept(line: string): Promise<boolean> {
  const [what, name = "", code] = line.split(" ");
  if (what === "image") return (await api("GET", `/images/${encodeURIComponent(name)}/json`)).status === 200;
  const answer = await api("GET", `/containers/${name}/json`);
  if (answer.status !== 200) return false;
  const { State } = answer.json() as { State: { Status: string; ExitCode: number } };
  return what === "create" || (State.Status === "exited" && State.ExitCode === Number(code));
}

async function check(): Promise<void> {
  const lines = readFileSync("/dev/vdd", "utf8").replaceAll("\0", "").trim().split("\n");
  for (const line of lines) say(`${(await kept(line)) ? "kept" : "LOST"} ${line}`);
  // The store must not only open but work.
  const { stdout } = await docker("run", "--rm", "--network", "none", testImage, "echo", "still sailing");
  say(stdout.trim() === "still sailing" ? "kept run" : "LOST run");
  daemon.kill("SIGTERM");
  await daemon.exited;
}

await (process.argv[2] === "write" ? write() : check());
