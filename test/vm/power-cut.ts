// A power cut in mid-run: the guest says on its console what its daemon has acknowledged; the emulator is killed; the next
// boot on the same disk must have all of it. What the guest had in its page cache is lost, as by a real cut; what it gave to
// the disk outlives the emulator in this machine's page cache, as it outlives a cut in a disk that is flushed when asked.
import { truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { boot } from "./emulator.ts";
import type { Machine } from "./machine.ts";
import { addResults, type Result } from "./suite.ts";

const fileSystems = ["ext4", "xfs"];
const cuts = 2;
/** Acknowledgements before a cut: enough that each kind is in flight. */
const leastAcknowledged = 14;

/** @returns one passed or failed for each acknowledged thing that was looked for after a cut. */
export async function powerCut(machine: Machine, repoDisk: string, folder: string): Promise<Result> {
  const results: Result[] = [];
  for (const fileSystem of fileSystems) results.push(await cutPowerOn(fileSystem, machine, repoDisk, folder));
  const { passed, failed } = addResults(results);
  console.log(`--- power-cut: ${passed} passed, ${failed} failed`);
  return { passed, failed };
}

async function cutPowerOn(
  fileSystem: string,
  machine: Machine,
  repoDisk: string,
  folder: string,
): Promise<Result> {
  const dataDisk = join(folder, `data-${fileSystem}.img`);
  const acknowledgedDisk = join(folder, "acknowledged.img");
  writeFileSync(dataDisk, "");
  truncateSync(dataDisk, 1000 << 20);
  const acknowledged: string[] = [];
  let [passed, failed] = [0, 0];
  for (let cut = 1; cut <= cuts; cut += 1) {
    const wanted = acknowledged.length + leastAcknowledged + Math.floor(Math.random() * 8);
    const writing = boot(machine, repoDisk, {
      task: `power-cut-write-${fileSystem}`,
      disks: [dataDisk],
      timeoutMinutes: 20,
      onLine: (line) => {
        const found = /^acknowledged (.*)$/.exec(line)?.[1];
        if (found === undefined) return console.log(line);
        acknowledged.push(found);
        // Some milliseconds later, so that it hits any step of what comes next.
        if (acknowledged.length === wanted) setTimeout(() => writing.cutPower(), Math.random() * 500);
        return undefined;
      },
    });
    await writing.off;
    console.log(`power cut ${cut} on ${fileSystem} after ${acknowledged.length} acknowledgements`);
    writeFileSync(acknowledgedDisk, `${acknowledged.join("\n")}\n`.padEnd(1 << 20, "\0"));
    let checked = 0;
    await boot(machine, repoDisk, {
      task: `power-cut-check-${fileSystem}`,
      disks: [dataDisk, acknowledgedDisk],
      timeoutMinutes: 20,
      onLine: (line) => {
        const verdict = /^(kept|LOST) /.exec(line)?.[1];
        if (verdict === "kept") passed += 1;
        else console.log(line);
        if (verdict === "LOST") failed += 1;
        if (verdict !== undefined) checked += 1;
      },
    }).off;
    if (acknowledged.length < wanted || checked < acknowledged.length) {
      console.log(`FAIL: ${checked} of ${acknowledged.length} were looked for, ${wanted} were wanted`);
      failed += 1;
    }
  }
  return { passed, failed };
}
