// host/debian: a minimal Debian, put together from packages by mmdebstrap or debootstrap of this machine, with the suite
// that the machine itself has (`stable` where it is no Debian).
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { NotFoundError } from "../base/errors.ts";
import type { Host } from "../base/host.ts";
import type { ByteSource } from "../storage/byte-reader.ts";
import type { Image, ImageStore } from "./image-store.ts";
import { importStaged } from "./import.ts";
import { programOutput, runProgram } from "./run-program.ts";

/** It fetches some 30 MB of packages and unpacks them: seconds to minutes, by the network. */
const timeoutMs = 15 * 60_000;

/** What both makers copy from this machine; every container has its own. */
const hostFiles = ["etc/hostname", "etc/resolv.conf"];

type Maker = {
  readonly path: string;
  readonly archive: (path: string, suite: string, mirror: string | undefined, folder: string) => ByteSource;
};

const makers: readonly Maker[] = [
  { path: "/usr/bin/mmdebstrap", archive: mmdebstrap },
  { path: "/usr/sbin/debootstrap", archive: debootstrap },
];

export async function makeDebian(host: Host, store: ImageStore, repository: string): Promise<Image> {
  const maker = makers.find(({ path }) => existsSync(path));
  if (maker === undefined)
    throw new NotFoundError(
      `${repository} cannot be made: neither mmdebstrap nor debootstrap on this machine (Debian: apt-get install mmdebstrap)`,
    );
  const suite = hostSuite();
  const mirror = hostMirror();
  const source = mirror === undefined ? suite : `${mirror} ${suite}`;
  host.log.info("making debian image", { program: maker.path, suite, mirror });
  const scratch = store.layers.scratch();
  try {
    const version = await runProgram(maker.path, ["--version"]);
    const layer = await store.layers.stage(maker.archive(maker.path, suite, mirror, scratch));
    const status = readFileSync(join(layer.folder, "diff/var/lib/dpkg/status"), "utf8");
    return await importStaged(store, layer, {
      repository,
      message: `made on this machine by ${maker.path} from ${source}`,
      config: {
        Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
        Cmd: ["bash"],
        Labels: {
          "sampan.host.source": source,
          "sampan.host.made-by": version.trim(),
          "sampan.host.packages": installedPackages(status).join(" "),
        },
      },
    });
  } finally {
    store.layers.discard({ folder: scratch });
  }
}

async function* mmdebstrap(
  path: string,
  suite: string,
  mirror: string | undefined,
): AsyncGenerator<Uint8Array> {
  const hook = `--customize-hook=cd "$1" && rm -f ${hostFiles.join(" ")}`;
  // Not --quiet: that keeps back what apt says of a mirror or suite that is not there.
  const how = ["--variant=minbase", "--format=tar", hook];
  yield* programOutput(path, [...how, suite, "-", ...given(mirror)], { timeoutMs });
}

async function* debootstrap(
  path: string,
  suite: string,
  mirror: string | undefined,
  folder: string,
): AsyncGenerator<Uint8Array> {
  const root = join(folder, "root");
  // It mounts /proc and /sys in the new root and ends with its children still at work when it is ended: in namespaces of
  // its own all that goes with it. What goes wrong it says on stdout.
  const alone = ["--mount", "--pid", "--fork", "--kill-child", "sh", "-c", 'exec "$@" >&2', "sh"];
  await runProgram("unshare", [...alone, path, "--variant=minbase", suite, root, ...given(mirror)], {
    timeoutMs,
    killSignal: "SIGKILL",
  });
  const caches = ["var/cache/apt/archives/*.deb", "var/lib/apt/lists/*_*", "var/log/bootstrap.log"];
  const without = [...caches, ...hostFiles].map((name) => `--exclude=./${name}`);
  yield* programOutput("tar", ["-C", root, "--numeric-owner", "--xattrs", ...without, "-c", "."], {
    timeoutMs,
  });
}

/** `name=version` of every installed package, sorted (deb-status(5)). */
export function installedPackages(status: string): string[] {
  return status
    .split("\n\n")
    .flatMap((paragraph) => {
      const field = (name: string): string | undefined =>
        new RegExp(`^${name}: (.+)$`, "m").exec(paragraph)?.[1];
      const [name, version] = [field("Package"), field("Version")];
      const isInstalled = field("Status")?.endsWith(" installed") === true;
      return name === undefined || version === undefined || !isInstalled ? [] : [`${name}=${version}`];
    })
    .sort();
}

function hostSuite(): string {
  const release = readIfThere("/etc/os-release");
  const isDebian = /^ID="?debian"?$/m.test(release);
  return (isDebian ? /^VERSION_CODENAME="?([a-z]+)"?$/m.exec(release)?.[1] : undefined) ?? "stable";
}

/** The mirror of Debian that this machine's own packages come from; undefined: the makers know one of their own. */
function hostMirror(): string | undefined {
  const folder = "/etc/apt/sources.list.d";
  const files = existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
  const lines = ["/etc/apt/sources.list", ...files]
    .filter((path) => /\.(?:list|sources)$/.test(path))
    .flatMap((path) => readIfThere(path).split("\n"))
    .filter((line) => /^(?:deb\s|URIs:)/.test(line));
  const uris = lines.flatMap((line) => line.match(/https?:\/\/\S+\/debian\/?(?=\s|$)/g) ?? []);
  return uris[0];
}

const given = (mirror: string | undefined): string[] => (mirror === undefined ? [] : [mirror]);

function readIfThere(path: string): string {
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}
