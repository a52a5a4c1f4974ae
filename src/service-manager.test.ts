import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { serviceManager } from "./service-manager.ts";

const folder = mkdtempSync("/tmp/sampan-notify-");
afterAll(() => rmSync(folder, { recursive: true }));

/** Another's eyes: a listener of datagrams in Perl, which prints the first one that it gets. */
async function heardAt(address: string, send: () => void): Promise<string> {
  const program = `
    use Socket;
    my $name = $ARGV[0]; $name =~ s/^@/\\0/;
    socket(my $socket, AF_UNIX, SOCK_DGRAM, 0) or die $!;
    bind($socket, pack_sockaddr_un($name)) or die $!;
    $| = 1; print "bound\\n"; recv($socket, my $got, 100, 0); print $got;`;
  const child = Bun.spawn(["perl", "-e", program, address], { stdout: "pipe", stderr: "inherit" });
  const chunks = child.stdout[Symbol.asyncIterator]();
  await chunks.next();
  send();
  const { value } = await chunks.next();
  await child.exited;
  return Buffer.from(value ?? []).toString();
}

test.each([`${folder}/notify`, `@${folder}/abstract`])(
  "ready: said to the manager at %p",
  async (address) => {
    const manager = serviceManager({ NOTIFY_SOCKET: address });
    expect(await heardAt(address, () => manager.ready())).toBe("READY=1");
  },
);

test("serviceManager: takes its address out of the environment, and is nothing without one", () => {
  const env = { NOTIFY_SOCKET: "/nowhere", PATH: "/bin" };
  serviceManager(env);
  expect(env as object).toEqual({ PATH: "/bin" });
  serviceManager({}).ready();
});
