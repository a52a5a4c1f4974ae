// The network modes bridge, none, host and container:.
import { describe, expect, test } from "bun:test";
import { readlinkSync } from "node:fs";
import { engineForTests } from "../harness/for-tests.ts";
import { testImage as image } from "../harness/images.ts";

const engine = await engineForTests();
const { ok } = engine;
const shell = (script: string, ...flags: string[]) => ok("run", "--rm", ...flags, image, "sh", "-c", script);
const sleeper = (...flags: string[]) => ok("run", "-d", ...flags, image, "sleep", "1000");
const network = (id: string, field: string) =>
  ok("inspect", "--format", `{{.NetworkSettings.Networks.bridge.${field}}}`, id);

describe("bridge", () => {
  test("gives eth0 the address, prefix and gateway that inspect shows", async () => {
    const id = await sleeper();
    const [address, prefix, gateway] = [
      await network(id, "IPAddress"),
      await network(id, "IPPrefixLen"),
      await network(id, "Gateway"),
    ];
    expect(await ok("exec", id, "ip", "-4", "-o", "addr", "show", "eth0")).toContain(
      `inet ${address}/${prefix} `,
    );
    expect(await ok("exec", id, "ip", "route", "show", "default")).toContain(`via ${gateway} dev eth0`);
    expect(await ok("exec", id, "cat", "/sys/class/net/eth0/address")).toBe(await network(id, "MacAddress"));
    await ok("rm", "-f", id);
  });

  test("the gateway answers a ping, and so does another container", async () => {
    const id = await sleeper();
    const [address, gateway] = [await network(id, "IPAddress"), await network(id, "Gateway")];
    expect(
      await shell(
        `ping -c 1 -W 5 ${gateway} >/dev/null && ping -c 1 -W 5 ${address} >/dev/null && echo both`,
      ),
    ).toBe("both");
    await ok("rm", "-f", id);
  });

  test("data flows between two containers by TCP", async () => {
    const serve = "head -c 3000000 /dev/zero > /tmp/data; httpd -f -p 4000 -h /tmp";
    const id = await ok("run", "-d", image, "sh", "-c", serve);
    const url = `http://${await network(id, "IPAddress")}:4000/data`;
    const fetched = `for i in 1 2 3 4 5 6 7 8 9; do wget -q -O /got ${url} && break; sleep 0.2; done; wc -c </got`;
    expect(await shell(fetched)).toBe("3000000");
    await ok("rm", "-f", id);
  });

  test("addresses are not given twice", async () => {
    const ids = await Promise.all(Array.from({ length: 8 }, () => sleeper()));
    const addresses = await Promise.all(ids.map((id) => network(id, "IPAddress")));
    expect(new Set(addresses).size).toBe(8);
    await ok("rm", "-f", ...ids);
  });

  test("loopback is up, /etc/hosts has the container's own name", async () => {
    expect(await shell("ping -c 1 -W 5 127.0.0.1 >/dev/null && echo up")).toBe("up");
    const text = await shell("cat /etc/hosts; ip -4 -o addr show eth0", "-h", "ship");
    const address = /inet ([0-9.]+)\//.exec(text)?.[1] ?? "no address";
    expect(text).toMatch(new RegExp(`^${address.replaceAll(".", "\\.")}\\s+ship$`, "m"));
    expect(text).toMatch(/^127\.0\.0\.1\s+localhost$/m);
  });

  // The client asks for an address per network, which API versions of Docker 20.10 do not have.
  test.if(engine.kind === "sampan")("--mac-address is the interface's", async () => {
    expect(await shell("cat /sys/class/net/eth0/address", "--mac-address", "02:aa:bb:cc:dd:ee")).toBe(
      "02:aa:bb:cc:dd:ee",
    );
  });

  test("after a stop the interface is gone, after a start it works again", async () => {
    const id = await sleeper();
    await ok("stop", "-t", "0", id);
    expect(await network(id, "IPAddress")).toMatch(/^(invalid IP)?$/);
    await ok("start", id);
    expect(await ok("exec", id, "ip", "-4", "-o", "addr", "show", "eth0")).toContain(
      await network(id, "IPAddress"),
    );
    await ok("rm", "-f", id);
  });
});

describe("the other modes", () => {
  test("none has loopback only", async () => {
    expect(
      await shell("ls /sys/class/net; ping -c 1 -W 5 127.0.0.1 >/dev/null && echo up", "--network", "none"),
    ).toMatch(/^(\S*tunl0|\S*sit0|\s)*lo(\S*tunl0|\S*sit0|\s)*up$/);
  });

  test("host is the engine's own namespace", async () => {
    const found = await shell("readlink /proc/self/ns/net; hostname", "--network", "host");
    // The real dockerd of the tests lives in a namespace of its own.
    if (engine.kind === "sampan") expect(found.split("\n")[0]).toBe(readlinkSync("/proc/self/ns/net"));
    else expect(found).toStartWith("net:[");
  });

  test("container: shares the other's interfaces and names", async () => {
    const id = await sleeper("-h", "flagship");
    const text = await shell(
      "hostname; ip -4 -o addr show eth0; cat /etc/hosts",
      "--network",
      `container:${id}`,
    );
    expect(text).toStartWith("flagship\n");
    expect(text).toContain(await network(id, "IPAddress"));
    await ok("rm", "-f", id);
  });

  test("container: of one that does not run is refused", async () => {
    const id = await ok("create", image);
    const { exitCode, stderr } = await engine.docker(
      "run",
      "--rm",
      "--network",
      `container:${id}`,
      image,
      "true",
    );
    expect(exitCode).toBe(125);
    expect(stderr).toMatch(/cannot join network of a non running container|is not running/);
    await ok("rm", id);
  });

  test("conflicting modes are refused in Docker's words", async () => {
    const { stderr } = await engine.docker(
      "run",
      "--rm",
      "--network",
      "container:x",
      "-h",
      "name",
      image,
      "true",
    );
    expect(stderr).toContain("conflicting options: hostname and the network mode");
  });
});
