// Who somebody is to a registry, as clients send it along (header X-Registry-Auth).
import { InvalidParameterError } from "../base/errors.ts";

/** No field is ever written to a log, an event or an error. */
export type Credentials = {
  readonly username: string;
  readonly password: string;
  /** Stands for a name and password at the token server (OAuth2 refresh token). */
  readonly identityToken?: string;
  /** Sent to the registry as it is. */
  readonly registryToken?: string;
};

/**
 * Reads the base64url JSON of X-Registry-Auth; undefined when it is missing, empty or names nobody.
 * @throws InvalidParameterError, which does not repeat the header.
 */
export function decodeAuthHeader(header: string | undefined): Credentials | undefined {
  if (header === undefined || header.trim() === "") return undefined;
  const body = decodeJson(header, "X-Registry-Auth");
  return body === null ? undefined : credentialsOf(body);
}

/** Reads X-Registry-Config: credentials by the registry's address, for builds that pull from several. */
export function decodeConfigHeader(header: string | undefined): ReadonlyMap<string, Credentials> {
  const found = new Map<string, Credentials>();
  if (header === undefined || header.trim() === "") return found;
  const body = decodeJson(header, "X-Registry-Config") ?? {};
  for (const [address, entry] of Object.entries(body)) {
    const credentials = isObject(entry) ? credentialsOf(entry) : undefined;
    if (credentials !== undefined) found.set(registryOfAddress(address), credentials);
  }
  return found;
}

/** An object of AuthConfig's shape, with the password apart or in `auth` (base64 of `name:password`). */
export function credentialsOf(body: Readonly<Record<string, unknown>>): Credentials | undefined {
  const text = (key: string): string => {
    const value = body[key];
    return typeof value === "string" ? value : "";
  };
  const apart = { username: text("username"), password: text("password") };
  const { username, password } = apart.username === "" ? decodeBasic(text("auth")) : apart;
  const [identityToken, registryToken] = [text("identitytoken"), text("registrytoken")];
  if (username === "" && identityToken === "" && registryToken === "") return undefined;
  return {
    username,
    password,
    ...(identityToken === "" ? {} : { identityToken }),
    ...(registryToken === "" ? {} : { registryToken }),
  };
}

/** `https://index.docker.io/v1/` and `docker.io` mean the same registry; others are known by host and port. */
export function registryOfAddress(address: string): string {
  const host = address.replace(/^https?:\/\//, "").replace(/\/.*$/, "");
  return ["index.docker.io", "registry-1.docker.io"].includes(host) ? "docker.io" : host;
}

function decodeBasic(auth: string): { readonly username: string; readonly password: string } {
  const text = Buffer.from(auth, "base64").toString("utf8").replace(/\0+$/, "");
  const colon = text.indexOf(":");
  return colon < 0
    ? { username: "", password: "" }
    : { username: text.slice(0, colon), password: text.slice(colon + 1) };
}

function decodeJson(header: string, name: string): Readonly<Record<string, unknown>> | null {
  let body: unknown;
  try {
    body = JSON.parse(Buffer.from(header, "base64").toString("utf8"));
  } catch {
    // The cause would repeat what is secret.
    throw new InvalidParameterError(`invalid ${name} header: it is no base64url of JSON`);
  }
  if (body !== null && !isObject(body))
    throw new InvalidParameterError(`invalid ${name} header: it is no object`);
  return body;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
