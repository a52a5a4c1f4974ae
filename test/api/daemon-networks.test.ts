// What a daemon is told of its networks, by flags and by daemon.json, in dockerd's words.
import { describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../harness/command.ts";
import { startDaemon, type Daemon } from "../harness/daemon.ts";
import { sampanExecutable } from "../harness/executable.ts";
import { loadTestImage, testImage as image } from "../harness/images.ts";
import { daemonOwner, sweep } from "../harness/sweep.ts";

async function withDaemon(flags: readonly string[], work: (daemon: Daemon) => Promise<void>): Promise<void> {
  const daemon = await startDaemon({ flags });
  try {
    await loadTestImage(daemon);
    await work(daemon);
  } finally {
    await daemon.stop();
  }
}

const settingsOf = async ({ ok }: Daemon, container: string, network = "bridge") =>
  JSON.parse(
    await ok("inspect", "--format", `{{json (index .NetworkSettings.Networks "${network}")}}`, container),
  ) as { IPAddress: string; IPPrefixLen: number; Gateway: string };
const rangesOf = async ({ ok }: Daemon, network: string) =>
  JSON.parse(await ok("network", "inspect", "--format", "{{json .IPAM.Config}}", network)) as {
    Subnet: string;
  }[];

describe("by flags", () => {
  test("--bip, --fixed-cidr, --mtu, --icc and --default-address-pool", async () => {
    const flags = [
      ["--bip", "10.201.7.1/24", "--fixed-cidr", "10.201.7.64/30"],
      ["--mtu", "1280", "--icc=false"],
      ["--default-address-pool", "base=10.202.0.0/16,size=26"],
    ].flat();
    await withDaemon(flags, async (daemon) => {
      const { ok, docker } = daemon;
      const sleeping = () => ok("run", "-d", image, "sleep", "1000");
      const first = await sleeping();
      const settings = await settingsOf(daemon, first);
      expect(settings).toMatchObject({ IPPrefixLen: 24, Gateway: "10.201.7.1" });
      expect(settings.IPAddress).toMatch(/^10\.201\.7\.6[4-7]$/);
      expect(await ok("exec", first, "cat", "/sys/class/net/eth0/mtu")).toBe("1280");
      // The range holds four addresses, and no container gets one beside it.
      await Promise.all([sleeping(), sleeping(), sleeping()]);
      const fifth = await docker("run", "--rm", image, "true");
      expect(fifth.exitCode).toBe(125);
      expect(fifth.stderr).toContain(
        "no available IPv4 addresses on this network's address pools: 10.201.7.0/24",
      );
      // Without ICC a neighbour is not there, but by his published port.
      const other = (await ok("ps", "-q")).split("\n").find((id) => !first.startsWith(id)) ?? "";
      const ping = await docker("exec", other, "ping", "-c1", "-W1", settings.IPAddress);
      expect(ping.stdout).toContain("100% packet loss");
      expect(await ok("exec", other, "ping", "-c1", "-W2", "10.201.7.1")).toContain(" 0% packet loss");
      await ok("network", "create", "one");
      await ok("network", "create", "two");
      expect(await Promise.all(["one", "two"].map((name) => rangesOf(daemon, name)))).toEqual([
        [expect.objectContaining({ Subnet: "10.202.0.0/26" })],
        [expect.objectContaining({ Subnet: "10.202.0.64/26" })],
      ]);
    });
  });

  test("--ip and --published-port-range", async () => {
    await withDaemon(
      ["--ip", "127.0.0.1", "--published-port-range", "50500-50501"],
      async ({ ok, docker }) => {
        const publishing = ["run", "-d", "-p", "80", image, "sleep", "1000"];
        const ids = [await ok(...publishing), await ok(...publishing)];
        const ports = await Promise.all(ids.map((id) => ok("port", id, "80")));
        expect(ports.toSorted()).toEqual(["127.0.0.1:50500", "127.0.0.1:50501"]);
        const third = await docker(...publishing);
        expect(third.exitCode).toBe(125);
        expect(third.stderr).toContain("all ports are allocated");
      },
    );
  });
});

test("by daemon.json: several pools one after the other, IPv6 on the default network, no masquerading", async () => {
  const folder = mkdtempSync(join(tmpdir(), "sampan-networks-"));
  const file = join(folder, "daemon.json");
  const settings = {
    "default-address-pools": [
      { base: "10.203.0.0/30", size: 30 },
      { base: "10.203.8.0/22", size: 24 },
    ],
    bip: "10.204.0.1/24",
    ipv6: true,
    "fixed-cidr-v6": "fd00:204::/64",
    "ip-masq": false,
  };
  writeFileSync(file, JSON.stringify(settings));
  try {
    await withDaemon(["--config-file", file], async (daemon) => {
      const { ok, onHost } = daemon;
      for (const name of ["one", "two", "three"]) await ok("network", "create", name);
      const ranges = await Promise.all(["one", "two", "three"].map((name) => rangesOf(daemon, name)));
      expect(ranges.flat().map(({ Subnet }) => Subnet)).toEqual([
        "10.203.0.0/30",
        "10.203.8.0/24",
        "10.203.9.0/24",
      ]);
      const addresses = await ok("run", "--rm", image, "ip", "-o", "addr", "show", "eth0");
      expect(addresses).toMatch(/inet 10\.204\.0\.\d+\/24/);
      expect(addresses).toMatch(/inet6 fd00:204::/);
      const rules = (await onHost("iptables-save", "-t", "nat")).stdout.split("\n");
      expect(rules.filter((rule) => rule.includes("-s 10.204.0.0/24 ! -o"))).toEqual([]);
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("what makes no sense is said: the daemon ends, and nothing of it is there", async () => {
  const folder = mkdtempSync(join(tmpdir(), "sampan-networks-"));
  const [root, execRoot] = [join(folder, "root"), join(folder, "run")];
  const own = ["--data-root", root, "--exec-root", execRoot, "-H", `unix://${folder}/s`, "--rcli=off"];
  for (const [flags, words] of [
    [["--bip", "10.205.0.1/24", "--fixed-cidr", "10.206.0.0/30"], "fixed-cidr"],
    [["--default-address-pool", "base=10.0.0.0/24,size=8"], "cannot have size 8"],
    [["--bridge", "nowhere0"], "nowhere0"],
    [["--bip", "127.0.0.1/8"], "invalid bridge address 127.0.0.1/8"],
    [["--bip", "10.205.0.255/24"], "invalid bridge address 10.205.0.255/24"],
    [["--bip", "224.0.0.1/24"], "invalid bridge address 224.0.0.1/24"],
    [["--mtu", "many"], "many"],
    [["--ip", "somewhere"], "not an IP address"],
    [["--published-port-range", "9-1"], "9-1"],
  ] as const) {
    const ended = await run([sampanExecutable(), "daemon", ...own, ...flags], { timeoutMs: 10_000 });
    expect(ended).toMatchObject({ exitCode: 1, stderr: expect.stringContaining(words) });
    expect(await sweep(daemonOwner(folder, execRoot))).toEqual([]);
    expect(existsSync(join(execRoot, "sampan.pid"))).toBe(false);
  }
  rmSync(folder, { recursive: true });
});
