// `login` and `logout`.

import { ResponseError } from "../../client/errors.ts";
import { infoText, checkAuth } from "../../client/system.ts";
import { dockercfgName, readDockercfg } from "../../registry/dockercfg.ts";
import type { Context } from "../command.ts";
import { helperOf } from "../credential-helpers.ts";
import { findCredentials, hubAddress, storeCredentials } from "../credentials.ts";
import { CommandError } from "../failure.ts";
import type { Flags } from "../flags.ts";
import { askLines } from "../session/ask-lines.ts";

export async function login(context: Context, flags: Flags, operands: readonly string[]): Promise<number> {
  if (flags.bool("migrate-dockercfg")) return await migrate(context, operands);
  const { config, stdin, stderr } = context;
  const server = serverAddress(operands[0]);
  const fromStdin = flags.bool("password-stdin");
  if (flags.given("password")) {
    if (fromStdin)
      throw new CommandError("conflicting options: cannot specify both --password and --password-stdin");
    await stderr.write("WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n");
  }
  if (fromStdin && !flags.given("username"))
    throw new CommandError("the --password-stdin option requires --username to be set");
  const known = await findCredentials(config, server);
  const username = flags.text("username") || (known?.username ?? "");
  if (fromStdin) {
    const password = (await new Response(stdin.bytes()).text()).replace(/\r?\n$/, "");
    return await signIn(context, { server, username, password });
  }
  const password = flags.text("password");
  if (flags.given("username") && password !== "")
    return await signIn(context, { server, username, password });
  // What is known is tried before anybody is asked, as docker's client does.
  const isAsked = flags.given("username") || password !== "";
  if (!isAsked && known?.username && known.password && (await signInAgain(context, server, known))) return 0;
  if (username !== "" && password !== "") return await signIn(context, { server, username, password });
  if ((await stdin.isTerminal()) === false)
    throw new CommandError("Error: Cannot perform an interactive login from a non TTY device");
  return await signIn(context, { server, ...(await askWho(context, flags, known?.username ?? "")) });
}

/** With what is stored. @returns whether the registry still takes it. */
async function signInAgain(context: Context, server: string, known: Asked): Promise<boolean> {
  const { stderr } = context;
  await stderr.write(`Authenticating with existing credentials... [Username: ${known.username}]\n\n`);
  await stderr.write(
    "To login with a different account, run 'docker logout' followed by 'docker login'\n\n\n",
  );
  try {
    await signIn(context, { ...known, server });
    return true;
  } catch (err) {
    if (!(err instanceof ResponseError)) throw err;
    await stderr.write(
      err.status === 401
        ? "Stored credentials invalid or expired\n"
        : `Login did not succeed, error: ${err.message}\n`,
    );
    return false;
  }
}

type Asked = { readonly username: string; readonly password: string; readonly email?: string };

async function askWho(context: Context, flags: Flags, known: string): Promise<Asked> {
  const asker = await askLines(context);
  try {
    const username = flags.text("username") || (await asker.ask(promptFor("Username", known))) || known;
    if (username === "") throw new CommandError("Error: Non-null Username Required");
    const password = flags.text("password") || (await asker.ask("Password: ", "hidden"));
    if (password === "") throw new CommandError("Error: Password Required");
    return { username, password };
  } finally {
    asker.close();
  }
}

/** "Username (ann): ", "Username: ". */
export function promptFor(what: string, known: string): string {
  return known === "" ? `${what}: ` : `${what} (${known}): `;
}

/** Asks the registry, and keeps what it accepts. */
export async function signIn(
  context: Context,
  { server, username, password, email }: Asked & { readonly server: string },
): Promise<number> {
  if (username === "" || password === "")
    throw new CommandError("Error: Cannot perform an interactive login from a non TTY device");
  const { client, config, stdout, stderr, configStore } = context;
  const { Status, IdentityToken } = await checkAuth(client, { username, password, serveraddress: server });
  const entry = {
    username,
    password: IdentityToken ? "" : password,
    serveraddress: server,
    ...(email !== undefined && { email }),
    ...(IdentityToken && { identitytoken: IdentityToken }),
  };
  const isNews = !Bun.deepEquals(await findCredentials(config, server), entry);
  await storeCredentials(context, server, entry);
  if (isNews && helperOf(config, server) === undefined)
    await stderr.write(
      `\nWARNING! Your credentials are stored unencrypted in '${configStore.place}'.\n` +
        "Configure a credential helper to remove this warning. See\n" +
        "https://docs.docker.com/go/credential-store/\n\n",
    );
  await stdout.write(`${Status}\n`);
  return 0;
}

/** From the file of the 2013 protocol, which only root can read, into this user's configuration. It stays as it is. */
async function migrate(context: Context, operands: readonly string[]): Promise<number> {
  const { client, stdout } = context;
  const { DockerRootDir } = JSON.parse(await infoText(client)) as { readonly DockerRootDir: string };
  const path = `${DockerRootDir}/${dockercfgName}`;
  const only = operands[0] === undefined ? undefined : serverAddress(operands[0]);
  const found = readDockercfg(path).filter(({ server }) => only === undefined || server === only);
  if (found.length === 0) throw new CommandError(`${path} holds no credentials${only ? ` for ${only}` : ""}`);
  let current = context;
  for (const { server, username, password, email } of found) {
    await storeCredentials(current, server, {
      username,
      password,
      serveraddress: server,
      ...(email !== undefined && { email }),
    });
    current = { ...context, config: (await context.configStore.read()).config };
    await stdout.write(`Credentials of ${username} for ${server} are in ${context.configStore.place} now\n`);
  }
  return 0;
}

export async function logout(context: Context, _flags: Flags, operands: readonly string[]): Promise<number> {
  const server = serverAddress(operands[0]);
  await context.stdout.write(`Removing login credentials for ${server}\n`);
  if ((await findCredentials(context.config, server)) !== undefined)
    await storeCredentials(context, server, undefined);
  return 0;
}

function serverAddress(operand: string | undefined): string {
  if (operand === undefined || ["docker.io", "index.docker.io"].includes(operand)) return hubAddress;
  return operand.replace(/^https?:\/\//, "").replace(/\/.*$/, "");
}
