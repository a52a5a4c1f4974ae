// The short way from the host to published ports. There are no rules of a firewall here: what arrives has come by it.
import { writeFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { instanceOf } from "../../src/base/instance.ts";
import { silentLog } from "../../src/base/log.ts";
import { ConnectShortcut } from "../../src/networks/connect-shortcut.ts";
import type { PortMapping } from "../../src/networks/port-mapping.ts";
import { O_DIRECTORY, O_RDONLY, openFile } from "../../src/sys/file.ts";
import { createNetns, removeNetns } from "../../src/sys/namespace.ts";
import { eventually, output } from "../harness/command.ts";
import { enterFreshNetwork } from "./fresh-network.ts";
import { look } from "./other-eyes.ts";

const instance = instanceOf("/run/test-of-connect-shortcut");
const otherNetns = `/run/netns-connect-shortcut-${process.pid}`;
const said: string[] = [];
const log = {
  ...silentLog,
  info: (text: string, fields?: object) => said.push(`${text} ${JSON.stringify(fields)}`),
  warn: (text: string, fields?: object) => said.push(`${text} ${JSON.stringify(fields)}`),
};
const container = "127.0.0.2";
const mapping = (hostPort: number, containerPort: number, more: Partial<PortMapping> = {}): PortMapping => ({
  protocol: "tcp",
  hostIp: "0.0.0.0",
  hostPort,
  containerIp: container,
  containerPort,
  count: 1,
  ...more,
});

/** What a program of the host sees: `peer` and `self` of a connection, or why there is none. */
async function python(...lines: string[]): Promise<string> {
  const program = [
    "import socket, os",
    "def show(s): print(*s.getpeername(), *s.getsockname()[:1])",
    ...lines,
  ];
  return (await output(["python3", "-c", program.join("\n")])).trim();
}
const connecting = (port: number, address = "127.0.0.1"): string[] => [
  "try:",
  `  s = socket.create_connection(("${address}", ${port}), timeout=5)`,
  "  show(s)",
  "except OSError as e: print(e.strerror)",
];

let leave = (): void => {};
let stop = (): void => {};
let shortcut: ConnectShortcut;
const open = () => new ConnectShortcut({ log, instance });

beforeAll(() => {
  look("true");
  leave = enterFreshNetwork();
  look("ip", "link", "set", "lo", "up");
  const servers = [81, 82].map((port) =>
    Bun.listen({
      hostname: container,
      port,
      socket: { open: (socket) => void socket.write(`${port}`), data: () => {} },
    }),
  );
  stop = () => servers.forEach((server) => server.stop(true));
});

afterEach(() => {
  shortcut.close();
  expect(said.splice(0)).toEqual([]);
});

afterAll(() => {
  stop();
  leave();
  removeNetns(otherNetns);
});

describe("a connection to 127.0.0.1", () => {
  test("goes to the container, and whoever made it sees the address that he asked for", async () => {
    shortcut = open();
    shortcut.lead("one", [mapping(8081, 81), mapping(8082, 82, { hostIp: "127.0.0.1" })]);
    expect(await python(...connecting(8081), "print(s.recv(9))")).toBe("127.0.0.1 8081 127.0.0.1\nb'81'");
    expect(await python(...connecting(8082), "print(s.recv(9))")).toBe("127.0.0.1 8082 127.0.0.1\nb'82'");
    // What the kernel itself says of it.
    const seen = await python(...connecting(8081), "os.system('ss -Htn state established')");
    expect(seen).toContain("127.0.0.2:81");
    expect(seen).not.toContain("127.0.0.1:8081");
  });

  test("of a run of ports each goes to its own", async () => {
    shortcut = open();
    shortcut.lead("one", [mapping(9000, 80, { count: 1000 })]);
    expect(await python(...connecting(9001), "print(s.recv(9))")).toBe("127.0.0.1 9001 127.0.0.1\nb'81'");
    expect(await python(...connecting(9002), "print(s.recv(9))")).toBe("127.0.0.1 9002 127.0.0.1\nb'82'");
    expect(await python(...connecting(9003))).toBe("Connection refused");
  });

  test("is refused when the port is given back, or nobody holds the program any more", async () => {
    shortcut = open();
    shortcut.lead("one", [mapping(8081, 81)]);
    shortcut.lead("two", [mapping(8082, 82)]);
    shortcut.forget("one");
    shortcut.forget("one");
    expect(await python(...connecting(8081))).toBe("Connection refused");
    expect(await python(...connecting(8082))).toContain("8082");
    shortcut.close();
    expect(await python(...connecting(8082))).toBe("Connection refused");
  });

  test("may be the second one of a socket", async () => {
    shortcut = open();
    shortcut.lead("one", [mapping(8081, 81), mapping(8082, 82)]);
    const seen = await python(
      "import ctypes",
      "libc = ctypes.CDLL(None)",
      "s = socket.socket()",
      "for port in (8081, 8082):",
      "  s.connect(('127.0.0.1', port)); show(s)",
      "  assert libc.connect(s.fileno(), bytes(16), 16) == 0",
    );
    expect(seen).toBe("127.0.0.1 8081 127.0.0.1\n127.0.0.1 8082 127.0.0.1");
  });
});

describe("a connection to another address of the host", () => {
  const [address, other] = ["192.0.2.7", "192.0.2.8"];
  beforeAll(() => {
    look("ip", "link", "add", "eth9", "type", "veth", "peer", "name", "eth8");
    for (const link of ["eth8", "eth9"]) look("ip", "link", "set", link, "up");
    look("ip", "address", "add", `${address}/24`, "dev", "eth9");
  });
  afterAll(() => look("ip", "link", "delete", "eth9"));

  test("comes to the container from that address", async () => {
    shortcut = open();
    shortcut.lead("one", [mapping(8081, 81), mapping(8082, 82, { hostIp: address })]);
    const seen = `${address} 8081 ${address}\nb'81'`;
    expect(await python(...connecting(8081, address), "print(s.recv(9))")).toBe(seen);
    expect(await python(...connecting(8082, address))).toContain(`${address} 8082`);
    const sockets = await python(...connecting(8081, address), "os.system('ss -Htn state established')");
    expect(sockets).toMatch(/192\.0\.2\.7:\d+\s+127\.0\.0\.2:81/);
  });

  test("only where the port is published on it", async () => {
    shortcut = open();
    shortcut.lead("one", [
      mapping(8081, 81, { hostIp: "127.0.0.1" }),
      mapping(8082, 82, { hostIp: other }),
      mapping(8083, 81, { hostIp: address }),
    ]);
    expect(await python(...connecting(8081, address))).toBe("Connection refused");
    expect(await python(...connecting(8082, address))).toBe("Connection refused");
    expect(await python(...connecting(8083))).toBe("Connection refused");
    expect(await python(...connecting(8083, address))).toContain(`${address} 8083`);
  });

  test("not where somebody else has it: not of one that is of the same network, or has just gone", async () => {
    shortcut = open();
    shortcut.lead("one", [mapping(8081, 81)]);
    const elsewhere = "print(s.getsockname()) if s.connect_ex(('192.0.2.8', 8081)) == 0 else print('none')";
    const trying = ["s = socket.socket()", "s.settimeout(0.2)", elsewhere];
    expect(await python(...trying)).toBe("none");
    look("ip", "address", "add", `${other}/24`, "dev", "eth9");
    const led = `${other} 8081 ${other}`;
    await eventually(
      async () => (await python(...connecting(8081, other))) === led,
      () => "a new address",
    );
    look("ip", "address", "delete", `${other}/24`, "dev", "eth9");
    // At once: before the shortcut has heard of it.
    expect(await python(...trying)).toBe("none");
    writeFileSync("/proc/sys/net/ipv4/ip_nonlocal_bind", "1");
    await eventually(
      async () => (await python(...trying)) === "none",
      () => "an address that has gone",
    );
  });

  test("a socket that could not be connected may be connected to something else", async () => {
    shortcut = open();
    shortcut.lead("one", [mapping(8081, 81), mapping(8099, 99)]);
    const seen = await python(
      "s = socket.socket()",
      `print(s.connect_ex(("${address}", 8099)))`,
      `print(s.connect_ex(("${container}", 82)), s.getsockname()[0])`,
      "show(s)",
    );
    expect(seen).toBe(`111\n0 ${address}\n${container} 82 ${address}`);
  });
});

describe("not led are", () => {
  test("other addresses, UDP, and what is published on another address or by another protocol", async () => {
    shortcut = open();
    shortcut.lead("one", [
      mapping(8081, 81),
      mapping(8082, 82, { protocol: "udp" }),
      mapping(8083, 82, { hostIp: "127.0.0.3" }),
      mapping(8084, 82, { hostIp: "::" }),
      mapping(8085, 82, { containerIp: "fd00::2" }),
    ]);
    for (const port of [8082, 8083, 8084, 8085])
      expect(await python(...connecting(port))).toBe("Connection refused");
    expect(await python("s = socket.socket()", "print(s.connect_ex(('127.0.0.3', 8081)))")).toBe("111");
    const udp = await python(
      "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
      "s.connect(('127.0.0.1', 8081))",
      "os.system('ss -Hun')",
    );
    expect(udp).toContain("127.0.0.1:8081");
  });

  test("sockets that are bound to an address or an interface: the firewall's rules lead these", async () => {
    shortcut = open();
    shortcut.lead("one", [mapping(8081, 81)]);
    const refused = "print(s.connect_ex(('127.0.0.1', 8081)))";
    expect(await python("s = socket.socket()", "s.bind(('127.0.0.1', 0))", refused)).toBe("111");
    expect(await python("s = socket.socket()", "s.setsockopt(socket.SOL_SOCKET, 25, b'lo')", refused)).toBe(
      "111",
    );
    expect(await python("s = socket.socket()", "s.bind(('0.0.0.0', 0))", refused)).toBe("0");
  });

  test("programs in other networks", async () => {
    shortcut = open();
    shortcut.lead("one", [mapping(8081, 81)]);
    createNetns(otherNetns);
    look("nsenter", `--net=${otherNetns}`, "ip", "link", "set", "lo", "up");
    const program = `import socket; print(socket.socket().connect_ex(("127.0.0.1", 8081)))`;
    const seen = await output(["nsenter", `--net=${otherNetns}`, "python3", "-c", program]);
    expect(seen.trim()).toBe("111");
  });
});

test("where cgroup2 is not in use it is not there, and nobody misses it", async () => {
  shortcut = new ConnectShortcut({ log, instance, openCgroups: () => undefined });
  shortcut.lead("one", [mapping(8081, 81)]);
  expect(await python(...connecting(8081))).toBe("Connection refused");
  shortcut.forget("one");
});

test("a kernel that refuses is asked once, and that is said once", async () => {
  shortcut = new ConnectShortcut({
    log,
    instance,
    openCgroups: () => openFile("/proc", O_RDONLY | O_DIRECTORY),
  });
  shortcut.lead("one", [mapping(8081, 81)]);
  shortcut.lead("two", [mapping(8082, 82)]);
  expect(await python(...connecting(8081))).toBe("Connection refused");
  expect(said.splice(0)).toEqual([expect.stringContaining("bpf(LINK_CREATE)")]);
});

test("two daemons of one network are not in each other's way", async () => {
  const other = open();
  shortcut = open();
  try {
    shortcut.lead("one", [mapping(8081, 81)]);
    other.lead("two", [mapping(8082, 82)]);
    expect(await python(...connecting(8081))).toContain("8081");
    expect(await python(...connecting(8082))).toContain("8082");
  } finally {
    other.close();
  }
  expect(await python(...connecting(8081))).toContain("8081");
});
