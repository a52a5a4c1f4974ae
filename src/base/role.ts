// Which of its parts the executable is to play, by how it was called.

export type Role = {
  readonly name: "init" | "daemon" | "monitor" | "lxc-runtime" | "client";
  /** What is left for the part. */
  readonly args: readonly string[];
};

/** Flags of 2013 that take a value in a word of its own, and what the client has like them. Longer ones want a "=" before `-d`. */
const valueFlags = new Set(["-b", "-e", "-g", "-p", "-G", "-H"]);

/** @param argv0 the name that the process was given. */
export function roleOf(argv0: string, args: readonly string[]): Role {
  const [first] = args;
  if (argv0 === "/sbin/init") return { name: "init", args };
  if (first === "init" || first === "daemon" || first === "monitor" || first === "lxc-runtime")
    return { name: first, args: args.slice(1) };
  const at = daemonFlag(args);
  return at === undefined ? { name: "client", args } : { name: "daemon", args: args.toSpliced(at, 1) };
}

/** Where `-d` stands among the flags before the first word that is none: `-D -d`, `-g /data -d`. */
function daemonFlag(args: readonly string[]): number | undefined {
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] ?? "";
    if (arg === "-d") return at;
    if (!arg.startsWith("-")) return undefined;
    if (valueFlags.has(arg)) at++;
  }
  return undefined;
}
