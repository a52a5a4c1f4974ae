// JSON with line breaks and indentation, from JSON text. Not by parse and stringify: numbers keep all their digits
// (nanoseconds are beyond what JavaScript's numbers hold) and keys their order.

/** Like Go's json.Indent: empty objects and lists stay on their line. */
export function indentJson(text: string, indent = "    "): string {
  const out: string[] = [];
  let depth = 0;
  const breakLine = () => out.push("\n", indent.repeat(depth));
  for (const token of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s"{}[\],:]+/g)) {
    const [part] = token;
    if (part === "{" || part === "[") {
      out.push(part);
      depth++;
      breakLine();
    } else if (part === "}" || part === "]") {
      depth--;
      // Right after the opening one: take its line break back.
      if (out.at(-2) === "\n" && ["{", "["].includes(out.at(-3) ?? "")) out.splice(-2);
      else breakLine();
      out.push(part);
    } else if (part === ",") {
      out.push(part);
      breakLine();
    } else {
      out.push(part === ":" ? ": " : part);
    }
  }
  return out.join("");
}
