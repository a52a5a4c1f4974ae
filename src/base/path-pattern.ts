// Shell patterns as Go's path.Match reads them: `*` and `?` stop at a slash, `[a-z]` and `[^a-z]` are one character of a
// class, a backslash takes the next character as it is. In time that grows with pattern times text: a regular expression
// made of `*a*a*a*a` would try out all ways to divide the text.

type Piece = "star" | ((character: string) => boolean);

/** `undefined` for what is no pattern: a class that is empty, not closed, or the wrong way round. */
export function pathPattern(pattern: string): { test(text: string): boolean } | undefined {
  const pieces: Piece[] = [];
  const characters = Array.from(pattern);
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] ?? "";
    if (character === "*") pieces.push("star");
    else if (character === "?") pieces.push((one) => one !== "/");
    else if (character === "[") {
      const found = classAt(characters, at + 1);
      if (!found) return undefined;
      pieces.push(found.holds);
      at = found.end;
    } else {
      if (character === "\\") at += 1;
      const literal = characters[at];
      if (literal === undefined) return undefined;
      pieces.push((one) => one === literal);
    }
  }
  return { test: (text) => matches(pieces, Array.from(text)) };
}

/** Only the last star need ever take more: what stands before it has matched as early as it can. */
function matches(pieces: readonly Piece[], text: readonly string[]): boolean {
  let [piece, at] = [0, 0];
  let star: { readonly piece: number; at: number } | undefined;
  for (;;) {
    const wanted = pieces[piece];
    const character = text[at];
    if (wanted === "star") {
      piece += 1;
      star = { piece, at };
    } else if (character !== undefined && wanted?.(character) === true) {
      piece += 1;
      at += 1;
    } else if (character === undefined && wanted === undefined) {
      return true;
    } else {
      const taken = star && text[star.at];
      if (!star || taken === undefined || taken === "/") return false;
      star.at += 1;
      at = star.at;
      piece = star.piece;
    }
  }
}

/** The class whose inside begins at `from`, and where its bracket closes. */
function classAt(
  characters: readonly string[],
  from: number,
): { readonly holds: (character: string) => boolean; readonly end: number } | undefined {
  const isNegated = characters[from] === "^";
  const ranges: (readonly [low: string, high: string])[] = [];
  let at = isNegated ? from + 1 : from;
  const literal = (): string | undefined => {
    if (characters[at] === "\\") at += 1;
    return characters[at++];
  };
  while (characters[at] !== "]" || ranges.length === 0) {
    if (characters[at] === "-" || (characters[at] === "]" && ranges.length === 0)) return undefined;
    const low = literal();
    const isRange = characters[at] === "-";
    if (isRange) at += 1;
    const high = isRange ? literal() : low;
    if (low === undefined || high === undefined || high < low) return undefined;
    ranges.push([low, high]);
  }
  const inRange = (one: string): boolean => ranges.some(([low, high]) => one >= low && one <= high);
  return { holds: (one) => inRange(one) !== isNegated, end: at };
}
