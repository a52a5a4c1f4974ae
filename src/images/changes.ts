// `--change` of import and commit: single Dockerfile instructions applied to the config of an image.
import { parseDurationMs } from "../base/moment.ts";
import { InvalidParameterError } from "../base/errors.ts";
import type { HealthConfig, StringSet } from "../spec/docker.ts";
import type { ImageRunConfig } from "../spec/oci-image.ts";
import { expandWord, splitWords, variablesOf, type Variables } from "./instruction-words.ts";

type Instruction = (config: ImageRunConfig, text: string, expand: (word: string) => string) => ImageRunConfig;

/** The config after all changes, in order. @throws InvalidParameterError in dockerd's words. */
export function applyChanges(config: ImageRunConfig, changes: readonly string[]): ImageRunConfig {
  const given = instructionsIn(changes);
  const changed = given.reduce(applyChange, config);
  const names = new Set(given.map((change) => change.trim().split(/\s/, 1)[0]?.toUpperCase()));
  // The command of the base belonged to its entrypoint.
  return names.has("ENTRYPOINT") && !names.has("CMD") ? { ...changed, Cmd: null } : changed;
}

/**
 * A change is read like lines of a Dockerfile: it may hold several instructions, comments, and lines that a backslash
 * joins to the next one.
 */
function instructionsIn(changes: readonly string[]): string[] {
  return changes
    .join("\n")
    .split("\n")
    .filter((line) => !/^\s*#/.test(line))
    .join("\n")
    .replaceAll(/\\[ \t\r]*\n/g, "")
    .split("\n")
    .filter((line) => line.trim() !== "");
}

function applyChange(config: ImageRunConfig, change: string): ImageRunConfig {
  const [, word = "", rest = ""] = /^\s*(\S+)(?:\s+([^]*))?$/.exec(change) ?? [];
  const name = word.toUpperCase();
  const instruction = Object.hasOwn(instructions, name) ? instructions[name] : undefined;
  if (instruction === undefined) {
    const isKnown = otherInstructions.has(name);
    throw new InvalidParameterError(
      isKnown ? `${word.toLowerCase()} is not a valid change command` : `unknown instruction: ${word}`,
    );
  }
  const text = rest.trim();
  if (text === "") throw new InvalidParameterError(`${name} requires at least one argument`);
  const variables = variablesOf(config.Env ?? []);
  return instruction(config, text, (part) => expandWord(part, variables));
}

const otherInstructions = new Set(["FROM", "RUN", "COPY", "ADD", "ARG", "MAINTAINER", "SHELL"]);

const instructions: Readonly<Record<string, Instruction>> = {
  CMD: (config, text) => ({ ...config, Cmd: program(config, text) }),
  ENTRYPOINT: (config, text) => ({ ...config, Entrypoint: program(config, text) }),
  ENV: (config, text) => {
    const variables = variablesOf(config.Env ?? []);
    return { ...config, Env: withVariables(config.Env ?? [], pairs("ENV", text, variables)) };
  },
  LABEL: (config, text) => {
    const labels = pairs("LABEL", text, variablesOf(config.Env ?? []));
    return { ...config, Labels: { ...config.Labels, ...Object.fromEntries(labels) } };
  },
  EXPOSE: (config, text, expand) => ({
    ...config,
    ExposedPorts: withKeys(config.ExposedPorts, splitWords(text).map(expand).flatMap(ports)),
  }),
  VOLUME: (config, text, expand) => {
    const paths = (jsonList(text) ?? splitWords(text)).map(expand);
    if (paths.some((path) => path.trim() === ""))
      throw new InvalidParameterError("VOLUME specified can not be an empty string");
    return { ...config, Volumes: withKeys(config.Volumes, paths) };
  },
  USER: (config, text, expand) => ({ ...config, User: single("USER", text, expand) }),
  WORKDIR: (config, text, expand) => ({ ...config, WorkingDir: absolute(config.WorkingDir, expand(text)) }),
  STOPSIGNAL: (config, text, expand) => ({
    ...config,
    StopSignal: signal(single("STOPSIGNAL", text, expand)),
  }),
  ONBUILD: (config, text) => ({ ...config, OnBuild: [...(config.OnBuild ?? []), trigger(text)] }),
  HEALTHCHECK: (config, text) => ({ ...config, Healthcheck: healthcheck(text) }),
};

/** `["a", "b"]` is run as it is, anything else by the shell. */
function program(config: ImageRunConfig, text: string): readonly string[] {
  return jsonList(text) ?? [...(config.Shell ?? ["/bin/sh", "-c"]), text];
}

/** A JSON list of strings; what is not quite one is plain text, as in a Dockerfile. */
function jsonList(text: string): readonly string[] | undefined {
  if (!text.startsWith("[")) return undefined;
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) && list.every((item) => typeof item === "string") ? list : undefined;
  } catch {
    return undefined;
  }
}

/** `A=1 B="two words"`, or for one variable `A the rest`. */
function pairs(name: string, text: string, variables: Variables): [string, string][] {
  const words = splitWords(text);
  const [first = ""] = words;
  if (!first.includes("=")) {
    const value = text.slice(first.length).trim();
    if (value === "") throw new InvalidParameterError(`${name} must have two arguments`);
    return [[first, expandWord(value, variables)]];
  }
  return words.map((word) => {
    const equals = word.indexOf("=");
    if (equals === -1)
      throw new InvalidParameterError(
        `Syntax error - can't find = in "${word}". Must be of the form: name=value`,
      );
    const key = expandWord(word.slice(0, equals), variables);
    if (key === "") throw new InvalidParameterError(`${name} names can not be blank`);
    return [key, expandWord(word.slice(equals + 1), variables)];
  });
}

function withVariables(env: readonly string[], added: readonly (readonly [string, string])[]): string[] {
  const result = [...env];
  for (const [name, value] of added) {
    const at = result.findIndex((entry) => entry.split("=", 1)[0] === name);
    if (at === -1) result.push(`${name}=${value}`);
    else result[at] = `${name}=${value}`;
  }
  return result;
}

function withKeys(set: StringSet | null | undefined, keys: readonly string[]): StringSet {
  return { ...set, ...Object.fromEntries(keys.map((key) => [key, {}])) };
}

/** `80`, `53/udp`, `7000-7002/tcp`: each port by itself. */
function ports(spec: string): string[] {
  const match = /^(\d+)(?:-(\d+))?(?:\/(\w+))?$/.exec(spec);
  const [, first = "", last = first, protocol = "tcp"] = match ?? [];
  const [from, to] = [Number(first), Number(last)];
  const isProtocol = ["tcp", "udp", "sctp"].includes(protocol.toLowerCase());
  if (match === null || from < 1 || to > 65_535 || from > to || !isProtocol)
    throw new InvalidParameterError(`invalid containerPort: ${spec}`);
  return Array.from({ length: to - from + 1 }, (_, at) => `${from + at}/${protocol.toLowerCase()}`);
}

function single(name: string, text: string, expand: (word: string) => string): string {
  const words = splitWords(text);
  if (words.length !== 1) throw new InvalidParameterError(`${name} requires exactly one argument`);
  return expand(words[0] ?? "");
}

/** Below the working directory so far, dots resolved. */
function absolute(before: string | undefined, path: string): string {
  const parts: string[] = [];
  const whole = path.startsWith("/") ? path : `${before ?? ""}/${path}`;
  for (const part of whole.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}

function signal(text: string): string {
  if (/^(?:\d{1,2}|(?:SIG)?[A-Z][A-Z0-9]*(?:[+-]\d{1,2})?)$/i.test(text)) return text;
  throw new InvalidParameterError(`Invalid signal: ${text}`);
}

function trigger(text: string): string {
  const [word = ""] = text.split(/\s/, 1);
  if (word.toUpperCase() === "ONBUILD")
    throw new InvalidParameterError("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
  if (["FROM", "MAINTAINER"].includes(word.toUpperCase()))
    throw new InvalidParameterError(`${word.toUpperCase()} isn't allowed as an ONBUILD trigger`);
  return text;
}

const nsPerMs = 1_000_000;

const healthOptions: Readonly<Record<string, keyof HealthConfig>> = {
  interval: "Interval",
  timeout: "Timeout",
  "start-period": "StartPeriod",
  "start-interval": "StartInterval",
  retries: "Retries",
};

/** `NONE`, or `[--interval=30s …] CMD program`. */
function healthcheck(text: string): HealthConfig {
  const [, flags = "", type = "", rest = ""] = /^((?:--\S+\s+)*)(\S+)\s*([^]*)$/.exec(text) ?? [];
  const options: Record<string, number> = {};
  for (const flag of flags.split(/\s+/).filter(Boolean)) {
    const [, name = "", value = ""] = /^--([^=]+)=?(.*)$/.exec(flag) ?? [];
    const field = Object.hasOwn(healthOptions, name) ? healthOptions[name] : undefined;
    if (field === undefined) throw new InvalidParameterError(`unknown flag: --${name}`);
    options[field] = field === "Retries" ? retries(value) : durationNs(name, value);
  }
  switch (type.toUpperCase()) {
    case "NONE":
      if (rest !== "") throw new InvalidParameterError("HEALTHCHECK NONE takes no arguments");
      return { Test: ["NONE"] };
    case "CMD": {
      if (rest === "") throw new InvalidParameterError("Missing command after HEALTHCHECK CMD");
      const list = jsonList(rest);
      return { Test: list === undefined ? ["CMD-SHELL", rest] : ["CMD", ...list], ...options };
    }
    default:
      throw new InvalidParameterError(`Unknown type ${JSON.stringify(type)} in HEALTHCHECK (try CMD)`);
  }
}

function retries(value: string): number {
  if (/^\d{1,9}$/.test(value)) return Number(value);
  throw new InvalidParameterError(`--retries must be a number: ${JSON.stringify(value)}`);
}

function durationNs(name: string, value: string): number {
  const ms = parseDurationMs(value);
  if (ms === undefined)
    throw new InvalidParameterError(`--${name}: invalid duration ${JSON.stringify(value)}`);
  if (ms !== 0 && ms < 1) throw new InvalidParameterError(`--${name} cannot be less than 1ms`);
  return Math.round(ms * nsPerMs);
}
