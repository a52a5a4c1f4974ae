// Causes of a container that has run and does not run any more.

import { signalName } from "../../spec/signals.ts";
import type { Cause, Explanation } from "./causes.ts";
import { nameOf } from "./evidence.ts";
import type { Evidence } from "./evidence.ts";
import { capital, clientText, policyText, signalOf, when } from "./words.ts";

const sigkill = 9;

function ended(id: string, explain: (evidence: Evidence) => Explanation | undefined): Cause {
  return {
    id,
    explain: (evidence) => {
      const { container, nowMs } = evidence;
      if (container.State.Status !== "exited") return undefined;
      const found = explain(evidence);
      return found && { ...found, why: `${found.why} That was ${when(container.State.FinishedAt, nowMs)}.` };
    },
  };
}

/** A request to stop or kill it that came before its end; one that came long before has nothing to do with it. */
function stopRequest({ container: { State }, extra }: Evidence) {
  const request = extra?.LastRequest;
  if (!request || request.Action === "start") return undefined;
  return Date.parse(request.At) <= Date.parse(State.FinishedAt) ? request : undefined;
}

function logs(evidence: Evidence): string {
  return `sampan logs ${nameOf(evidence)}`;
}

export const endCauses: readonly Cause[] = [
  ended("exit-code-unknown", ({ extra }) =>
    extra?.ExitCodeKnown === false
      ? {
          why: "It has ended, but nobody saw how: the engine's monitor, or the machine, went down while it ran.",
          details: ["The exit code 255 stands for that."],
        }
      : undefined,
  ),
  ended("out-of-memory", ({ container: { State, HostConfig } }) => {
    if (!State.OOMKilled) return undefined;
    const limit = HostConfig.Memory;
    return {
      why:
        limit > 0
          ? `It wanted more memory than its limit of ${Math.round(limit / 2 ** 20)} MiB, and the kernel killed it (OOM).`
          : "The machine had no memory left, and the kernel killed it (OOM).",
      details: [`The exit code is ${State.ExitCode}.`],
      next: "give it more (-m), or find out what takes it (sampan stats)",
    };
  }),
  ended("ignored-stop-signal", (evidence) => {
    const request = stopRequest(evidence);
    if (request?.Forced !== true) return undefined;
    return {
      why: `${capital(clientText(request.By))} asked it to stop by ${signalName(request.Signal)}; it did not heed that in time and was killed.`,
      details: [
        "A program that is process 1 of its container ignores signals that it does not handle itself.",
      ],
      next: "run it with --init, use exec in its start script, or name the right --stop-signal",
    };
  }),
  ended("stopped-by-request", (evidence) => {
    const request = stopRequest(evidence);
    if (request === undefined || request.Action === "kill") return undefined;
    const { ExitCode } = evidence.container.State;
    return {
      why: `${capital(clientText(request.By))} asked it to stop (${signalName(request.Signal)}), and it ended with exit code ${ExitCode}.`,
      next: `sampan start ${nameOf(evidence)}`,
    };
  }),
  ended("killed-by-request", (evidence) => {
    const request = stopRequest(evidence);
    const { ExitCode } = evidence.container.State;
    if (request?.Action !== "kill") return undefined;
    // A signal that the program handles ends with a code of its own; one sent long before is no cause.
    const isThisSignal = ExitCode === 128 + request.Signal;
    const soon = Date.parse(evidence.container.State.FinishedAt) - Date.parse(request.At) < 10_000;
    if (!isThisSignal && !soon) return undefined;
    return {
      why: `${capital(clientText(request.By))} sent it ${signalName(request.Signal)} (kill), and it ended with exit code ${ExitCode}.`,
      next: `sampan start ${nameOf(evidence)}`,
    };
  }),
  ended("killed-by-signal", (evidence) => {
    const signal = signalOf(evidence.container.State.ExitCode);
    if (signal === undefined) return undefined;
    return {
      why: `It was ended by ${signalName(signal)} (exit code ${128 + signal}), and not by a request to this engine.`,
      details: [
        signal === sigkill
          ? "A process of this machine or of the container sent it, or the machine as a whole ran out of memory (dmesg tells)."
          : signal === 11 || signal === 6 || signal === 7 || signal === 8 || signal === 4
            ? "The program crashed."
            : "A process of this machine or of the container sent it, or the program passed the signal on.",
      ],
      next: logs(evidence),
    };
  }),
  ended("restarts-exhausted", (evidence) => {
    const { HostConfig, RestartCount, State } = evidence.container;
    const { Name, MaximumRetryCount } = HostConfig.RestartPolicy;
    if (
      Name !== "on-failure" ||
      MaximumRetryCount === 0 ||
      RestartCount < MaximumRetryCount ||
      State.ExitCode === 0
    )
      return undefined;
    return {
      why: `It failed ${RestartCount + 1} times, the last time with exit code ${State.ExitCode}, and its policy (${policyText(evidence.container)}) allows no more starts.`,
      next: logs(evidence),
    };
  }),
  ended("finished", (evidence) => {
    if (evidence.container.State.ExitCode !== 0) return undefined;
    const { Path, Config } = evidence.container;
    const isShell = /(?:^|\/)(?:ba|da|a|z)?sh$/.test(Path) && !Config.OpenStdin;
    return {
      why: "Its program came to its end and said that all went well (exit code 0).",
      details: isShell
        ? [
            "A container runs as long as its program: a shell without input ends at once. Give it a terminal (-it), or a program that stays.",
          ]
        : [],
    };
  }),
  ended("shell-command-not-found", (evidence) =>
    evidence.container.State.ExitCode === 127
      ? {
          why: "Its program ended with 127, a shell's word for: the command that I was to run is not there.",
          next: logs(evidence),
        }
      : undefined,
  ),
  ended("shell-not-executable", (evidence) =>
    evidence.container.State.ExitCode === 126
      ? {
          why: "Its program ended with 126, a shell's word for: the command that I was to run cannot be executed.",
          next: logs(evidence),
        }
      : undefined,
  ),
  ended("failed", (evidence) => ({
    why: `Its program ended by itself with exit code ${evidence.container.State.ExitCode}, which means that it failed.`,
    details: ["What the number means is up to the program."],
    next: logs(evidence),
  })),
];
