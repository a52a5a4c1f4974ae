// What the verbs on registries share: how to reach one, how much at once, and what is under way.
import type { Host } from "../base/host.ts";
import { KeyedLock } from "../base/keyed-lock.ts";
import { Limiter } from "../base/limiter.ts";
import { SingleFlight } from "../base/single-flight.ts";
import { join } from "node:path";
import type { Image, ImageStore } from "../images/image-store.ts";
import { registryOfAddress, type Credentials } from "../registry/credentials.ts";
import { dockercfgName, readDockercfg } from "../registry/dockercfg.ts";
import { endpointsOf, type Endpoint, type RegistryConfig } from "../registry/endpoint.ts";
import { atFirstEndpoint } from "../registry/first-endpoint.ts";
import type { ProxySettings } from "../registry/proxy.ts";
import { limitedText, responseError } from "../registry/registry-error.ts";
import { Repository } from "../registry/repository.ts";
import { Transport } from "../registry/transport.ts";
import type { ProgressMessage } from "../spec/docker-images.ts";
import { fullName, type Reference } from "../spec/reference.ts";
import { Compressors } from "../storage/compress.ts";
import { LayerUnpackers } from "../storage/layer-unpackers.ts";
import type { StagedLayer } from "../storage/layer-store.ts";
import type { Engine } from "./engine.ts";

export type RegistrySettings = RegistryConfig & {
  readonly proxies: ProxySettings;
  /** Layers at once, over all pulls (pushes). */
  readonly maxConcurrentDownloads: number;
  readonly maxConcurrentUploads: number;
};

const maxSearchBytes = 4 << 20;

export type PullResult = { readonly image: Image; readonly digest: string; readonly isNew: boolean };

export class Registries {
  readonly config: RegistrySettings;
  readonly transport: Transport;
  readonly downloads: Limiter;
  readonly uploads: Limiter;
  readonly unpackers: LayerUnpackers;
  readonly compressors: Compressors;
  /** By reference and platform. */
  readonly pulls: SingleFlight<PullResult, ProgressMessage>;
  /** Layers being fetched, and those that wait for the rest of their image, by the digest of their blobs. */
  readonly layers: SingleFlight<StagedLayer, ProgressMessage>;
  /** By digest: one reader and writer of a partial download at a time. */
  readonly ingestLocks = new KeyedLock();
  readonly #dockercfg: string;

  constructor(config: RegistrySettings, images: ImageStore, root: string) {
    this.config = config;
    this.transport = new Transport(config, config.proxies);
    this.downloads = new Limiter(config.maxConcurrentDownloads);
    this.uploads = new Limiter(config.maxConcurrentUploads);
    const pool = images.layers.threads;
    this.compressors = new Compressors(pool);
    this.unpackers = new LayerUnpackers(pool, config.maxConcurrentDownloads);
    this.pulls = new SingleFlight();
    this.layers = new SingleFlight((layer) => images.layers.discard(layer));
    this.#dockercfg = join(root, dockercfgName);
  }

  /** Docker Hub's own answer to a search. */
  async searchHub(term: string, limit: number, signal: AbortSignal): Promise<string> {
    const url = new URL("https://index.docker.io/v1/search");
    url.search = new URLSearchParams({ q: term, n: String(limit) }).toString();
    const response = await this.transport.send({ method: "GET", url, signal });
    if (response.status !== 200) throw await responseError(response, "Docker Hub's search");
    return await limitedText(response, maxSearchBytes);
  }

  /** The caller's, else those that the first Docker's file keeps for the one registry that it knew. */
  credentialsFor(domain: string, given: Credentials | undefined): Credentials | undefined {
    if (given !== undefined || domain !== "docker.io") return given;
    return readDockercfg(this.#dockercfg).find(({ server }) => registryOfAddress(server) === domain);
  }
}

export type Access = {
  readonly reference: Reference;
  readonly credentials: Credentials | undefined;
  readonly signal: AbortSignal;
};

/** Does `work` with the first of the places of a reference's repository that can do it: mirrors, then the registry itself. */
export async function atRegistry<T>(
  { host, registries }: Pick<Engine, "host" | "registries">,
  purpose: "pull" | "push",
  { reference, credentials, signal }: Access,
  work: (repository: Repository) => Promise<T>,
): Promise<T> {
  const endpoints = endpointsOf(registries.config, reference.domain, purpose);
  return await atFirstEndpoint(endpoints, signal, async (endpoint, isLast) => {
    host.log.debug("asking registry", { registry: endpoint.origin, image: fullName(reference) });
    const repository = openRepository(host, registries, endpoint, purpose, reference, credentials);
    // What has another place to go to learns it at once, and not after repeating an upload.
    if (purpose === "push" && !isLast) await repository.ping(signal);
    return await work(repository);
  });
}

function openRepository(
  { clock }: Host,
  registries: Registries,
  endpoint: Endpoint,
  purpose: "pull" | "push",
  { domain, path }: Reference,
  credentials: Credentials | undefined,
): Repository {
  return new Repository({
    transport: registries.transport,
    clock,
    endpoint,
    path,
    credentials: registries.credentialsFor(domain, credentials),
    actions: purpose === "pull" ? "pull" : "pull,push",
  });
}
