// One registry as one user sees it: requests are sent with what the registry asks for, which is found out by its refusal.
//
//   request ──► 401 WWW-Authenticate ──► token server ──► token ──► the request again, and all later ones of that scope
import type { Clock } from "../base/host.ts";
import { UnauthorizedError } from "../base/errors.ts";
import { parseChallenges, type Challenge } from "./challenge.ts";
import type { Credentials } from "./credentials.ts";
import type { Endpoint } from "./endpoint.ts";
import { basicAuthorization, fetchToken, type Token } from "./token.ts";
import type { Exchange, Transport } from "./transport.ts";

export type SessionRequest = {
  readonly method: Exchange["method"];
  /** Below the endpoint (`/v2/…`), or a whole URL that the registry gave. */
  readonly target: string | URL;
  readonly headers?: Readonly<Record<string, string>>;
  /** Called again where the request has to be sent again. */
  readonly body?: () => NonNullable<Exchange["body"]>;
  /** What the request needs, such as `repository:app:pull,push`. */
  readonly scopes: readonly string[];
  readonly signal: AbortSignal;
};

/** A token that ends within this time is not used for a new request. */
const reserveMs = 10_000;

export class Session {
  readonly endpoint: Endpoint;
  readonly #transport: Transport;
  readonly #credentials: Credentials | undefined;
  readonly #clock: Clock;
  readonly #tokens = new Map<string, Promise<Token>>();
  #challenges: readonly Challenge[] = [];

  constructor(transport: Transport, endpoint: Endpoint, credentials: Credentials | undefined, clock: Clock) {
    this.endpoint = endpoint;
    this.#transport = transport;
    // A mirror is another party: the user's credentials are for the registry itself.
    this.#credentials = endpoint.isMirror ? undefined : credentials;
    this.#clock = clock;
  }

  /**
   * The answer, whatever its status.
   * @throws UnauthorizedError when the registry asks for what the user does not have; UnreachableError.
   */
  async send(request: SessionRequest): Promise<Response> {
    const url = new URL(request.target, this.endpoint.origin);
    const response = await this.#sendWith(request, url, await this.#authorization(request));
    if (response.status !== 401 || url.origin !== this.endpoint.origin) return response;
    const challenges = parseChallenges(response.headers.get("www-authenticate") ?? "");
    if (challenges.length === 0) return response;
    await response.body?.cancel();
    this.#challenges = challenges;
    this.#tokens.delete(keyOf(request.scopes));
    const authorization = await this.#authorization(request);
    if (authorization === undefined) throw new UnauthorizedError("no basic auth credentials");
    return await this.#sendWith(request, url, authorization);
  }

  /** Asks whether a registry is there, without saying who asks. */
  async ping(signal: AbortSignal): Promise<Response> {
    const url = new URL("/v2/", this.endpoint.origin);
    return await this.#sendWith({ method: "GET", target: url, scopes: [], signal }, url, undefined);
  }

  /** Signs in. @returns the identity token that the server gives in exchange for the password, if it does. */
  async signIn(signal: AbortSignal): Promise<string | undefined> {
    const request = { method: "GET", target: "/v2/", scopes: [], signal } as const;
    const url = new URL(request.target, this.endpoint.origin);
    const first = await this.ping(signal);
    await first.body?.cancel();
    this.#challenges = parseChallenges(first.headers.get("www-authenticate") ?? "");
    const bearer = this.#challenges.find(({ scheme }) => scheme === "bearer");
    if (first.status !== 401) return undefined;
    const token = bearer === undefined ? undefined : await this.#fetch(bearer, request, true);
    const response = await this.#sendWith(
      request,
      url,
      token === undefined ? await this.#authorization(request) : `Bearer ${token.value}`,
    );
    await response.body?.cancel();
    if (response.status === 401) throw new UnauthorizedError("unauthorized: incorrect username or password");
    return token?.identityToken;
  }

  async #sendWith(
    { method, headers, body, signal }: SessionRequest,
    url: URL,
    authorization: string | undefined,
  ): Promise<Response> {
    return await this.#transport.send(
      {
        method,
        url,
        signal,
        ...(headers === undefined ? {} : { headers }),
        ...(body === undefined ? {} : { body: body() }),
        // An upload may be sent on to another host, which has its own ways to know us.
        authorization: url.origin === this.endpoint.origin ? authorization : undefined,
      },
      this.endpoint,
    );
  }

  async #authorization(request: SessionRequest): Promise<string | undefined> {
    const credentials = this.#credentials;
    if (credentials?.registryToken !== undefined) return `Bearer ${credentials.registryToken}`;
    for (const challenge of this.#challenges) {
      if (challenge.scheme === "bearer") return `Bearer ${(await this.#token(challenge, request)).value}`;
      if (challenge.scheme === "basic" && credentials !== undefined) return basicAuthorization(credentials);
    }
    return undefined;
  }

  /** One request for a token at a time; it serves all that wait for it. */
  async #token(challenge: Challenge, request: SessionRequest): Promise<Token> {
    const key = keyOf(request.scopes);
    const known = await this.#tokens.get(key);
    if (known !== undefined && known.expiresAtMs - reserveMs > this.#clock.now().getTime()) return known;
    const pending = this.#fetch(challenge, request, false);
    this.#tokens.set(key, pending);
    pending.catch(() => this.#tokens.delete(key));
    return await pending;
  }

  async #fetch(challenge: Challenge, { scopes, signal }: SessionRequest, offline: boolean): Promise<Token> {
    const scope = challenge.parameters.get("scope");
    return await fetchToken(this.#transport, {
      challenge,
      scopes: scopes.length > 0 || scope === undefined ? scopes : [scope],
      credentials: this.#credentials,
      offline,
      isInsecure: this.endpoint.isInsecure || this.endpoint.origin.startsWith("http:"),
      nowMs: this.#clock.now().getTime(),
      signal,
    });
  }
}

function keyOf(scopes: readonly string[]): string {
  return scopes.join(" ");
}
