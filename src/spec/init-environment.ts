// How the program's variables come to init: in init's own environment, each as a JSON text under a numbered name. On the
// command line everybody on the machine would read them; under their own names they would be init's, its loader's and LXC's.
//
//   SAMPAN_ENV_0="PATH=/bin"   SAMPAN_ENV_1="SECRET=…"

const prefix = "SAMPAN_ENV_";

/** `variables`: "K=V". The values have no line breaks. */
export function toInitEnvironment(variables: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(variables.map((variable, at) => [`${prefix}${at}`, JSON.stringify(variable)]));
}

/** The other way round; SyntaxError for a value that is no JSON. */
export function fromInitEnvironment(own: Readonly<Record<string, string | undefined>>): string[] {
  const variables: string[] = [];
  for (let at = 0, text = own[`${prefix}0`]; text !== undefined; text = own[`${prefix}${++at}`])
    variables.push(String(JSON.parse(text)));
  return variables;
}
