// One repository of a registry: manifests, blobs and uploads, by the distribution specification 1.1. What it hands out is
// checked against the digest and the size that were asked for; blobs are checked by whoever reads them (blob-download.ts).
import type { Clock } from "../base/host.ts";
import { InvalidParameterError } from "../base/errors.ts";
import { digestOf, isDigest, type Digest } from "../spec/digest.ts";
import { isIndexType, mediaTypes, type Descriptor } from "../spec/oci-image.ts";
import type { Endpoint } from "./endpoint.ts";
import {
  limitedBytes,
  limitedText,
  RegistryResponseError,
  responseError,
  UnreachableError,
} from "./registry-error.ts";
import { Session, type SessionRequest } from "./session.ts";
import type { Transport } from "./transport.ts";
import type { Credentials } from "./credentials.ts";

export type FetchedManifest = {
  readonly bytes: Uint8Array;
  /** As the registry says; empty where it says nothing of use. */
  readonly mediaType: string;
  readonly digest: Digest;
};

export type RepositoryOptions = {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly endpoint: Endpoint;
  /** Its path: `library/busybox`. */
  readonly path: string;
  readonly credentials: Credentials | undefined;
  readonly actions: "pull" | "pull,push";
};

/** As dockerd and containerd have it. */
const maxManifestBytes = 4 << 20;
const maxListBytes = 16 << 20;
const maxPages = 1000;

const acceptedManifests = [
  mediaTypes.ociIndex,
  mediaTypes.dockerManifestList,
  mediaTypes.ociManifest,
  mediaTypes.dockerManifest,
  "*/*;q=0.1",
].join(", ");

export class Repository {
  readonly endpoint: Endpoint;
  /** With the prefix that the endpoint puts before it: what the registry itself calls it. */
  readonly path: string;
  readonly #session: Session;
  readonly #scope: string;

  constructor({ transport, clock, endpoint, path, credentials, actions }: RepositoryOptions) {
    this.endpoint = endpoint;
    this.path = `${endpoint.prefix}${path}`;
    this.#session = new Session(transport, endpoint, credentials, clock);
    this.#scope = `repository:${this.path}:${actions}`;
  }

  /**
   * The manifest or index under a tag or a digest, verified where a digest (and size) is known.
   * @throws RegistryResponseError, UnreachableError; InvalidParameterError for bytes that are not what was asked for.
   */
  async manifest(
    reference: string,
    signal: AbortSignal,
    expected?: Pick<Descriptor, "size">,
  ): Promise<FetchedManifest> {
    const response = await this.#send({
      method: "GET",
      target: this.#url(`manifests/${reference}`),
      headers: { Accept: acceptedManifests },
      signal,
    });
    if (response.status !== 200) throw await responseError(response, `manifest ${reference} of ${this.path}`);
    const bytes = await limitedBytes(response, maxManifestBytes).catch(cutOff);
    const digest = digestOf(bytes);
    if (reference.includes(":") && digest !== reference)
      throw new InvalidParameterError(
        `manifest verification failed for digest ${reference}: the registry sent ${digest}`,
      );
    if (expected !== undefined && expected.size !== bytes.length)
      throw new InvalidParameterError(
        `manifest ${digest} has ${bytes.length} bytes, not the ${expected.size} that its index declares`,
      );
    return { bytes, digest, mediaType: mediaTypeOf(response) };
  }

  /** What a tag or digest leads to, without its body; undefined where there is nothing. */
  async findManifest(reference: string, signal: AbortSignal): Promise<Digest | undefined> {
    const response = await this.#send({
      method: "HEAD",
      target: this.#url(`manifests/${reference}`),
      headers: { Accept: acceptedManifests },
      signal,
    });
    const digest = response.headers.get("docker-content-digest") ?? "";
    return response.status === 200 && isDigest(digest) ? digest : undefined;
  }

  async putManifest(
    reference: string,
    bytes: Uint8Array,
    mediaType: string,
    signal: AbortSignal,
  ): Promise<void> {
    const response = await this.#send({
      method: "PUT",
      target: this.#url(`manifests/${reference}`),
      headers: { "Content-Type": mediaType },
      body: () => bytes,
      signal,
    });
    if (response.status >= 300 || response.status < 200)
      throw await responseError(response, `manifest ${reference}`);
    await response.body?.cancel();
  }

  /** All tags, in the registry's order. */
  async tags(signal: AbortSignal): Promise<string[]> {
    return await this.#list(this.#url("tags/list"), "tags", { signal });
  }

  /** The repositories that the registry has and shows, all of them. */
  async catalog(signal: AbortSignal): Promise<string[]> {
    return await this.#list("/v2/_catalog", "repositories", { scopes: ["registry:catalog:*"], signal });
  }

  /** Texts under `key`, page by page. */
  async #list(
    first: string,
    key: string,
    options: { readonly scopes?: readonly string[]; readonly signal: AbortSignal },
  ): Promise<string[]> {
    const found: string[] = [];
    let target: string | undefined = first;
    for (let page = 0; target !== undefined && page < maxPages; page += 1) {
      const response: Response = await this.#send({ ...options, method: "GET", target });
      if (response.status !== 200) throw await responseError(response, `${key} of ${this.path}`);
      found.push(...parseList(await limitedText(response, maxListBytes).catch(cutOff), key));
      target = this.#next(response, target);
    }
    return found;
  }

  /**
   * The bytes of a blob from `from` to before `until`. The registry may not know ranges: then the body is the whole blob.
   * @throws RegistryResponseError, UnreachableError.
   */
  async blob(
    { digest, size }: Pick<Descriptor, "digest" | "size">,
    from: number,
    until: number,
    signal: AbortSignal,
  ): Promise<{ readonly response: Response; readonly start: number; readonly end: number }> {
    const range = `bytes=${from}-${until < size ? until - 1 : ""}`;
    const response = await this.#send({
      method: "GET",
      target: this.#url(`blobs/${digest}`),
      headers: from > 0 || until < size ? { Range: range } : {},
      signal,
    });
    if (response.status === 200) return { response, start: 0, end: size };
    if (response.status !== 206) throw await responseError(response, `blob ${digest}`);
    const sent = /^bytes (\d{1,15})-/.exec(response.headers.get("content-range") ?? "");
    if (Number(sent?.[1] ?? -1) === from) return { response, start: from, end: until };
    await response.body?.cancel();
    throw new UnreachableError(`the registry sent another part of blob ${digest} than was asked for`);
  }

  async hasBlob(digest: string, signal: AbortSignal): Promise<boolean> {
    const response = await this.#send({ method: "HEAD", target: this.#url(`blobs/${digest}`), signal });
    if (response.status === 200) return true;
    if (response.status === 404) return false;
    throw await responseError(response, `blob ${digest}`);
  }

  /**
   * Begins an upload, or takes the blob over from another repository of the same registry.
   * @returns where to send the bytes, or `mounted`.
   */
  async startUpload(
    signal: AbortSignal,
    mount?: { readonly digest: string; readonly from: string },
  ): Promise<URL | "mounted"> {
    const query =
      mount === undefined
        ? ""
        : `?${new URLSearchParams({ mount: mount.digest, from: mount.from }).toString()}`;
    const response = await this.#send({
      method: "POST",
      target: this.#url(`blobs/uploads/${query}`),
      scopes: mount === undefined ? [] : [`repository:${mount.from}:pull`],
      signal,
    });
    if (mount !== undefined && response.status === 201) {
      await response.body?.cancel();
      return "mounted";
    }
    if (response.status !== 202) throw await responseError(response, "the start of an upload");
    await response.body?.cancel();
    return this.#location(response, new URL(this.#url("blobs/uploads/"), this.endpoint.origin));
  }

  /** Sends bytes to an upload, all of them in one stream. @returns where the upload goes on. */
  async uploadStream(to: URL, body: () => AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<URL> {
    const response = await this.#send({
      method: "PATCH",
      target: to,
      headers: { "Content-Type": "application/octet-stream" },
      body,
      signal,
    });
    if (response.status !== 202 && response.status !== 204) throw await responseError(response, "an upload");
    await response.body?.cancel();
    return this.#location(response, to);
  }

  /** Ends an upload, with its last bytes: for a small blob these are all. */
  async finishUpload(to: URL, digest: string, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    const target = new URL(to);
    target.searchParams.set("digest", digest);
    const response = await this.#send({
      method: "PUT",
      target,
      headers: { "Content-Type": "application/octet-stream", "Content-Length": String(bytes.length) },
      body: () => bytes,
      signal,
    });
    if (response.status !== 201 && response.status !== 204)
      throw await responseError(response, `the end of the upload of ${digest}`);
    await response.body?.cancel();
  }

  /** @throws UnreachableError when nobody answers there; what is answered does not matter. */
  async ping(signal: AbortSignal): Promise<void> {
    const response = await this.#session.ping(signal);
    await response.body?.cancel();
  }

  async signIn(signal: AbortSignal): Promise<string | undefined> {
    return await this.#session.signIn(signal);
  }

  async #send(
    request: Omit<SessionRequest, "scopes"> & { readonly scopes?: readonly string[] },
  ): Promise<Response> {
    return await this.#session.send({ ...request, scopes: [this.#scope, ...(request.scopes ?? [])] });
  }

  #url(rest: string): string {
    return `/v2/${this.path}/${rest}`;
  }

  #location(response: Response, base: URL): URL {
    const location = response.headers.get("location") ?? "";
    const url = URL.canParse(location, base.href) ? new URL(location, base) : undefined;
    if (location === "" || url === undefined || !["http:", "https:"].includes(url.protocol))
      throw new RegistryResponseError(
        response.status,
        [],
        "the registry does not say where an upload goes on",
      );
    if (base.protocol === "https:" && url.protocol === "http:") {
      // A registry behind a proxy that ends TLS may not know it: the proxy does.
      if (url.hostname === base.hostname) return new URL(`${base.origin}${url.pathname}${url.search}`);
      throw new RegistryResponseError(
        response.status,
        [],
        "the registry sends an upload from https to plain http",
      );
    }
    return url;
  }

  /** The next page, by a Link header (RFC 8288) that stays with this registry. */
  #next(response: Response, from: string): string | undefined {
    const link = /<([^>]+)>\s*;\s*rel="?next"?/.exec(response.headers.get("link") ?? "")?.[1];
    if (link === undefined) return undefined;
    const base = new URL(from, this.endpoint.origin);
    const url = URL.canParse(link, base.href) ? new URL(link, base) : undefined;
    return url?.origin === base.origin ? `${url.pathname}${url.search}` : undefined;
  }
}

function mediaTypeOf(response: Response): string {
  const type = (response.headers.get("content-type") ?? "").split(";", 1)[0]?.trim() ?? "";
  return isIndexType(type) || type.startsWith("application/vnd.") ? type : "";
}

function parseList(text: string, key: string): string[] {
  try {
    const list = (JSON.parse(text) as Record<string, unknown> | null)?.[key];
    if (Array.isArray(list)) return list.filter((item) => typeof item === "string");
    if (list === null || list === undefined) return [];
  } catch {
    // Said below.
  }
  throw new InvalidParameterError(`the registry's list of ${key} cannot be read`);
}

/** A body that breaks off. */
function cutOff(err: unknown): never {
  if (err instanceof RegistryResponseError || (err instanceof Error && err.name === "AbortError")) throw err;
  throw new UnreachableError("the registry's answer broke off", { cause: err });
}
