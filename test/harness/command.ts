// Runs other programs: to the end with their output, or in a terminal of their own.
import type { Subprocess } from "bun";

export type Finished = { readonly exitCode: number; readonly stdout: string; readonly stderr: string };

export type CommandOptions = {
  /** What the program reads; nothing by default. */
  readonly input?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Default 60 s: then it is killed and the exit code is 137. */
  readonly timeoutMs?: number;
};

const environment = (more: CommandOptions["env"]): Record<string, string | undefined> => ({
  ...process.env,
  PATH: `${process.env["PATH"]}:/usr/sbin:/sbin`,
  ...more,
});

/** How many times longer everything may take: 1, or more on an emulated machine (SAMPAN_TEST_SLOWNESS). */
export const slowness = Number(process.env["SAMPAN_TEST_SLOWNESS"] ?? 1);

/** Runs a program to its end. A non-zero exit code is an answer, not an error. */
export async function run(command: readonly string[], options: CommandOptions = {}): Promise<Finished> {
  const { input = "", timeoutMs = 60_000 } = options;
  const child = Bun.spawn([...command], {
    env: environment(options.env),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    stdin: Buffer.from(input),
    stdout: "pipe",
    stderr: "pipe",
    timeout: timeoutMs * slowness,
    killSignal: "SIGKILL",
  });
  const [stdout, stderr, exitCode] = await Promise.all([
    child.stdout.text(),
    child.stderr.text(),
    child.exited,
  ]);
  return { exitCode, stdout, stderr };
}

/** Runs a program that must succeed; gives its standard output without the last newline. */
export async function output(command: readonly string[], options: CommandOptions = {}): Promise<string> {
  const { exitCode, stdout, stderr } = await run(command, options);
  if (exitCode !== 0) throw new Error(`${command.join(" ")}: exit code ${exitCode}\n${stderr}${stdout}`);
  return stdout.trimEnd();
}

export type TerminalProgram = {
  readonly child: Subprocess;
  /** All it has written until now. */
  seen(): string;
  type(text: string): void;
  resize(columns: number, rows: number): void;
  /** Waits until `text` has been written; fails with what was seen instead after 20 s. */
  waitFor(text: string): Promise<void>;
};

/** Starts a program whose standard streams are a new pseudo terminal of 80x24. */
export function inTerminal(command: readonly string[], env: CommandOptions["env"] = {}): TerminalProgram {
  let text = "";
  const decoder = new TextDecoder();
  const child = Bun.spawn([...command], {
    env: { ...environment(env), TERM: "xterm" },
    terminal: {
      cols: 80,
      rows: 24,
      data: (_terminal, bytes) => {
        text += decoder.decode(bytes, { stream: true });
      },
    },
  });
  const { terminal } = child;
  if (terminal === undefined) throw new Error("no terminal was made");
  return {
    child,
    seen: () => text,
    type: (typed) => void terminal.write(typed),
    resize: (columns, rows) => terminal.resize(columns, rows),
    waitFor: (wanted) =>
      eventually(
        () => text.includes(wanted),
        () => `"${wanted}" in: ${text}`,
        20_000,
      ),
  };
}

/** Polls until `holds` gives true; fails after `timeoutMs` naming what was waited for. */
export async function eventually(
  holds: () => boolean | Promise<boolean>,
  what: () => string,
  timeoutMs = 10_000,
): Promise<void> {
  const end = performance.now() + timeoutMs * slowness;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`waited ${timeoutMs} ms in vain for ${what()}`);
    await Bun.sleep(20);
  }
}
