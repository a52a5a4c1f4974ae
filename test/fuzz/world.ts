// What the requests are about: a few containers, execs, an image and a volume, made again from time to time because the
// requests rename and remove them.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Daemon } from "../harness/daemon.ts";
import { removeAllContainers } from "../harness/engine.ts";
import { loadTestImage, testImage } from "../harness/images.ts";

export type World = {
  /** The one folder of the host that containers may be given. */
  readonly hostFolder: string;
  readonly image: string;
  readonly volume: string;
  /** By name and by id; running, stopped, with a terminal, reading its input; and those that the requests make. */
  readonly containers: readonly string[];
  /** Execs not started yet; those that the requests make are added as they are known. */
  readonly execs: string[];
};

/** Names that created containers get, so that what mutations made of them is started, inspected and removed too. */
export const newNames = ["fuzz-new", "fuzz-other", "fuzz-third"];

const shapes: readonly (readonly [name: string, starts: boolean, body: object])[] = [
  ["fuzz-idle", false, { Cmd: ["true"] }],
  ["fuzz-sleep", true, { Cmd: ["sleep", "1000"] }],
  ["fuzz-terminal", true, { Cmd: ["cat"], Tty: true, OpenStdin: true }],
  ["fuzz-cat", true, { Cmd: ["cat"], OpenStdin: true, StdinOnce: true }],
  ["fuzz-wordy", true, { Cmd: ["seq", "1", "20000"] }],
];

export async function makeWorld(daemon: Daemon): Promise<World> {
  const { api } = daemon;
  const hostFolder = join(daemon.folder, "given");
  mkdirSync(hostFolder, { recursive: true });
  // What clients that have hung up asked for may still be under way.
  const left = async (): Promise<string> => (await api("GET", "/containers/json?all=1")).body;
  do {
    await removeAllContainers(daemon);
    await Bun.sleep(20);
  } while ((await left()) !== "[]\n");
  await api("POST", "/volumes/prune?filters=%7B%22all%22%3A%5B%221%22%5D%7D");
  await api("POST", "/volumes/create", { Name: "fuzz-volume" });
  if ((await api("GET", `/images/${testImage}/json`)).status !== 200) await loadTestImage(daemon);
  const names = shapes.map(([name]) => name);
  const ids: string[] = [];
  for (const [name, starts, body] of shapes) {
    const created = await api("POST", `/containers/create?name=${name}`, {
      Image: testImage,
      StopTimeout: 1,
      ...body,
    });
    if (created.status !== 201) throw new Error(`the world cannot be made: ${created.body}`);
    ids.push((created.json() as { Id: string }).Id);
    if (starts) await api("POST", `/containers/${name}/start`);
  }
  const execs: string[] = [];
  for (const Tty of [true, false, false, false]) {
    const body = { Cmd: ["cat"], Tty, AttachStdin: true, AttachStdout: true };
    execs.push(((await api("POST", "/containers/fuzz-sleep/exec", body)).json() as { Id: string }).Id);
  }
  return {
    hostFolder,
    image: testImage,
    volume: "fuzz-volume",
    containers: [...names, ...ids, ...newNames, ...newNames],
    execs,
  };
}
