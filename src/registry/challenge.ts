// What a registry says on refusing a request: which way to prove who one is (RFC 9110, section 11.6.1, WWW-Authenticate).
// It comes from outside and may be anything: what cannot be understood is passed over.

export type Challenge = {
  /** Lower case: `bearer`, `basic`. */
  readonly scheme: string;
  /** Names in lower case: `realm`, `service`, `scope`. */
  readonly parameters: ReadonlyMap<string, string>;
};

/** Longer ones than any registry's are not looked at. */
const maxHeaderLength = 16 << 10;

const tokenLetters = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const schemePattern = new RegExp(`[\\s,]*(${tokenLetters})(?:[ \\t]+|[\\s,]*$|(?=,))`, "y");
const parameterPattern = new RegExp(
  `[\\s,]*(${tokenLetters})[ \\t]*=[ \\t]*(?:"((?:[^"\\\\]|\\\\.)*)"|([^\\s,"]+))`,
  "y",
);

/** The challenges of a header, in its order. */
export function parseChallenges(header: string): Challenge[] {
  if (header.length > maxHeaderLength) return [];
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  for (let at = 0; at < header.length;) {
    const parameter = matchAt(parameterPattern, header, at);
    const last = challenges.at(-1);
    if (parameter !== undefined && last !== undefined) {
      const [whole, name = "", quoted, plain = ""] = parameter;
      const value = quoted === undefined ? plain : quoted.replaceAll(/\\(.)/g, "$1");
      if (!last.parameters.has(name.toLowerCase())) last.parameters.set(name.toLowerCase(), value);
      at += whole.length;
      continue;
    }
    const scheme = matchAt(schemePattern, header, at);
    if (scheme === undefined) break;
    challenges.push({ scheme: (scheme[1] ?? "").toLowerCase(), parameters: new Map() });
    at += scheme[0].length;
  }
  return challenges;
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text) ?? undefined;
}
