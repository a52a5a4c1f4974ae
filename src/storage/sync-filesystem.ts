// Making a whole tree durable: one syncfs(2) in place of an fsync for each of its thousands of files.
import { spawn } from "node:child_process";
import { closeFd, O_DIRECTORY, O_RDONLY, openFile, syncFilesystem } from "../sys/file.ts";

/**
 * Writes everything to disk that was changed on the file system of `path`, without holding this thread up: that can take
 * seconds, so another process makes the call. Where there is no sync(1) that can, this one does.
 */
export async function syncFilesystemOf(path: string): Promise<void> {
  const child = spawn("sync", ["-f", path], { stdio: "ignore" });
  const done = await new Promise<boolean>((resolve) => {
    child.on("error", () => resolve(false));
    child.on("exit", (code) => resolve(code === 0));
  });
  if (done) return;
  const fd = openFile(path, O_RDONLY | O_DIRECTORY);
  try {
    syncFilesystem(fd);
  } finally {
    closeFd(fd);
  }
}
