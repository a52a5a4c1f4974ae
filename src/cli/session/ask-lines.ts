// Asks the user for lines on a terminal in raw mode: it shows what is typed, or does not, and takes back what Backspace takes
// back.

import { CommandError } from "../failure.ts";
import type { Streams } from "../streams.ts";

export type Asker = {
  /** The line that was typed; "" for nothing. @throws CommandError for Ctrl-C, and where the input ends. */
  readonly ask: (prompt: string, echo?: "shown" | "hidden") => Promise<string>;
  /** The terminal is as it was. */
  readonly close: () => void;
};

const interrupted = 130;

export async function askLines({ stdin, stdout }: Streams): Promise<Asker> {
  const restore = await stdin.makeRaw();
  const reader = stdin.bytes().getReader();
  const decoder = new TextDecoder();
  let letters: string[] = [];
  const next = async (): Promise<string | undefined> => {
    while (letters.length === 0) {
      const { done, value } = await reader.read();
      if (done) return undefined;
      letters = Array.from(decoder.decode(value, { stream: true }));
    }
    return letters.shift();
  };

  const ask: Asker["ask"] = async (prompt, echo = "shown") => {
    await stdout.write(prompt);
    let line: readonly string[] = [];
    for (;;) {
      const letter = await next();
      if (letter === undefined) throw new CommandError("the input has ended");
      const step = typed(line, letter);
      line = step.line;
      if (echo === "shown" && step.show !== "") await stdout.write(step.show);
      if (step.end === "interrupted") throw new CommandError("", interrupted);
      if (step.end === undefined) continue;
      // A sender of whole lines may end them by two bytes.
      if (letter === "\r" && letters[0] === "\n") letters.shift();
      await stdout.write("\r\n");
      return line.join("");
    }
  };
  return {
    ask,
    close: () => {
      restore();
      void reader.cancel().catch(() => undefined);
    },
  };
}

export type Typed = {
  readonly line: readonly string[];
  /** What the terminal shows for it. */
  readonly show: string;
  readonly end?: "line" | "interrupted";
};

/** One letter more, at the end of what was typed before. */
export function typed(line: readonly string[], letter: string): Typed {
  switch (letter) {
    case "\r":
    case "\n":
      return { line, show: "", end: "line" };
    case "\u0003":
      return { line: [], show: "", end: "interrupted" };
    case "\u0004": // Ctrl-D ends the line, as it does in a terminal that edits lines itself
      return { line, show: "", end: "line" };
    case "\b":
    case "\u007f":
      return line.length === 0 ? { line, show: "" } : { line: line.slice(0, -1), show: "\b \b" };
    case "\u0015": // Ctrl-U
      return { line: [], show: "\b \b".repeat(line.length) };
    default:
      return letter < " " ? { line, show: "" } : { line: [...line, letter], show: letter };
  }
}
