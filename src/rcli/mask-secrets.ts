// A command line as the log may show it.
import type { Flag } from "../cli/command.ts";
import { findCommand } from "../cli/command-table.ts";

const hidden = "***";

/** The words with the values of secret flags, and passwords in addresses, taken out. What belongs to the program that is run stays. */
export function maskSecrets(words: readonly string[]): readonly string[] {
  const found = words.length === 0 ? undefined : findCommand(words);
  const flags = found?.kind === "command" ? found.command.flags : [];
  let before: Flag | undefined;
  return words.map((word) => {
    const value = before;
    before = undefined;
    if (value !== undefined) return masked(value, word);
    const [, dashes, name = "", equals] = /^(--?)([^=]+)(=?)/.exec(word) ?? [];
    if (dashes === undefined) return withoutPassword(word);
    const flag = flags.find((one) => one.secret && (one.name === name || one.short === name));
    if (flag !== undefined && equals === "=") {
      const at = word.indexOf("=") + 1;
      return word.slice(0, at) + masked(flag, word.slice(at));
    }
    before = flag;
    if (flag !== undefined) return word;
    // -eKEY=VALUE, -itePASSWORD=x: a letter that takes a value, and the value at once.
    const glued = dashes === "-" ? gluedSecret(flags, word) : undefined;
    if (glued === undefined) return withoutPassword(word);
    if (glued.at === word.length) before = glued.flag;
    return word.slice(0, glued.at) + masked(glued.flag, word.slice(glued.at));
  });
}

function gluedSecret(
  flags: readonly Flag[],
  word: string,
): { readonly flag: Flag; readonly at: number } | undefined {
  for (let at = 1; at < word.length; at++) {
    const flag = flags.find((one) => one.short === word[at]);
    if (flag?.secret) return { flag, at: at + 1 };
    if (flag?.type !== "bool") return undefined;
  }
  return undefined;
}

function masked({ secret }: Flag, value: string): string {
  if (value === "") return "";
  const equals = value.indexOf("=");
  if (secret === "value") return hidden;
  return equals < 0 ? value : value.slice(0, equals + 1) + hidden;
}

/** "https://ann:secret@host" -> "https://ann:***@host". */
function withoutPassword(word: string): string {
  return word.replace(/(\w:\/\/[^/@:\s]*:)[^/@\s]+@/g, `$1${hidden}@`);
}
