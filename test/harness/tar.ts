// Archives for image tests, made with the system's tar so that our own codec is read with other eyes.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

export type Files = Readonly<Record<string, string | Uint8Array>>;

/**
 * @returns a tar of `files` (path to content), owned by root.
 * @param flags more for tar, such as `--gzip`
 */
export async function tarOf(files: Files, ...flags: readonly string[]): Promise<Uint8Array> {
  const folder = mkdtempSync(join(tmpdir(), "sampan-tar-"));
  try {
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), content);
    }
    const child = Bun.spawn(
      ["tar", "--owner=0", "--group=0", "--mode=u+rwx,go+rx", ...flags, "-cf", "-", "-C", folder, "."],
      {
        stdout: "pipe",
      },
    );
    const bytes = await child.stdout.bytes();
    if ((await child.exited) !== 0) throw new Error("tar failed");
    return bytes;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export const sha256 = (bytes: string | Uint8Array): string =>
  new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
