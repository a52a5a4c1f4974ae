// Words that several causes use.

import { signalName } from "../../spec/signals.ts";
import { humanDuration } from "../format/words.ts";
import type { Evidence } from "./evidence.ts";

type Container = Evidence["container"];

/** "3 minutes ago (2026-11-23T21:59:36Z)". */
export function when(time: string, nowMs: number): string {
  const at = Date.parse(time);
  return `${humanDuration((nowMs - at) / 1000).toLowerCase()} ago (${new Date(at).toISOString().replace(/\.\d+/, "")})`;
}

export function quotedProgram({ Path }: Container): string {
  return JSON.stringify(Path);
}

const longestCommand = 60;

export function programText({ Path, Args }: Container): string {
  const text = [Path, ...Args].join(" ");
  return text.length > longestCommand ? `${text.slice(0, longestCommand)}…` : text;
}

/** The signal that an exit code stands for, by the custom of shells and engines. */
export function signalOf(exitCode: number): number | undefined {
  return exitCode > 128 && exitCode < 128 + 65 ? exitCode - 128 : undefined;
}

/** "its last run ended with exit code 3". */
export function exitText({ container: { State } }: Evidence): string {
  if (State.OOMKilled) return "its last run was killed for want of memory";
  const signal = signalOf(State.ExitCode);
  if (signal !== undefined) return `its last run was ended by ${signalName(signal)}`;
  return `its last run ended with exit code ${State.ExitCode}`;
}

/** "on-failure:3". */
export function policyText({ HostConfig: { RestartPolicy } }: Container): string {
  const { Name, MaximumRetryCount } = RestartPolicy;
  return MaximumRetryCount > 0 ? `${Name}:${MaximumRetryCount}` : Name || "no";
}

/** A client as it names itself, in words. */
export function clientText(userAgent: string): string {
  if (userAgent === "") return "a client that does not name itself";
  const [, product = userAgent, version] = /^([^/\s]+)(?:\/(\S+))?/.exec(userAgent) ?? [];
  if (product === "Sampan-Engine") return "the engine, as the machine went down,";
  if (product === "Sampan-Client") return "the sampan client";
  if (product === "Docker-Client") return `the docker client${version ? ` ${version}` : ""}`;
  return `a client (${userAgent})`;
}

/** For the beginning of a sentence. */
export function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
