// The engines' packages of another release of Debian than this machine's: a tree of its own, whose /usr stands in the place
// of ours in the engines' mount namespaces (world.ts).
import { existsSync, globSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { output } from "../test/harness/command.ts";

/** What the engines need of a system, and what the worlds are made with. */
const packages = [
  "aardvark-dns",
  "ca-certificates",
  "conmon",
  "crun",
  "docker.io",
  "iproute2",
  "iptables",
  "kmod",
  "mount",
  "netavark",
  "nftables",
  "podman",
  "procps",
  "runc",
  "util-linux",
];

/** The folder of `suite` (`trixie`), from this machine's own source of packages. Made once, and kept for later runs. */
export async function releaseTree(suite: string): Promise<string> {
  const tree = join("/var/tmp/sampan-bench", suite);
  if (existsSync(tree)) return tree;
  const making = `${tree}.${process.pid}`;
  console.error(`making a ${suite} with the engines' packages in ${tree}`);
  try {
    await output(["mkdir", "-p", making]);
    await output(
      [
        "mmdebstrap",
        "--variant=minbase",
        `--include=${packages.join(",")}`,
        suite,
        making,
        `deb ${packageSource()} ${suite} main`,
      ],
      { timeoutMs: 600_000 },
    );
    renameSync(making, tree);
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
  return tree;
}

function packageSource(): string {
  for (const path of ["/etc/apt/sources.list", ...globSync("/etc/apt/sources.list.d/*")]) {
    const text = existsSync(path) ? readFileSync(path, "utf8") : "";
    const found = /^URIs: *(\S+)/m.exec(text) ?? /^deb (?:\[.*\] )?(\S+)/m.exec(text);
    if (found?.[1] !== undefined) return found[1];
  }
  throw new Error("this machine has no source of Debian's packages");
}
