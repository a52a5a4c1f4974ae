// The part of the daemon's configuration that is about registries: dockerd's flags and keys, and two keys of our own.
//
//   "registries": {                                by the domain that stands in image names
//     "docker.io": {
//       "mirrors": ["https://mirror.example/hub"], asked first when pulling; a path goes before the repository's own
//       "location": "https://registry.example/x",  where the registry really is
//       "insecure": true,                          any certificate, and plain http where there is no https
//       "ca": "/ca.pem", "cert": "…", "key": "…"   trusted besides the machine's roots; shown to the registry
//     }
//   },
//   "registry-certs": ["/etc/docker/certs.d"]      folders of <host[:port]>/*.crt, *.cert and *.key
import { InvalidParameterError } from "./base/errors.ts";
import { objectOf, textOf as nonEmptyTextOf, textsOf } from "./config-values.ts";
import type { RegistrySettings } from "./engine/registries.ts";
import { certsFolders, type RegistryOptions } from "./registry/endpoint.ts";
import type { ProxySettings } from "./registry/proxy.ts";

export type RegistryFlags = {
  readonly "registry-mirror"?: readonly string[] | undefined;
  readonly "insecure-registry"?: readonly string[] | undefined;
  readonly "max-concurrent-downloads"?: string | undefined;
  readonly "max-concurrent-uploads"?: string | undefined;
  readonly "http-proxy"?: string | undefined;
  readonly "https-proxy"?: string | undefined;
  readonly "no-proxy"?: string | undefined;
};

/** Keys of daemon.json that no flag says. */
export const registryKeys = ["registries", "registry-certs", "proxies"] as const;

const defaultDownloads = 3;
const defaultUploads = 5;

/** `environment`: the proxies that the process was started with; flags and the file count more. */
export function registrySettings(
  flags: RegistryFlags,
  file: Readonly<Record<string, unknown>>,
  environment: ProxySettings,
): RegistrySettings {
  const proxies = objectOf("proxies", file["proxies"]);
  const proxy = (name: "http-proxy" | "https-proxy" | "no-proxy", fallback: string): string =>
    flags[name] ?? textOf(`proxies.${name}`, proxies[name]) ?? fallback;
  return {
    mirrors: (flags["registry-mirror"] ?? textsOf("registry-mirrors", file["registry-mirrors"]) ?? []).map(
      (mirror) => checkedPlace("registry-mirrors", mirror, true),
    ),
    insecureRegistries:
      flags["insecure-registry"] ?? textsOf("insecure-registries", file["insecure-registries"]) ?? [],
    registries: tableOf(file["registries"]),
    certsFolders: textsOf("registry-certs", file["registry-certs"]) ?? certsFolders,
    maxConcurrentDownloads: limitOf("max-concurrent-downloads", flags, file, defaultDownloads),
    maxConcurrentUploads: limitOf("max-concurrent-uploads", flags, file, defaultUploads),
    proxies: {
      http: proxy("http-proxy", environment.http),
      https: proxy("https-proxy", environment.https),
      no: proxy("no-proxy", environment.no),
    },
  };
}

function tableOf(value: unknown): Readonly<Record<string, RegistryOptions>> {
  return Object.fromEntries(
    Object.entries(objectOf("registries", value)).map(([domain, entry]) => [
      domain,
      optionsOf(`registries.${domain}`, objectOf(`registries.${domain}`, entry)),
    ]),
  );
}

function optionsOf(where: string, entry: Readonly<Record<string, unknown>>): RegistryOptions {
  const { mirrors, location, insecure, ca, cert, key, ...unknown } = entry;
  const [stranger] = Object.keys(unknown);
  if (stranger !== undefined) throw new InvalidParameterError(`${where} has no option ${stranger}`);
  if (insecure !== undefined && typeof insecure !== "boolean")
    throw new InvalidParameterError(`${where}.insecure must be true or false`);
  if ((cert === undefined) !== (key === undefined))
    throw new InvalidParameterError(`${where} needs cert and key together`);
  const place = textOf(`${where}.location`, location);
  const files = {
    ca: textOf(`${where}.ca`, ca),
    cert: textOf(`${where}.cert`, cert),
    key: textOf(`${where}.key`, key),
  };
  return {
    mirrors: (textsOf(`${where}.mirrors`, mirrors) ?? []).map((mirror) => checkedPlace(where, mirror, false)),
    ...(place === undefined ? {} : { location: checkedPlace(where, place, false) }),
    ...(insecure === undefined ? {} : { insecure }),
    ...Object.fromEntries(Object.entries(files).filter(([, path]) => path !== undefined)),
  };
}

/** dockerd takes whole URLs only, and none with a path. */
function checkedPlace(where: string, place: string, asDockerd: boolean): string {
  const url = URL.canParse(place) ? new URL(place) : undefined;
  const isWeb = url?.protocol === "http:" || url?.protocol === "https:";
  if (url === undefined || !isWeb || url.host === "")
    throw new InvalidParameterError(`invalid mirror in ${where}: ${place} is no http or https URL`);
  if (url.search !== "" || url.hash !== "" || url.username !== "" || url.password !== "")
    throw new InvalidParameterError(
      `invalid mirror in ${where}: user, query or fragment in the URL of ${url.host}`,
    );
  if (asDockerd && url.pathname !== "/")
    throw new InvalidParameterError(
      `invalid mirror in ${where}: path at end of the URI ${place}: say it in the table "registries"`,
    );
  return place.replace(/\/+$/, "");
}

function limitOf(
  name: "max-concurrent-downloads" | "max-concurrent-uploads",
  flags: RegistryFlags,
  file: Readonly<Record<string, unknown>>,
  fallback: number,
): number {
  const value = Number(flags[name] ?? file[name] ?? fallback);
  if (!Number.isSafeInteger(value) || value < 0)
    throw new InvalidParameterError(`invalid ${name.replaceAll("-", " ")}: must be a number of at least 0`);
  // dockerd takes 0 as "its default".
  return value === 0 ? fallback : value;
}

/** Here "" says something: no proxy, whatever the environment has. */
function textOf(key: string, value: unknown): string | undefined {
  return value === "" ? value : nonEmptyTextOf(key, value);
}
