// Columns from cells that tabs end, with the rules of Go's text/tabwriter as Docker sets it up: a column is as wide as
// its widest cell plus 3, at least 10. The last cell of a line belongs to no column. A column reaches over the
// neighbouring lines that have it, so a line without tabs separates two tables.

export type TabOptions = { readonly minWidth: number; readonly padding: number };

const dockerTables: TabOptions = { minWidth: 10, padding: 3 };

export function alignTabs(text: string, options: TabOptions = dockerTables): string {
  const lines = text.split("\n").map((line) => line.split("\t"));
  alignBlock(lines, 0, lines.length, 0, options);
  return lines.map((cells) => cells.join("")).join("\n");
}

/** Pads column `column` of the lines `[from, to)`, run by run of lines that have it, and then the columns after it. */
function alignBlock(lines: string[][], from: number, to: number, column: number, options: TabOptions): void {
  let at = from;
  while (at < to) {
    if (!ends(lines[at], column)) {
      at++;
      continue;
    }
    let end = at;
    let width = options.minWidth;
    while (end < to && ends(lines[end], column)) {
      width = Math.max(width, letters(lines[end]?.[column] ?? "") + options.padding);
      end++;
    }
    alignBlock(lines, at, end, column + 1, options);
    for (const cells of lines.slice(at, end)) {
      const cell = cells[column] ?? "";
      cells[column] = cell + " ".repeat(width - letters(cell));
    }
    at = end;
  }
}

/** Whether the line has a cell in the column that a tab ends. */
function ends(cells: readonly string[] | undefined, column: number): boolean {
  return cells !== undefined && cells.length > column + 1;
}

function letters(text: string): number {
  return Array.from(text).length;
}
