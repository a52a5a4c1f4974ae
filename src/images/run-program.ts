// Running a program of this machine to its end, for what host images are made of.
import { spawn } from "node:child_process";
import { SystemError } from "../base/errors.ts";

const maxErrorText = 2000;

export type ProgramOptions = {
  /** Default 10 s. */
  readonly timeoutMs?: number;
  /** What ends it early; default SIGTERM. */
  readonly killSignal?: NodeJS.Signals;
};

/** What it wrote to its standard output. @throws SystemError with the end of what it complained about. */
export async function runProgram(
  path: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<string> {
  let text = "";
  for await (const chunk of programOutput(path, args, options)) text += Buffer.from(chunk).toString();
  return text;
}

/** The same as it comes. A reader that stops early ends the program. */
export async function* programOutput(
  path: string,
  args: readonly string[],
  { timeoutMs = 10_000, killSignal = "SIGTERM" }: ProgramOptions = {},
): AsyncGenerator<Uint8Array> {
  const child = spawn(path, args, {
    stdio: ["ignore", "pipe", "pipe"],
    timeout: timeoutMs,
    killSignal,
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
    child.kill(killSignal);
    await ended;
  }
}

/** Messages in English, and proxies as this process has them. */
function plainEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, LC_ALL: "C.UTF-8" };
}
