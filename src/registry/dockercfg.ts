// `.dockercfg`, the file of credentials before config.json, in the daemon's folder in 2013. Its first form knew one registry:
//
//   auth = BASE64(user:password)
//   email = ADDRESS
//
// The second one, of the same year, is JSON: {"https://index.docker.io/v1/": {"auth": …, "email": …}}.

import { readFileSync } from "node:fs";
import { SystemError, hasCode } from "../base/errors.ts";

/** In the daemon's root. */
export const dockercfgName = ".dockercfg";

/** What the first form, which names none, is about. */
const onlyRegistry = "https://index.docker.io/v1/";

export type DockercfgEntry = {
  readonly server: string;
  readonly username: string;
  readonly password: string;
  readonly email?: string;
};

/** Nothing where there is no such file. @throws SystemError for a file that is not one of these. */
export function readDockercfg(path: string): readonly DockercfgEntry[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (err) {
    if (hasCode(err, "ENOENT")) return [];
    throw err;
  }
  try {
    return parseDockercfg(text);
  } catch (err) {
    throw new SystemError(`${path} is no file of credentials`, { cause: err });
  }
}

/** @throws SyntaxError for what is neither of the two forms. */
export function parseDockercfg(text: string): readonly DockercfgEntry[] {
  if (text.trim() === "") return [];
  if (text.trimStart().startsWith("{")) return parseJsonForm(text);
  const lines = new Map<string, string>();
  for (const line of text.split("\n").filter((one) => one.trim() !== "")) {
    const [, key, value] = /^\s*(\w+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (key === undefined || value === undefined) throw new SyntaxError("a line is no KEY = VALUE");
    lines.set(key, value);
  }
  const auth = lines.get("auth");
  if (auth === undefined) throw new SyntaxError("there is no line auth = …");
  return [dockercfgEntry(onlyRegistry, auth, lines.get("email"))];
}

function parseJsonForm(text: string): readonly DockercfgEntry[] {
  const servers = JSON.parse(text) as Readonly<Record<string, { auth?: unknown; email?: unknown } | null>>;
  return Object.entries(servers).map(([server, entry]) => {
    if (typeof entry?.auth !== "string") throw new SyntaxError(`the entry of ${server} has no auth`);
    return dockercfgEntry(server, entry.auth, typeof entry.email === "string" ? entry.email : undefined);
  });
}

/** @throws SyntaxError when `auth` is not the base64 of user:password. */
export function dockercfgEntry(server: string, auth: string, email: string | undefined): DockercfgEntry {
  const [username = "", ...password] = Buffer.from(auth, "base64").toString("utf8").split(":");
  if (username === "" || password.length === 0)
    throw new SyntaxError("auth is not the base64 of user:password");
  return { server, username, password: password.join(":"), ...(email !== undefined && { email }) };
}

/** The first form where it can say everything, else the second one. */
export function formatDockercfg(entries: readonly DockercfgEntry[]): string {
  const [only] = entries;
  if (only === undefined) return "";
  if (entries.length === 1 && only.server === onlyRegistry)
    return `auth = ${authOf(only)}\nemail = ${only.email ?? ""}\n`;
  const servers = entries.map((entry) => {
    const { server, email = "" } = entry;
    return [server, { auth: authOf(entry), email }] as const;
  });
  return `${JSON.stringify(Object.fromEntries(servers), undefined, "\t")}\n`;
}

function authOf({ username, password }: DockercfgEntry): string {
  return Buffer.from(`${username}:${password}`).toString("base64");
}
