// Command lines given to the stock docker client and to ours, on the same engine.
import { run, type Finished } from "./command.ts";
import type { Engine } from "./engine.ts";
import { sampanExecutable } from "./executable.ts";

export type Both = { readonly ours: Finished; readonly theirs: Finished };

/** Words of a line: blanks part them, single quotes keep them together. */
export function wordsOf(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? "");
}

/** What shows ages. */
const lists = /^(?:ps|images|history|(?:container|image) (?:ls|list|history)|stats|system df)(?: |$)/;

/**
 * Runs a line by both clients. `WHO` in it becomes another name for each, so that what one makes or removes is not in
 * the way of the other; in the answers it is WHO again, and ids are ID. Ages change between the two calls now and then,
 * so a difference in a list is looked at again.
 */
export async function byBoth(engine: Engine, line: string, input = ""): Promise<Both> {
  const changes = line.includes("WHO");
  const env = { DOCKER_HOST: `unix://${engine.socket}`, DOCKER_CONFIG: `${engine.folder}/client-config` };
  for (let attempt = 1; ; attempt++) {
    const theirWords = wordsOf(line.replaceAll("WHO", "whodocker"));
    const ourWords = wordsOf(line.replaceAll("WHO", "whosampan"));
    const theirs = comparable(await engine.dockerWith({ input }, ...theirWords), "whodocker", changes);
    const ours = comparable(
      await run([sampanExecutable(), ...ourWords], { env, input }),
      "whosampan",
      changes,
    );
    if (attempt === 3 || !lists.test(line) || Bun.deepEquals(ours, renamed(theirs)))
      return { ours, theirs: renamed(theirs) };
  }
}

function comparable(finished: Finished, who: string, changes: boolean): Finished {
  // What Docker's archiver thinks of being stopped.
  const { exitCode, stdout, stderr } = {
    ...finished,
    stderr: finished.stderr.replaceAll(/^time=.*\n/gm, ""),
  };
  const same = (text: string): string => {
    // The two are asked one after the other: on a slow machine never in the same second.
    const ageless = text.replaceAll(/\b\d{1,2} seconds\b/g, "N seconds");
    return changes
      ? ageless.replaceAll(who, "WHO").replaceAll(/\b(?:[0-9a-f]{64}|[0-9a-f]{12})\b/g, "ID")
      : ageless;
  };
  return { exitCode, stdout: same(stdout), stderr: same(stderr) };
}

/** Docker's answer with our name in the places where it speaks of itself. */
function renamed({ exitCode, stdout, stderr }: Finished): Finished {
  // What the engine says is its own affair.
  const lines = stderr
    .split("\n")
    .map((line) =>
      line.startsWith("Error response from daemon")
        ? line
        : line.replaceAll("docker", "sampan").replaceAll("Docker daemon", "Sampan daemon"),
    );
  return { exitCode, stdout, stderr: lines.join("\n") };
}
