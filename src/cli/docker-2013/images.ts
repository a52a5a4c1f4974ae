// The commands of 2013 about images and their registry that say less, or do more, than today's.

import type { Context } from "../command.ts";
import { findCredentials, hubAddress, registryOf } from "../credentials.ts";
import { CommandError } from "../failure.ts";
import type { Flags } from "../flags.ts";
import { promptFor, signIn } from "../commands/login.ts";
import { askLines } from "../session/ask-lines.ts";
import { refusal } from "../users-files.ts";
import { passOn, today, todaySilently, withShortIDs } from "./old-command.ts";

/** "repo" and "tag", two words then. */
function named(repository: string | undefined, tag: string | undefined): readonly string[] {
  if (repository === undefined) return [];
  return [tag === undefined ? repository : `${repository}:${tag}`];
}

export async function commit(context: Context, flags: Flags, operands: readonly string[]): Promise<number> {
  const [container = "", repository, tag] = operands;
  const options = [...passOn(flags, "m", "message"), ...passOn(flags, "author")];
  const words = ["commit", ...options, container, ...named(repository, tag)];
  return await today({ ...context, stdout: withShortIDs(context.stdout) }, words);
}

export async function importImage(
  context: Context,
  _flags: Flags,
  operands: readonly string[],
): Promise<number> {
  const [source = "-", repository, tag] = operands;
  if (/^[./]/.test(source)) throw refusal(`${source} names a file`);
  const from = source === "-" || /^\w+:\/\//.test(source) ? source : `http://${source}`;
  if (from !== "-") await context.stdout.write(`Downloading from ${from}\n`);
  const words = ["import", from, ...named(repository, tag)];
  return await today({ ...context, stdout: withShortIDs(context.stdout) }, words);
}

/** Whatever -f says: a name has always gone over to its new image. */
export async function tagImage(
  context: Context,
  _flags: Flags,
  operands: readonly string[],
): Promise<number> {
  const [image = "", repository, name] = operands;
  return await today(context, ["tag", image, ...named(repository, name)]);
}

export async function removeImages(
  context: Context,
  _flags: Flags,
  operands: readonly string[],
): Promise<number> {
  return await todaySilently(context, ["rmi", ...operands]);
}

/** Asks who the user is, first, where that is not known. */
export async function push(context: Context, _flags: Flags, operands: readonly string[]): Promise<number> {
  const [name = ""] = operands;
  if (!name.includes("/"))
    throw new CommandError(
      `Impossible to push a "root" repository. Please rename your repository in <user>/${name}`,
    );
  let current = context;
  if (registryOf(name) === hubAddress && (await findCredentials(context.config, hubAddress)) === undefined) {
    await login(context);
    current = { ...context, config: (await context.configStore.read()).config };
  }
  return await today(current, ["push", name]);
}

export async function login(context: Context): Promise<number> {
  const known = await findCredentials(context.config, hubAddress);
  const asker = await askLines(context);
  let username: string, password: string, email: string;
  try {
    username = (await asker.ask(promptFor("Username", known?.username ?? ""))) || (known?.username ?? "");
    const same = username === known?.username;
    password = (await asker.ask("Password: ", "hidden")) || (same ? known.password : "");
    const before = same ? (known.email ?? "") : "";
    email = (await asker.ask(promptFor("Email", before))) || before;
  } finally {
    asker.close();
  }
  if (username === "" || password === "") throw new CommandError("a user name and a password are needed");
  return await signIn(context, { server: hubAddress, username, password, email });
}
