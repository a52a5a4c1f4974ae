// A sign of life: what takes more than half a second says so, on a terminal, and leaves no trace.

import type { Context } from "./command.ts";

const silenceMs = 500;
const clearLine = "\r\u001b[K";

/** Waits for `work`; meanwhile "stopping web … 3 s" stands on stderr, where that is a terminal that can clear a line. */
export async function whileWaiting<T>(
  { env, stderr }: Pick<Context, "env" | "stderr">,
  doing: string,
  work: Promise<T>,
): Promise<T> {
  const startedAt = performance.now();
  let shown = false;
  let timer: Timer | undefined;
  const show = async () => {
    const size = env["TERM"] === "dumb" ? undefined : await stderr.windowSize();
    if (size === undefined || timer === undefined) return;
    shown = true;
    const seconds = Math.floor((performance.now() - startedAt) / 1000);
    const line = `${doing}${seconds > 0 ? ` … ${seconds} s` : " …"}`;
    await stderr.write(clearLine + line.slice(0, Math.max(size.columns - 1, 20)));
    timer = setTimeout(() => void show(), 1000 - ((performance.now() - startedAt) % 1000));
  };
  timer = setTimeout(() => void show(), silenceMs);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
    timer = undefined;
    if (shown) await stderr.write(clearLine);
  }
}
