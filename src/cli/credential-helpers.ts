// Programs that keep a user's credentials (`docker-credential-NAME`): which one a registry has is said in config.json, and
// what is asked goes over their standard input, never over their command line.

import type { ConfigFile } from "./config-file.ts";
import { textSetting, textsSetting } from "./config-file.ts";
import type { Credentials } from "./credentials.ts";
import { CommandError } from "./failure.ts";

/** The name that stands for an identity token, in place of a user's. */
const tokenUser = "<token>";
const timeoutMs = 60_000;

/** `credHelpers` for the one registry, else `credsStore` for all. */
export function helperOf(config: ConfigFile, server: string): string | undefined {
  return textsSetting(config, "credHelpers")[server] || textSetting(config, "credsStore") || undefined;
}

/** Undefined where the helper knows nobody. */
export async function credentialsFromHelper(
  helper: string,
  server: string,
): Promise<Credentials | undefined> {
  const { exitCode, text } = await ask(helper, "get", server);
  if (exitCode !== 0) {
    if (/credentials not found/i.test(text)) return undefined;
    throw new CommandError(`error getting credentials - err: exit status ${exitCode}, out: \`${text}\``);
  }
  const { Username, Secret } = parseAnswer(helper, text);
  if (typeof Username !== "string" || typeof Secret !== "string") return undefined;
  return Username === tokenUser
    ? { username: "", password: "", serveraddress: server, identitytoken: Secret }
    : { username: Username, password: Secret, serveraddress: server };
}

export async function storeInHelper(
  helper: string,
  { serveraddress, username, password, identitytoken }: Credentials,
): Promise<void> {
  const [Username, Secret] = identitytoken ? [tokenUser, identitytoken] : [username, password];
  const { exitCode, text } = await ask(
    helper,
    "store",
    JSON.stringify({ ServerURL: serveraddress, Username, Secret }),
  );
  if (exitCode !== 0)
    throw new CommandError(`error storing credentials - err: exit status ${exitCode}, out: \`${text}\``);
}

/** Erasing what is not there is fine. */
export async function eraseInHelper(helper: string, server: string): Promise<void> {
  const { exitCode, text } = await ask(helper, "erase", server);
  if (exitCode !== 0 && !/credentials not found/i.test(text))
    throw new CommandError(`error erasing credentials - err: exit status ${exitCode}, out: \`${text}\``);
}

async function ask(helper: string, action: string, input: string) {
  const program = `docker-credential-${helper}`;
  if (!/^[\w.-]+$/.test(helper) || Bun.which(program) === null)
    throw new CommandError(
      `error getting credentials - err: exec: "${program}": executable file not found in $PATH`,
    );
  const child = Bun.spawn([program, action], {
    stdin: Buffer.from(input),
    stdout: "pipe",
    stderr: "inherit",
    timeout: timeoutMs,
  });
  const [text, exitCode] = await Promise.all([child.stdout.text(), child.exited]);
  return { exitCode, text: text.trim() };
}

function parseAnswer(helper: string, text: string): Record<string, unknown> {
  try {
    return (JSON.parse(text) ?? {}) as Record<string, unknown>;
  } catch {
    // Its words may be a secret.
    throw new CommandError(
      `error getting credentials - docker-credential-${helper} did not answer with JSON`,
    );
  }
}
