// The hard resource limits of this process: more than these it cannot give to a container without CAP_SYS_RESOURCE.
import { readFileSync } from "node:fs";

/** Row titles of /proc/self/limits (proc(5)) by ulimit name. */
const titles: Readonly<Record<string, string>> = {
  cpu: "Max cpu time",
  fsize: "Max file size",
  data: "Max data size",
  stack: "Max stack size",
  core: "Max core file size",
  rss: "Max resident set",
  nproc: "Max processes",
  nofile: "Max open files",
  memlock: "Max locked memory",
  as: "Max address space",
  locks: "Max file locks",
  sigpending: "Max pending signals",
  msgqueue: "Max msgqueue size",
  nice: "Max nice priority",
  rtprio: "Max realtime priority",
  rttime: "Max realtime timeout",
};

/** By ulimit name; those without a limit are not in it. */
export function hardLimits(
  text = readFileSync("/proc/self/limits", "utf8"),
): Readonly<Record<string, number>> {
  const lines = text.split("\n");
  return Object.fromEntries(
    Object.entries(titles).flatMap(([name, title]) => {
      const row = lines.find((line) => line.startsWith(title))?.slice(title.length);
      const hard = row?.trim().split(/\s+/)[1];
      return hard === undefined || hard === "unlimited" ? [] : [[name, Number(hard)] as const];
    }),
  );
}
