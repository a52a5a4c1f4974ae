// `bun run test:packages`: host/debian, made of packages that come over the network, by each of the programs that can.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { startDaemon, type Daemon } from "../harness/daemon.ts";
import { eventually } from "../harness/command.ts";

/** Becomes a daemon that finds no `program`; for all others it is there. */
const without = (program: string): string[] => [
  "unshare",
  "--mount",
  "sh",
  "-c",
  `mount -t tmpfs none /mnt && mkdir /mnt/up /mnt/work &&
  mount -t overlay -o lowerdir=/usr/bin,upperdir=/mnt/up,workdir=/mnt/work none /usr/bin && rm /usr/bin/${program} &&
  umount -l /mnt && exec "$@"`,
  "sh",
];

describe.each([
  ["mmdebstrap", []],
  ["debootstrap", without("mmdebstrap")],
])("host/debian by %s", (maker, under) => {
  let daemon: Daemon;
  beforeAll(async () => {
    daemon = await startDaemon({ under });
    const made = await daemon.sampan("run", "--rm", "host/debian", "cat", "/etc/debian_version");
    expect(made).toEqual({
      exitCode: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\n$/) as string,
      stderr: "",
    });
  }, 600_000);
  afterAll(() => daemon.stop());

  test("says what it was made of, and that is what is in it", async () => {
    const labels = JSON.parse(
      await daemon.ok("image", "inspect", "-f", "{{json .Config.Labels}}", "host/debian"),
    ) as Record<string, string>;
    expect(labels["sampan.host.made-by"]).toStartWith(`${maker} `);
    const format = "${Package}=${Version}\\n";
    const inside = await daemon.ok("run", "--rm", "host/debian", "dpkg-query", "-W", "-f", format);
    expect(labels["sampan.host.packages"]?.split(" ")).toEqual(inside.split("\n").toSorted());
  });

  test("has nothing of this machine in it, nor caches", () => {
    const names = [
      "etc/hostname",
      "etc/resolv.conf",
      "var/cache/apt/archives/*.deb",
      "var/lib/apt/lists/*_*",
    ];
    const graph = join(daemon.root, "graph");
    const layer = readdirSync(graph).find((name) => /^[0-9a-f]{64}$/.test(name));
    const root = join(graph, layer ?? "none", "diff");
    const found = names.flatMap((name) => Array.from(new Bun.Glob(name).scanSync(root)));
    expect(found).toEqual([]);
  });

  test("leaves nothing of its making behind", async () => {
    const making = join(daemon.root, "graph/:tmp:");
    await eventually(
      () => readdirSync(making).length === 0,
      () => `no folder in ${making}`,
    );
    expect(readFileSync("/proc/self/mounts", "utf8")).not.toContain(making);
  });

  test("installs packages", async () => {
    const commands =
      "apt-get update -qq && apt-get install -y -qq --no-install-recommends hello >/dev/null 2>&1 && hello";
    expect(await daemon.ok("run", "--rm", "host/debian", "sh", "-c", commands)).toBe("Hello, world!");
  }, 120_000);
});
