// `--cidfile`: made before the container is, so that a place that cannot be written to stops the command in time.

import { open, rm, stat } from "node:fs/promises";

export type CidFile = {
  readonly write: (id: string) => Promise<void>;
  /** Takes an empty file away again. */
  readonly drop: () => Promise<void>;
};

export async function makeCidFile(path: string): Promise<CidFile> {
  if ((await stat(path).catch(() => undefined)) !== undefined) {
    throw new Error(`container ID file found, make sure the other container isn't running or delete ${path}`);
  }
  const file = await open(path, "wx").catch((err: unknown) => {
    throw new Error(`failed to create the container ID file: ${reason(err, path)}`);
  });
  return {
    write: async (id) => {
      await file.writeFile(id);
      await file.close();
    },
    drop: async () => {
      await file.close();
      await rm(path, { force: true });
    },
  };
}

/** In Go's words. */
function reason(err: unknown, path: string): string {
  const code = err instanceof Error && "code" in err ? err.code : "";
  if (code === "ENOENT") return `open ${path}: no such file or directory`;
  if (code === "EACCES") return `open ${path}: permission denied`;
  return err instanceof Error ? err.message : String(err);
}
