// The environment of a program: what every container gets, then what its user says.
import { defaultPath } from "./default-paths.ts";

export type EnvironmentInput = {
  readonly hostname: string;
  readonly terminal: boolean;
  /** `NAME=value`; a NAME alone takes that variable away. Later entries win. */
  readonly entries: readonly string[];
  /** Home of the program's user, for HOME. */
  readonly home: string;
};

/** HOME is set here and not left to the runtimes: crun and runc differ for users that the image does not know. */
export function environment({ hostname, terminal, entries, home }: EnvironmentInput): readonly string[] {
  const variables = new Map([
    ["PATH", defaultPath],
    ["HOSTNAME", hostname],
  ]);
  if (terminal) variables.set("TERM", "xterm");
  for (const entry of entries) {
    const equals = entry.indexOf("=");
    if (equals < 0) variables.delete(entry);
    else variables.set(entry.slice(0, equals), entry.slice(equals + 1));
  }
  if (!variables.has("HOME")) variables.set("HOME", home);
  return [...variables].map(([name, value]) => `${name}=${value}`);
}
