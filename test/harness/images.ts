// Images for tests, made from this machine: a static busybox with its applets and a few users.
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { output } from "./command.ts";
import type { Engine } from "./engine.ts";

const passwd = `root:x:0:0:root:/root:/bin/sh
daemon:x:1:1:daemon:/:/bin/false
alice:x:1000:1000:Alice:/home/alice:/bin/sh
nobody:x:65534:65534:nobody:/:/bin/false
`;
const group = `root:x:0:
daemon:x:1:
tty:x:5:
staff:x:50:alice
boat:x:2000:alice
alice:x:1000:
nogroup:x:65534:
`;

/** The tar of a root file system of a few MB with every busybox applet in /bin. */
export async function busyboxTar(): Promise<Uint8Array> {
  const folder = mkdtempSync(join(tmpdir(), "sampan-busybox-"));
  try {
    for (const name of ["bin", "dev", "etc", "home/alice", "proc", "root", "sys", "tmp", "var"])
      mkdirSync(join(folder, "rootfs", name), { recursive: true });
    const rootfs = join(folder, "rootfs");
    const busybox = ["/bin/busybox", "/usr/bin/busybox", "/bin/busybox.static"].find(existsSync);
    if (busybox === undefined) throw new Error("no static busybox on this machine");
    copyFileSync(busybox, join(rootfs, "bin/busybox"));
    for (const applet of (await output([busybox, "--list"])).split("\n"))
      if (applet !== "busybox") symlinkSync("busybox", join(rootfs, "bin", applet));
    writeFileSync(join(rootfs, "etc/passwd"), passwd);
    writeFileSync(join(rootfs, "etc/group"), group);
    chmodSync(join(rootfs, "tmp"), 0o1777);
    const tar = join(folder, "busybox.tar");
    await output(["tar", "--numeric-owner", "--owner=0", "--group=0", "-cf", tar, "-C", rootfs, "."]);
    return readFileSync(tar);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The image that the API tests run, on any engine. */
export const testImage = "test/busybox:latest";

/** Imports it; its command is `sh`. */
export async function loadTestImage(engine: Pick<Engine, "dockerWith">): Promise<void> {
  const input = await busyboxTar();
  const { exitCode, stderr } = await engine.dockerWith(
    { input },
    "import",
    "--change",
    'CMD ["sh"]',
    "-",
    testImage,
  );
  if (exitCode !== 0) throw new Error(`docker import: ${stderr}`);
}
