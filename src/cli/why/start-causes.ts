// Causes of a container that never came to run, or whose last start failed. The API has no other place for them than the
// text of State.Error, whose words are Docker's.

import type { Cause, Explanation } from "./causes.ts";
import type { Evidence } from "./evidence.ts";
import { nameOf } from "./evidence.ts";
import { programText, quotedProgram, when } from "./words.ts";

/** A cause that a pattern in State.Error gives away. */
function failedStart(
  id: string,
  pattern: RegExp,
  explain: (evidence: Evidence, match: RegExpExecArray) => Explanation | undefined,
): Cause {
  return {
    id,
    explain: (evidence) => {
      const { State } = evidence.container;
      if (!["created", "exited"].includes(State.Status)) return undefined;
      // Then State.Error is about the end of a run.
      if (evidence.extra?.ExitCodeKnown === false) return undefined;
      const match = pattern.exec(State.Error);
      return match === null ? undefined : explain(evidence, match);
    },
  };
}

const startFailed = "The start failed:";
/** Of a container whose image does not say. */
const usualPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

export const startCauses: readonly Cause[] = [
  {
    id: "never-started",
    explain: (evidence) => {
      const { State, Created } = evidence.container;
      if (State.Status !== "created" || State.Error !== "") return undefined;
      return {
        why: `It was created ${when(Created, evidence.nowMs)} and has not been started.`,
        next: `sampan start ${nameOf(evidence)}`,
      };
    },
  },
  {
    id: "missing-interpreter",
    explain: ({ container, extra }) => {
      const interpreter = extra?.MissingInterpreter ?? "";
      if (interpreter === "") return undefined;
      return {
        why: `${quotedProgram(container)} could not be executed: it is there, but what it is to be run by, ${interpreter}, is not.`,
        details: [
          interpreter.includes("ld-")
            ? "That is the loader of another C library: a program built for glibc does not run on musl, and the other way round."
            : "It is named in the first line of the program, after #! (a line end of Windows there counts as part of the name).",
        ],
        next: `use an image that has ${interpreter}, or change the program`,
      };
    },
  },
  failedStart("command-not-found", /executable file not found in \$PATH/, ({ container }) => ({
    why: `${startFailed} there is no command ${quotedProgram(container)} in the container's PATH.`,
    details: [`PATH is ${pathOf(container.Config.Env)}`],
    next: "check the spelling, give the full path, or use an image that has it",
  })),
  failedStart(
    "program-not-found",
    /exec: "[^"]*": (?:stat .*: )?no such file or directory/,
    ({ container }) => ({
      why: `${startFailed} there is no file ${quotedProgram(container)} in the container.`,
      details: mountsOver(container),
      next: "check the path, or what is mounted over it",
    }),
  ),
  failedStart("is-a-directory", /exec: "[^"]*": is a directory/, ({ container }) => ({
    why: `${startFailed} ${quotedProgram(container)} is a directory, not a program.`,
    next: "name the program inside it",
  })),
  failedStart("not-executable", /exec: "[^"]*": permission denied/, ({ container }) => ({
    why: `${startFailed} ${quotedProgram(container)} is not executable.`,
    details:
      container.Config.User === ""
        ? []
        : [`The program would run as user ${JSON.stringify(container.Config.User)}.`],
    next: `chmod +x it where the image is made, or run it by its interpreter (sh ${container.Path})`,
  })),
  {
    id: "wrong-architecture",
    explain: (evidence) => {
      const { State } = evidence.container;
      // crun has gone out of the way by then: what it says is the container's last line.
      const said = State.ExitCode === 0 ? "" : `${State.Error}\n${evidence.logTail.at(-1) ?? ""}`;
      if (!/exec.*: exec format error/i.test(said)) return undefined;
      return wrongArchitecture(evidence);
    },
  },
  failedStart("unknown-user", /unable to find (user|group) (\S+?):/, (_evidence, [, kind, name]) => ({
    why: `${startFailed} the image knows no ${kind} ${JSON.stringify(name)}.`,
    next: "give the number instead (-u 1000:1000), or add the user to the image",
  })),
  failedStart(
    "bind-source-missing",
    /bind source path does not exist: (.*)|stat'ing file `(.*?)`: No such file/,
    (_evidence, [, path, atStart]) => ({
      why: `${startFailed} ${path ?? atStart}, which is to be mounted into it, is not on this machine.`,
      next: `mkdir -p ${path ?? atStart}`,
    }),
  ),
  failedStart(
    "port-taken",
    /(?:port is already allocated|address already in use)/,
    ({ container }, match) => ({
      why: `${startFailed} a port of this machine that it is to be reached by is taken.`,
      details: [
        `Published: ${Object.values(container.HostConfig.PortBindings ?? {})
          .flatMap((bindings) => (bindings ?? []).map(({ HostPort }) => HostPort || "any"))
          .join(", ")}`,
        match.input.trim(),
      ],
      next: "sampan ps, or ss -ltnp, tells who has it",
    }),
  ),
  {
    id: "joined-container-gone",
    explain: (evidence) => {
      const { container, joined } = evidence;
      if (joined === undefined || joined.state === "running") return undefined;
      if (container.State.Running || container.State.Error === "") return undefined;
      const state = joined.state === undefined ? "is gone" : `is ${joined.state}`;
      return {
        why: `It shares a namespace of the container ${joined.name}, which ${state}: without it, it cannot be started.`,
        details: [container.State.Error],
        next:
          joined.state === undefined
            ? "create it again with another --network, --pid or --ipc"
            : `sampan start ${joined.name} ${nameOf(evidence)}`,
      };
    },
  },
  failedStart("start-failed", /./, (evidence) => ({
    why: `${startFailed} ${lastPart(evidence.container.State.Error)}`,
    details: [
      `The engine said: ${evidence.container.State.Error}`,
      `It was to run ${programText(evidence.container)}`,
    ],
    next: `sampan start ${nameOf(evidence)}, once that is put right`,
  })),
];

function wrongArchitecture({ container }: Evidence): Explanation {
  return {
    why: `The kernel could not execute ${quotedProgram(container)}: it is no program for this machine's processor, or a script without #!.`,
    next: "use an image for this platform (--platform), or give the script a first line such as #!/bin/sh",
  };
}

function pathOf(env: readonly string[] | null): string {
  return env?.find((variable) => variable.startsWith("PATH="))?.slice("PATH=".length) ?? usualPath;
}

/** A mount hides what the image has in that place. */
function mountsOver({ Path, Mounts }: Evidence["container"]): readonly string[] {
  return Mounts.filter(({ Destination }) => Path.startsWith(`${Destination}/`)).map(
    ({ Destination, Source }) =>
      `${Source} is mounted over ${Destination}, and hides what the image has there.`,
  );
}

/** The words after the engine's and the runtime's prefixes. */
function lastPart(error: string): string {
  const said = error.replace(/^failed to create task for container: .*create failed: /, "");
  return `${said.replace(/: unknown$/, "")}.`;
}
