// A real dockerd for a test, in folders and a network namespace of its own: to check that what the tests expect of
// Sampan is what Docker does. It comes from the distribution (Debian: docker.io) and is never needed by `npm test`.
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "./command.ts";
import { clientsOf, removeAllContainers, untilReady, type Engine } from "./engine.ts";

export type DockerdOptions = { readonly flags?: readonly string[]; readonly folder?: string };

export async function startDockerd({
  flags = [],
  folder = mkdtempSync(join(tmpdir(), "dockerd-test-")),
}: DockerdOptions = {}): Promise<Engine & { pid: number }> {
  const socket = join(folder, "docker.sock");
  const logFile = join(folder, "dockerd.log");
  const log = openSync(logFile, "a");
  const dockerd = [
    "dockerd",
    "-H",
    `unix://${socket}`,
    "--data-root",
    join(folder, "root"),
    "--exec-root",
    join(folder, "run"),
    "--pidfile",
    join(folder, "docker.pid"),
    ...flags,
  ];
  // A network namespace of its own: its bridge and rules are its own affair, and go with it.
  const child = Bun.spawn(
    ["unshare", "--net", "sh", "-c", 'ip link set lo up; exec "$@"', "sh", ...dockerd],
    {
      env: { ...process.env, PATH: `${process.env["PATH"]}:/usr/sbin:/sbin` },
      stdio: ["ignore", log, log],
    },
  );
  closeSync(log);
  const alive = (): boolean => child.exitCode === null && child.signalCode === null;
  await untilReady(socket, alive).catch((err: unknown) => {
    throw new Error(`${String(err)}\n${readFileSync(logFile, "utf8")}`);
  });
  const clients = clientsOf(socket, folder);
  return {
    kind: "dockerd",
    ...clients,
    pid: child.pid,
    onHost: (...words) => run(["nsenter", `--net=/proc/${child.pid}/ns/net`, ...words]),
    stop: async () => {
      await removeAllContainers(clients);
      child.kill("SIGTERM");
      await child.exited;
      // It may leave namespaces of containers mounted in its exec root.
      await run(["sh", "-c", `grep -o "${folder}/[^ ]*" /proc/self/mounts | sort -r | xargs -r umount -l`]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
