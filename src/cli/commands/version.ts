// `version`: of this client and of the engine.

import { buildInfo } from "../../base/build-info.ts";
import { clientApiVersion } from "../../client/engine-client.ts";
import { versionText } from "../../client/system.ts";
import type { VersionAnswer } from "../../spec/docker-system.ts";
import type { Context } from "../command.ts";
import type { Flags } from "../flags.ts";
import { printByFormat, readFormat } from "../format/one-value.ts";
import { parseGoJson } from "../template/go-json.ts";

export async function version(
  { client, stdout, contextName }: Context,
  flags: Flags,
  _operands: readonly string[],
): Promise<number> {
  const format = flags.text("format");
  const template = format === "" || format === "json" ? undefined : readFormat(format, "version");
  // The client's own part is told even when the engine does not answer.
  let server: VersionAnswer | null = null;
  let failure: unknown;
  try {
    server = withReadableTime(JSON.parse(await versionText(client)) as VersionAnswer);
  } catch (err) {
    failure = err;
  }
  const own = {
    Version: buildInfo.version,
    ApiVersion: client.apiVersion,
    DefaultAPIVersion: clientApiVersion,
    GitCommit: buildInfo.commit,
    GoVersion: `bun${Bun.version}`,
    Os: process.platform,
    Arch: process.arch === "x64" ? "amd64" : process.arch,
    BuildTime: ansiTime(buildInfo.builtAt),
    Context: contextName,
  };
  const versions: Versions = { Client: own, Server: server };
  if (format === "json") await stdout.write(`${JSON.stringify(versions)}\n`);
  else if (template === undefined) await stdout.write(pageOf(versions));
  else await printByFormat(stdout, template, parseGoJson(JSON.stringify(forTemplates(versions))));
  if (failure !== undefined) throw failure;
  return 0;
}

type Versions = { readonly Client: Readonly<Record<string, string>>; readonly Server: VersionAnswer | null };

function withReadableTime(answer: VersionAnswer): VersionAnswer {
  const Components = answer.Components.map((component) => {
    const built = component.Details["BuildTime"];
    if (built === undefined) return component;
    return { ...component, Details: { ...component.Details, BuildTime: ansiTime(built) } };
  });
  return { ...answer, Components };
}

/** A template sees Go's names of the fields, of which two differ from those on the wire. */
function forTemplates({ Client, Server }: Versions): unknown {
  const { ApiVersion, ...own } = Client;
  if (Server === null) return { Client: { ...own, APIVersion: ApiVersion }, Server };
  const { ApiVersion: APIVersion, MinAPIVersion, ...rest } = Server;
  return { Client: { ...own, APIVersion: ApiVersion }, Server: { ...rest, APIVersion, MinAPIVersion } };
}

function pageOf({ Client, Server }: Versions): string {
  const lines = [
    "Client:",
    ...rows(1, [["Version", Client["Version"]], ["API version", withDowngrade(Client)], ...common(Client)]),
  ];
  lines.push(...rows(1, [["Context", Client["Context"]]]));
  if (Server === null) return `${lines.join("\n")}\n`;
  lines.push("", `Server:${Server.Platform.Name === "" ? "" : ` ${Server.Platform.Name}`}`);
  for (const { Name, Version, Details } of Server.Components) {
    lines.push(
      ` ${Name}:`,
      ...rows(2, [["Version", Version], ...(Name === "Engine" ? engine(Details) : others(Details))]),
    );
  }
  return `${lines.join("\n")}\n`;
}

/** "1.41 (downgraded from 1.50)". */
function withDowngrade({ ApiVersion = "", DefaultAPIVersion = "" }: Versions["Client"]): string {
  return ApiVersion === DefaultAPIVersion
    ? ApiVersion
    : `${ApiVersion} (downgraded from ${DefaultAPIVersion})`;
}

type Lines = readonly (readonly [label: string, value: string | undefined])[];

function common(details: Readonly<Record<string, string>>): Lines {
  const runtime = details["GoVersion"] ?? "";
  return [
    runtime.startsWith("bun") ? ["Bun version", runtime.slice("bun".length)] : ["Go version", runtime],
    ["Git commit", details["GitCommit"]],
    ["Built", details["BuildTime"]],
    ["OS/Arch", `${details["Os"]}/${details["Arch"]}`],
  ];
}

function engine(details: Readonly<Record<string, string>>): Lines {
  const api = `${details["ApiVersion"]} (minimum version ${details["MinAPIVersion"]})`;
  return [["API version", api], ...common(details), ["Experimental", details["Experimental"]]];
}

function others(details: Readonly<Record<string, string>>): Lines {
  return Object.keys(details)
    .sort()
    .map((key) => [key, details[key]] as const);
}

const valueColumn = 20;

function rows(indent: number, lines: Lines): readonly string[] {
  return lines.map(([label, value = ""]) => `${" ".repeat(indent)}${label}:`.padEnd(valueColumn) + value);
}

const days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** RFC 3339 as "Fri May 30 12:07:14 2025"; what is no time stays as it is. */
function ansiTime(text: string): string {
  const time = new Date(text);
  if (Number.isNaN(time.getTime()) || !/^\d{4}-/.test(text)) return text;
  const clock = time.toISOString().slice(11, 19);
  const day = String(time.getUTCDate()).padStart(2);
  return `${days[time.getUTCDay()]} ${months[time.getUTCMonth()]} ${day} ${clock} ${time.getUTCFullYear()}`;
}
