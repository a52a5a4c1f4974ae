import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { realHost } from "../base/host.ts";
import { KeyedLock } from "../base/keyed-lock.ts";
import { silentLog } from "../base/log.ts";
import { ociDriver } from "../runtime/drivers/oci-driver.ts";
import { mkfifo } from "../sys/fifo.ts";
import type { MonitorLink } from "./monitor-link.ts";
import { endWaiting, Standby } from "./standby.ts";

const driver = ociDriver({
  name: "crun",
  kind: "crun",
  path: "/usr/bin/crun",
  version: "1",
  stateFolder: "/nowhere",
});
const locks = new KeyedLock();
let execRoot: string;
let calls: string[];
let canPrepare: boolean;
let fails: boolean;
let takesMs: number;
let standby: Standby;

beforeEach(() => {
  execRoot = mkdtempSync(join(tmpdir(), "sampan-standby-"));
  calls = [];
  canPrepare = true;
  fails = false;
  takesMs = 0;
  const monitor = {
    prepare: async ({ id, dir }: { readonly id: string; readonly dir: string }) => {
      calls.push(`prepare ${id}`);
      if (takesMs > 0) await Bun.sleep(takesMs);
      if (fails) throw new Error("no");
      if (canPrepare) mkdirSync(dir, { recursive: true });
      return canPrepare;
    },
    dismiss: async () => void calls.push("dismiss"),
  } as unknown as MonitorLink;
  standby = new Standby({ host: realHost(silentLog), execRoot, monitor, locks, driver });
});

afterEach(async () => {
  await standby.close();
  rmSync(execRoot, { recursive: true });
});

async function prepared(): Promise<string> {
  standby.renew();
  while (calls.length === 0) await Bun.sleep(1);
  await Bun.sleep(0);
  return calls[0]?.split(" ")[1] ?? "";
}

const folderOf = (id: string): string => join(execRoot, "tasks", id);

test("its id goes to one container, of the shape that it was made for", async () => {
  const id = await prepared();
  expect(standby.claim({ Tty: true })).toBeUndefined();
  expect(standby.claim({ OpenStdin: true })).toBeUndefined();
  expect(standby.claim({ HostConfig: { Runtime: "runc" } })).toBeUndefined();
  expect(standby.claim({ HostConfig: { Runtime: "crun" } })).toBe(id);
  expect(standby.claim({})).toBeUndefined();
  standby.giveBack(id);
  expect(standby.claim({})).toBe(id);
});

test("it is not taken back in the middle of a start, which works in its folder", async () => {
  const id = await prepared();
  standby.claim({});
  const start = Promise.withResolvers<void>();
  const starting = locks.run(id, () => start.promise);
  const closing = standby.close();
  await Bun.sleep(20);
  expect(existsSync(folderOf(id))).toBe(true);
  expect(calls).not.toContain("dismiss");
  start.resolve();
  await Promise.all([starting, closing]);
  expect(existsSync(folderOf(id))).toBe(false);
  expect(calls).toContain("dismiss");
});

test("after its start the folder is the container's", async () => {
  const id = await prepared();
  standby.claim({});
  standby.used(id);
  await standby.close();
  expect(calls).toEqual([`prepare ${id}`]);
  expect(existsSync(folderOf(id))).toBe(true);
});

test("after a preparation that failed the next start tries again", async () => {
  fails = true;
  await prepared();
  expect(standby.claim({})).toBeUndefined();
  expect(existsSync(join(execRoot, "tasks"))).toBe(false);
  fails = false;
  standby.used("another");
  while (calls.length < 2) await Bun.sleep(1);
  await Bun.sleep(0);
  expect(standby.claim({})).toBe(calls[1]?.split(" ")[1] ?? "");
});

test("a close waits for the one that is being prepared, and takes it away", async () => {
  await prepared();
  standby.used(calls[0]?.split(" ")[1] ?? "");
  takesMs = 30;
  while (calls.length < 2) await Bun.sleep(1);
  await standby.close();
  expect(calls.at(-1)).toBe("dismiss");
  expect(readdirSync(join(execRoot, "tasks"))).toHaveLength(1); // the started container's
});

test("where the monitor cannot have one, there is none, and no folder", async () => {
  canPrepare = false;
  await prepared();
  expect(standby.claim({})).toBeUndefined();
  standby.used("another");
  await Bun.sleep(10);
  expect(calls).toHaveLength(1);
  expect(existsSync(join(execRoot, "tasks"))).toBe(false);
});

test("a runtime that waits for somebody to write its config.json comes to an end", async () => {
  const path = join(execRoot, "config.json");
  mkfifo(path, 0o600);
  const reader = Bun.spawn(["cat", path], { stdout: "pipe" });
  await Bun.sleep(50);
  expect(reader.exitCode).toBeNull();
  endWaiting(path);
  expect(await reader.exited).toBe(0);
  endWaiting(path);
});
