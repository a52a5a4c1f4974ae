import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { lengthenListenQueues } from "./listen-queue.ts";

/** The queue's length as the kernel has it: column Send-Q of ss(8). */
function queueOf(path: string): number {
  const { stdout } = Bun.spawnSync(["ss", "-xlH", "src", path]);
  return Number(stdout.toString().trim().split(/\s+/)[3]);
}

test("lengthenListenQueues makes the queues as long as the kernel lets them be", async () => {
  const folder = mkdtempSync("/tmp/sampan-sys-queue-");
  const path = `${folder}/a.sock`;
  const server = createServer();
  await new Promise<void>((resolve) => server.listen({ path }, resolve));
  try {
    const longest = Number(await Bun.file("/proc/sys/net/core/somaxconn").text());
    lengthenListenQueues();
    expect(queueOf(path)).toBe(Math.min(4096, longest));
  } finally {
    server.close();
    rmSync(folder, { recursive: true });
  }
});
