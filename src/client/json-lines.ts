// Answers that are one JSON object after another, each on a line: progress, events.

/** The lines of a body as they are completed; empty ones are skipped, a last one without an end counts. */
export async function* bodyLines(body: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const piece of body) {
    const lines = (rest + decoder.decode(piece, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line.trim() !== "") yield line.trim();
  }
  rest += decoder.decode();
  if (rest.trim() !== "") yield rest.trim();
}
