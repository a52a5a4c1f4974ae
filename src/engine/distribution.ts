// What a registry has, without pulling it: the descriptor and platforms of an image, and a search for names.
import { booleanFilter, checkFilterKeys, type Filters } from "../base/filters.ts";
import { InvalidParameterError } from "../base/errors.ts";
import { isObject, parseJson } from "../images/image-config.ts";
import { parseManifest } from "../images/manifest.ts";
import { downloadBytes } from "../registry/blob-download.ts";
import type { Credentials } from "../registry/credentials.ts";
import type { Repository } from "../registry/repository.ts";
import type { DistributionInspect } from "../spec/docker-registry.ts";
import type { SearchResult } from "../spec/docker-resources.ts";
import type { Platform } from "../spec/oci-image.ts";
import { parseReference, withDefaultTag, type Reference } from "../spec/reference.ts";
import type { Engine } from "./engine.ts";
import { atRegistry } from "./registries.ts";
import { pullError } from "./registry-error-words.ts";

export async function inspectDistribution(
  engine: Engine,
  reference: Reference,
  credentials: Credentials | undefined,
  signal: AbortSignal,
): Promise<DistributionInspect> {
  const tagged = withDefaultTag(reference);
  const access = { reference, credentials, signal };
  return await atRegistry(engine, "pull", access, async (repository) => {
    const found = await repository.manifest(tagged.digest ?? tagged.tag ?? "", signal);
    const manifest = parseManifest(found.bytes, found.mediaType);
    const Platforms =
      manifest.kind === "index"
        ? manifest.manifests
            .filter(({ isAttestation }) => !isAttestation)
            .map(({ platform = {} }) => platform)
        : [await platformIn(engine, repository, manifest.config, signal)];
    return {
      Descriptor: { mediaType: manifest.mediaType, digest: found.digest, size: found.bytes.length },
      Platforms: Platforms.map(platformAnswer),
    };
  }).catch((err: unknown) => {
    throw pullError(reference, err);
  });
}

async function platformIn(
  { host: { clock } }: Engine,
  repository: Repository,
  config: { readonly digest: string; readonly size: number },
  signal: AbortSignal,
): Promise<Partial<Platform>> {
  const bytes = await downloadBytes(repository, config, { clock, signal });
  return parseJson(bytes, "image config");
}

function platformAnswer({
  os,
  architecture,
  variant,
}: Partial<Platform>): DistributionInspect["Platforms"][number] {
  const text = (value: unknown): string => (typeof value === "string" ? value : "");
  return {
    architecture: text(architecture),
    os: text(os),
    ...(text(variant) === "" ? {} : { variant: text(variant) }),
  };
}

const searchFilters = new Set(["is-official", "is-automated", "stars"]);
const mostResults = 100;
const usualResults = 25;

export type SearchOptions = {
  readonly credentials: Credentials | undefined;
  readonly limit: number | undefined;
  readonly filters: Filters;
  readonly signal: AbortSignal;
};

/**
 * Docker Hub has a search; of another registry (`host/term`) the names in its catalogue that contain the term.
 * The most liked first.
 */
export async function searchRegistry(
  engine: Engine,
  term: string,
  options: SearchOptions,
): Promise<SearchResult[]> {
  const { filters, credentials, signal, limit = usualResults } = options;
  checkFilterKeys(filters, searchFilters);
  if (limit < 1 || limit > mostResults)
    throw new InvalidParameterError(`limit ${limit} is outside the range of [1, ${mostResults}]`);
  if (term.includes("://"))
    throw new InvalidParameterError(`invalid repository name (${term}): it is an address`);
  const { reference, problem } = parseReference(term);
  if (reference === undefined) throw new InvalidParameterError(problem);
  const access = { reference, credentials, signal };
  const found =
    reference.domain === "docker.io"
      ? hubResults(await engine.registries.searchHub(term, limit, signal))
      : await atRegistry(engine, "pull", access, async (repository) =>
          (await repository.catalog(signal))
            .filter((name) => name.includes(reference.path))
            .map((name) => ({ name, description: "", star_count: 0, is_official: false })),
        ).catch((err: unknown) => {
          throw pullError(reference, err);
        });
  return found.filter((result) => matches(result, filters)).slice(0, limit);
}

function hubResults(answer: string): SearchResult[] {
  const { results } = parseJson(Buffer.from(answer), "answer to a search");
  if (!Array.isArray(results)) return [];
  const text = (value: unknown): string => (typeof value === "string" ? value : "");
  return results.filter(isObject).map((result) => ({
    name: text(result["name"]),
    description: text(result["description"]),
    star_count: Number(result["star_count"] ?? 0),
    is_official: result["is_official"] === true,
    is_automated: result["is_automated"] === true,
  }));
}

function matches({ star_count: stars, ...result }: SearchResult, filters: Filters): boolean {
  const atLeast = Math.max(0, ...(filters.get("stars") ?? []).map(Number));
  if (Number.isNaN(atLeast)) throw new InvalidParameterError("invalid filter 'stars'");
  return (
    stars >= atLeast &&
    (!filters.has("is-official") || booleanFilter(filters, "is-official", false) === result.is_official) &&
    (!filters.has("is-automated") ||
      booleanFilter(filters, "is-automated", false) === (result.is_automated ?? false))
  );
}
