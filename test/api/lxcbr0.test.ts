// An LXC bridge as Debian's lxc-net makes it, dnsmasq beside it, and our daemon on it: all of it in a network namespace and a
// mount namespace of the test's own, so that nothing of the machine's network is touched.
import { afterAll, expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually, output, run, slowness } from "../harness/command.ts";
import { startDaemon } from "../harness/daemon.ts";
import { loadTestImage, testImage as image } from "../harness/images.ts";

const lxcNet = ["/usr/libexec/lxc/lxc-net", "/usr/lib/x86_64-linux-gnu/lxc/lxc-net"].find(existsSync);
if (lxcNet === undefined) throw new Error("no lxc-net on this machine: install lxc");

const folder = mkdtempSync(join(tmpdir(), "sampan-lxcbr0-"));
const settings = join(folder, "lxc-net");
writeFileSync(settings, 'USE_LXC_BRIDGE="true"\nLXC_DHCP_RANGE="10.0.3.2,10.0.3.254"\n');
const script = `
  set -e
  ip link set lo up
  mount -t tmpfs none /run/lxc 2>/dev/null || { mkdir -p /run/lxc; mount -t tmpfs none /run/lxc; }
  mkdir -p /var/lib/misc; mount -t tmpfs none /var/lib/misc
  mount --bind ${settings} /etc/default/lxc-net
  lxc_net() { unshare --mount sh -c "mount -t sysfs none /sys && ${lxcNet} $1" >&2; } # it looks at this network's devices
  lxc_net start
  echo ready
  read line
  lxc_net stop`;
const world = Bun.spawn(["unshare", "--net", "--mount", "--propagation", "slave", "sh", "-c", script], {
  stdin: "pipe",
  stdout: "pipe",
  stderr: "pipe",
});
const first = await world.stdout.getReader().read();
if (new TextDecoder().decode(first.value) !== "ready\n")
  throw new Error(await new Response(world.stderr).text());

const inWorld = ["nsenter", "--target", String(world.pid), "--net", "--mount"];
const onHost = (...command: string[]) => output([...inWorld, ...command]);
/** What lxc-net made. */
const theirs = () =>
  onHost(
    "sh",
    "-c",
    "ip -4 -br addr show lxcbr0; nft -s list table ip lxc; kill -0 $(cat /run/lxc/dnsmasq.pid) && cat /run/lxc/dnsmasq.pid",
  );
const start = (...flags: string[]) => startDaemon({ under: inWorld, flags: ["-b", "lxcbr0", ...flags] });

afterAll(async () => {
  await world.stdin.write("over\n");
  await world.stdin.end();
  await world.exited;
  rmSync(folder, { recursive: true, force: true });
});

test(
  "name, network and addresses come from the bridge; neighbours, the way out and a port work; lxc-net is left alone",
  async () => {
    const before = await theirs();
    const daemon = await start();
    const { ok } = daemon;
    try {
      await loadTestImage(daemon);
      const network = await ok(
        "network",
        "inspect",
        "-f",
        "{{json .IPAM.Config}} {{json .Options}}",
        "bridge",
      );
      expect(network).toContain('"Subnet":"10.0.3.0/24"');
      expect(network).toContain('"Gateway":"10.0.3.1"');
      expect(network).toContain('"com.docker.network.bridge.name":"lxcbr0"');
      await ok(
        "run",
        "-d",
        "--name",
        "web",
        "-p",
        "8080:80",
        image,
        "sh",
        "-c",
        "while :; do echo ahoy | nc -l -p 80; done",
      );
      expect(await ok("inspect", "-f", "{{.NetworkSettings.IPAddress}}", "web")).toMatch(/^10\.0\.3\.\d+$/);
      expect(await ok("exec", "web", "ip", "route")).toStartWith("default via 10.0.3.1 dev eth0");
      expect(await ok("exec", "web", "ping", "-c", "1", "-W", "2", "10.0.3.1")).toContain(
        "1 packets received",
      );
      await eventually(
        async () =>
          (await run([...inWorld, "busybox", "nc", "-w", "1", "127.0.0.1", "8080"], { input: "x" }))
            .stdout === "ahoy\n",
        () => "the published port",
      );
      // By LXC, on LXC's own bridge.
      expect(await ok("run", "--rm", "--runtime", "lxc", image, "ip", "route")).toStartWith(
        "default via 10.0.3.1 dev eth0",
      );
    } finally {
      await daemon.stop();
    }
    expect(await theirs()).toBe(before);
  },
  60_000 * slowness,
);

test(
  "an address that dnsmasq has leased is given to nobody; one that a container has is not leased",
  async () => {
    const leases = "/var/lib/misc/dnsmasq.lxcbr0.leases";
    const daemon = await start("--fixed-cidr", "10.0.3.128/25");
    const { ok } = daemon;
    try {
      await loadTestImage(daemon);
      const inTwoHours = Math.floor(Date.now() / 1000) + 7200;
      const lines = [129, 130, 131].map(
        (last) => `${inTwoHours} 00:16:3e:00:00:${last} 10.0.3.${last} old *`,
      );
      await onHost("sh", "-c", `printf '%s\\n' "$@" >${leases}`, "sh", ...lines);
      await ok("run", "-d", "--name", "web", image, "sleep", "1000");
      const address = await ok("inspect", "-f", "{{.NetworkSettings.IPAddress}}", "web");
      expect(address).toMatch(/^10\.0\.3\.(128|132)$/);
      await ok("run", "-d", "--name", "next", image, "sleep", "1000");
      const next = await ok("inspect", "-f", "{{.NetworkSettings.IPAddress}}", "next");
      expect(next).toMatch(/^10\.0\.3\.13[23]$/);
      // A DHCP client of the same bridge: dnsmasq gives it what nobody has.
      const client =
        "ip link add v0 type veth peer name v1 && ip link set v0 master lxcbr0 up && ip link set v1 up && busybox udhcpc -i v1 -n -q -f -s /bin/true 2>&1; ip link del v0";
      const told = await onHost("sh", "-c", client);
      const leased = /lease of (\S+) obtained/.exec(told)?.[1] ?? told;
      expect(leased).toMatch(/^10\.0\.3\.\d+$/);
      expect([address, next]).not.toContain(leased);
      await ok("rm", "-f", "web", "next");
    } finally {
      await daemon.stop();
    }
  },
  60_000 * slowness,
);
