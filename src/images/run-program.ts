// Running a program of this machine to its end, for what host images are made of.
import { spawn } from "node:child_process";
import { SystemError } from "../base/errors.ts";

const maxErrorText = 2000;

/** What it wrote to its standard output. @throws SystemError with the end of what it complained about. */
export async function runProgram(
  path: string,
  args: readonly string[],
  options: { readonly timeoutMs?: number } = {},
): Promise<string> {
  let text = "";
  for await (const chunk of programOutput(path, args, options)) text += Buffer.from(chunk).toString();
  return text;
}

/** The same as it comes. A reader that stops early ends the program. */
export async function* programOutput(
  path: string,
  args: readonly string[],
  { timeoutMs = 10_000 }: { readonly timeoutMs?: number } = {},
): AsyncGenerator<Uint8Array> {
  const child = spawn(path, args, {
    stdio: ["ignore", "pipe", "pipe"],
    timeout: timeoutMs,
    env: plainEnvironment(),
  });
  let complaint = "";
  child.stderr
    .setEncoding("utf8")
    .on("data", (text: string) => (complaint = (complaint + text).slice(-maxErrorText)));
  const ended = new Promise<string>((resolve) => {
    child.on("error", (err) => resolve(err.message));
    child.on("close", (code, signal) => resolve(String(code ?? signal)));
  });
  try {
    for await (const chunk of child.stdout) yield chunk as Uint8Array;
    const status = await ended;
    if (status !== "0") throw new SystemError(`${path} failed (${status}): ${complaint.trim()}`);
  } finally {
    child.kill();
    await ended;
  }
}

/** Messages in English, and proxies as this process has them. */
function plainEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, LC_ALL: "C.UTF-8" };
}
