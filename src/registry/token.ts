// Tokens of a registry's token server (distribution specification, "Token Authentication"; Docker's OAuth2 variant).
import { UnauthorizedError } from "../base/errors.ts";
import type { Challenge } from "./challenge.ts";
import type { Credentials } from "./credentials.ts";
import { limitedText, responseError } from "./registry-error.ts";
import type { Transport } from "./transport.ts";

export type Token = {
  readonly value: string;
  /** Unix milliseconds. */
  readonly expiresAtMs: number;
  /** Stands for the user's password from now on, where one was asked for. */
  readonly identityToken?: string;
};

export type TokenRequest = {
  /** Of the scheme `bearer`. */
  readonly challenge: Challenge;
  /** `repository:library/busybox:pull`; several where blobs are taken from another repository. */
  readonly scopes: readonly string[];
  readonly credentials: Credentials | undefined;
  /** Ask for an identity token too (a login). */
  readonly offline?: boolean;
  /** The registry was reached by plain http or without a look at its certificate, so that its token server may be too. */
  readonly isInsecure: boolean;
  readonly nowMs: number;
  readonly signal: AbortSignal;
};

const maxAnswerBytes = 1 << 20;
const clientId = "sampan";
/** What the specification says where the answer does not. */
const defaultLifeSeconds = 60;
const longestLifeSeconds = 24 * 3600;

/** @throws UnauthorizedError when the server does not give one; UnreachableError. */
export async function fetchToken(transport: Transport, request: TokenRequest): Promise<Token> {
  const { challenge, credentials, signal } = request;
  const realm = realmOf(challenge);
  if (credentials !== undefined && realm.protocol === "http:" && !request.isInsecure)
    throw new UnauthorizedError(`credentials are not sent to ${realm.host} by plain http`);
  const response =
    credentials?.identityToken === undefined
      ? await askByGet(transport, realm, request)
      : await askByPost(transport, realm, request, credentials.identityToken);
  if (!response.ok) {
    const { message } = await responseError(response, `the token server ${realm.host}`);
    throw new UnauthorizedError(
      response.status === 401 || response.status === 403
        ? "unauthorized: incorrect username or password"
        : message,
    );
  }
  signal.throwIfAborted();
  return parseToken(await limitedText(response, maxAnswerBytes), request.nowMs, realm.host);
}

function realmOf({ parameters }: Challenge): URL {
  const text = parameters.get("realm") ?? "";
  const realm = URL.canParse(text) ? new URL(text) : undefined;
  if (realm === undefined || !["http:", "https:"].includes(realm.protocol))
    throw new UnauthorizedError("the registry asks for a token and names no server that gives one");
  return realm;
}

async function askByGet(transport: Transport, realm: URL, request: TokenRequest): Promise<Response> {
  const { challenge, scopes, credentials, offline, signal } = request;
  const url = new URL(realm);
  const service = challenge.parameters.get("service");
  if (service !== undefined) url.searchParams.set("service", service);
  for (const scope of scopes) url.searchParams.append("scope", scope);
  if (offline) {
    url.searchParams.set("offline_token", "true");
    url.searchParams.set("client_id", clientId);
  }
  if (credentials !== undefined) url.searchParams.set("account", credentials.username);
  const authorization = credentials === undefined ? undefined : basicAuthorization(credentials);
  return await transport.send({ method: "GET", url, authorization, signal });
}

async function askByPost(
  transport: Transport,
  url: URL,
  { challenge, scopes, signal }: TokenRequest,
  identityToken: string,
): Promise<Response> {
  const form = new URLSearchParams({
    grant_type: "refresh_token",
    refresh_token: identityToken,
    service: challenge.parameters.get("service") ?? "",
    scope: scopes.join(" "),
    client_id: clientId,
  });
  return await transport.send({
    method: "POST",
    url,
    headers: { "Content-Type": "application/x-www-form-urlencoded" },
    body: form.toString(),
    signal,
  });
}

export function basicAuthorization({ username, password }: Credentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

function parseToken(text: string, nowMs: number, server: string): Token {
  let body: Record<string, unknown> = {};
  try {
    body = (JSON.parse(text) ?? {}) as Record<string, unknown>;
  } catch {
    // Said below; the text may hold a token and is not repeated.
  }
  const value = [body["token"], body["access_token"]].find((item) => typeof item === "string" && item !== "");
  if (typeof value !== "string" || /[^\x21-\x7e]/.test(value))
    throw new UnauthorizedError(`the token server ${server} gave no token`);
  const life = Number(body["expires_in"] ?? 0) || defaultLifeSeconds;
  const identityToken = body["refresh_token"];
  return {
    value,
    expiresAtMs: nowMs + Math.min(Math.max(life, defaultLifeSeconds), longestLifeSeconds) * 1000,
    ...(typeof identityToken === "string" && identityToken !== "" ? { identityToken } : {}),
  };
}
