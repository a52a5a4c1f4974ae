// The parts of a machine like the users': Debian's stock kernel and a root file system of its packages as a disk image,
// made once and kept, and a second disk with this source tree, made anew for each run.
import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { output } from "../harness/command.ts";

const suite = "bookworm";
const packages = `
  attr bind9-dnsutils busybox-static bzip2 ca-certificates crun dbus docker-registry e2fsprogs gzip iproute2 iptables kmod
  lxc netcat-openbsd
  linux-image-cloud-amd64 mount nftables openssl perl procps python3-docker runc skopeo systemd-sysv tar tini xfsprogs
  xz-utils zstd`
  .trim()
  .split(/\s+/);
/** The first program of the machine: everything else is on the second disk, next to the tests. */
const firstProgram = `#!/bin/sh
mkdir -p /repo
mount -o ro /dev/vdb /repo
exec sh /repo/test/vm/guest.sh
`;

export type Machine = { readonly kernel: string; readonly initrd: string; readonly rootDisk: string };

const cache = process.env["SAMPAN_VM_CACHE"] ?? "/var/tmp/sampan-vm";
const minute = 60_000;

/** Makes the machine's kernel and root disk, or finds those made before. Takes about a minute and 1.5 GB. */
export async function prepareMachine(): Promise<Machine> {
  const key = createHash("sha256")
    .update(JSON.stringify([suite, packages, firstProgram]))
    .digest("hex")
    .slice(0, 12);
  const folder = join(cache, key);
  const machine = {
    kernel: join(folder, "vmlinuz"),
    initrd: join(folder, "initrd"),
    rootDisk: join(folder, "root.img"),
  };
  if (existsSync(folder)) return machine;
  console.error(`making a ${suite} machine in ${folder}`);
  mkdirSync(cache, { recursive: true });
  const made = mkdtempSync(join(cache, "making-"));
  try {
    const tree = join(made, "tree");
    const sources = globSync("/etc/apt/sources.list.d/*.sources").concat(globSync("/etc/apt/sources.list"));
    await output(
      [
        "mmdebstrap",
        "--variant=minbase",
        `--include=${packages.join(",")}`,
        suite,
        tree,
        ...sources.slice(0, 1),
      ],
      { timeoutMs: 15 * minute },
    );
    writeFileSync(join(tree, "vm-init"), firstProgram, { mode: 0o755 });
    for (const name of ["vmlinuz", "initrd"])
      copyFileSync(one(join(tree, `boot/${name}*`)), join(made, name));
    await diskOf(tree, join(made, "root.img"), 3000);
    rmSync(tree, { recursive: true, force: true });
    renameSync(made, folder);
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
  return machine;
}

/** A disk with this source tree, Bun, what the tests import, the executable and the docker client. */
export async function makeRepoDisk(root: string, disk: string): Promise<void> {
  const tree = mkdtempSync(join(cache, "repo-"));
  try {
    // Compilers and linters are most of node_modules; the tests do not need them.
    const without = [
      "typescript",
      "@typescript",
      "@oxlint*",
      "@oxfmt",
      "@oxc*",
      "@oven",
      "knip",
      "oxlint*",
      "oxfmt",
    ];
    const flags = without.map((name) => `--exclude=./node_modules/${name}`);
    const parts = [
      "./src",
      "./test",
      "./scripts",
      "./bench",
      "./docs",
      "./package.json",
      "./tsconfig.json",
      "./node_modules",
      "./dist/sampan",
    ];
    await output([
      "sh",
      "-c",
      'tree=$1; shift; tar "$@" | tar -x -C "$tree"',
      "sh",
      tree,
      "-C",
      root,
      ...flags,
      "-c",
      ...parts,
    ]);
    copyFileSync(await output(["which", "docker"]), join(tree, "docker"));
    await diskOf(tree, disk, 1200);
  } finally {
    rmSync(tree, { recursive: true, force: true });
  }
}

/** An ext4 image of `sizeMiB` with the files of `folder` (empty without one). */
export async function diskOf(folder: string | undefined, disk: string, sizeMiB: number): Promise<void> {
  const from = folder === undefined ? [] : ["-d", folder];
  await output(["mke2fs", "-q", "-F", "-t", "ext4", ...from, disk, `${sizeMiB}M`], { timeoutMs: 5 * minute });
}

function one(pattern: string): string {
  const [path] = globSync(pattern);
  if (path === undefined) throw new Error(`nothing is at ${pattern}`);
  return path;
}
