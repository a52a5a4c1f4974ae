// `type=bind,source=/a,"target=/b,c"`: one line of CSV with KEY=VALUE in it, the form of --mount, --network and --gpus.

/** The fields of one line; a field in double quotes may hold commas, and "" in it is one quote. */
export function commaFields(text: string): readonly string[] {
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    if (text[at] === '"') {
      const found = /"((?:[^"]|"")*)"(?=,|$)/y;
      found.lastIndex = at;
      const match = found.exec(text);
      if (match === null)
        throw new Error(`parse error on line 1, column ${at + 1}: bare " in non-quoted-field`);
      fields.push((match[1] ?? "").replaceAll('""', '"'));
      at += match[0].length;
    } else {
      const end = text.indexOf(",", at);
      const field = text.slice(at, end < 0 ? undefined : end);
      if (field.includes('"')) {
        throw new Error(
          `parse error on line 1, column ${at + field.indexOf('"') + 1}: bare " in non-quoted-field`,
        );
      }
      fields.push(field);
      at = end < 0 ? text.length : end;
    }
    if (at >= text.length) return fields;
    at++;
  }
}
