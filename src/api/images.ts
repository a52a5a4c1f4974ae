// Images: list, inspect, history, tag, remove, import, load, save, pull, and the making of host images (which clients call a pull).
import { ForbiddenError, InvalidParameterError, SystemError } from "../base/errors.ts";
import { resolveOrMakeImage } from "../engine/host-image.ts";
import { importImage, listImages, loadImages, removeImage, saveImages, tagImage } from "../engine/images.ts";
import { pullAllTags, pullImage } from "../engine/pull.ts";
import { pushImage } from "../engine/push.ts";
import { pruneImages } from "../engine/prune-images.ts";
import { imageHistory } from "../images/image-history.ts";
import { parsePlatformJson, requirePlatform } from "../images/image-platform.ts";
import type { Image } from "../images/image-store.ts";
import { imageInspect } from "../images/image-summary.ts";
import type { LoadedImage } from "../images/load.ts";
import { decodeAuthHeader } from "../registry/credentials.ts";
import type { ByteSource } from "../storage/byte-reader.ts";
import {
  familiarName,
  familiarString,
  hostImageName,
  isTag,
  parseReference,
  withDefaultTag,
} from "../spec/reference.ts";
import type { Reference } from "../spec/reference.ts";
import type { PushCompression } from "../storage/compress-block.ts";
import type { Answer } from "./answer.ts";
import { empty, json, jsonType, stream, tarArchive } from "./answer.ts";
import { forVersion, imageInspectByVersion, imageSummaryByVersion } from "./answers-by-version.ts";
import type { Call } from "./call.ts";
import { headerOf, param } from "./call.ts";
import { layerProgress, progressLines } from "./progress.ts";
import { filtersOf, flagOf, textOf } from "./query.ts";

export function list({ engine, query, version }: Call): Answer {
  const filters = new Map(filtersOf(query));
  // The name pattern had a parameter of its own, which went with 1.41.
  const pattern = textOf(query, "filter");
  if (version < 41 && pattern !== "" && !filters.has("reference")) filters.set("reference", [pattern]);
  const rows = listImages(engine, {
    all: flagOf(query, "all"),
    sharedSize: version >= 42 && flagOf(query, "shared-size"),
    filters,
  });
  return json(rows.map((row) => forVersion(row, imageSummaryByVersion, version)));
}

/** One image is of one platform here: asking for its manifests adds nothing (as with dockerd's own image store). */
export function inspect(call: Call): Answer {
  const { engine, query, version } = call;
  const platform = version >= 49 ? textOf(query, "platform") : "";
  if (platform !== "" && version >= 48 && flagOf(query, "manifests"))
    throw new InvalidParameterError("conflicting options: manifests and platform options cannot both be set");
  const answer = imageInspect(engine.images, namedImage(call, platform));
  return json(forVersion(answer, imageInspectByVersion, version));
}

export function history(call: Call): Answer {
  const platform = call.version >= 48 ? textOf(call.query, "platform") : "";
  return json(imageHistory(call.engine.images, namedImage(call, platform)));
}

/** The image of the path; `platform` is JSON, or empty for any. */
function namedImage(call: Call, platform: string): Image {
  const wanted = platform === "" ? undefined : parsePlatformJson(platform);
  const name = param(call, "name");
  const image = call.engine.images.resolve(name);
  if (wanted) requirePlatform(image, name, wanted);
  return image;
}

export function tag(call: Call): Answer {
  const { engine, query } = call;
  const target = { repository: textOf(query, "repo"), tag: textOf(query, "tag") };
  tagImage(engine, param(call, "name"), target);
  return empty(201);
}

export async function remove(call: Call): Promise<Answer> {
  const { engine, query } = call;
  const name = param(call, "name");
  if (name.trim() === "") throw new InvalidParameterError("image name cannot be blank");
  const force = flagOf(query, "force");
  return json(await removeImage(engine, name, { force, noprune: flagOf(query, "noprune") }));
}

export async function prune({ engine, query }: Call): Promise<Answer> {
  return json(await pruneImages(engine, filtersOf(query)));
}

/** `fromImage` is a pull, everything else an import. */
export function create(call: Call): Answer {
  const fromImage = textOf(call.query, "fromImage");
  return fromImage === "" ? importFrom(call) : pull(call, fromImage);
}

function pull(call: Call, fromImage: string): Answer {
  const { engine, query, version } = call;
  const reference = pulledReference(fromImage, textOf(query, "tag"));
  const name = familiarString(reference);
  if (familiarName(reference) === "scratch") throw new ForbiddenError("'scratch' is a reserved name");
  if (hostImageName(withDefaultTag(reference)) === undefined) {
    const platform = version >= 32 ? textOf(query, "platform") : "";
    const credentials = decodeAuthHeader(headerOf(call, "x-registry-auth"));
    const { signal } = call;
    return stream(
      jsonType,
      progressLines(async (report) => {
        const options = { credentials, platform, report, signal };
        if (isWhole(reference)) await pullImage(engine, reference, options);
        else await pullAllTags(engine, reference, options);
      }),
    );
  }
  return stream(
    jsonType,
    progressLines(async (report) => {
      report({ status: `Making ${name} from this machine` });
      const { id } = await resolveOrMakeImage(engine, name);
      report({ status: `Digest: ${id}` });
      report({ status: `Status: Image ${name} is ready` });
    }),
  );
}

/** With a tag or a digest; a name alone means all its tags to the API. */
function isWhole(reference: Reference): boolean {
  return reference.tag !== undefined || reference.digest !== undefined;
}

/** The tag may also be a digest; a trailing colon means "all tags" to old clients. */
function pulledReference(fromImage: string, tagOrDigest: string): Reference {
  const name = fromImage.replace(/:$/, "");
  const separator = tagOrDigest.includes(":") ? "@" : ":";
  const whole = tagOrDigest === "" ? name : `${withoutTag(name)}${separator}${tagOrDigest}`;
  const { reference, problem } = parseReference(whole);
  if (!reference) throw new InvalidParameterError(problem);
  return reference;
}

function withoutTag(name: string): string {
  return name.replace(/:[^/:]*$/, "");
}

export function push(call: Call): Answer {
  const { engine, query, signal } = call;
  const { reference, problem } = parseReference(param(call, "name"));
  if (reference === undefined) throw new InvalidParameterError(problem);
  const wanted = textOf(query, "tag") || reference.tag;
  if (wanted !== undefined && !isTag(wanted)) throw new InvalidParameterError("invalid tag format");
  const credentials = decodeAuthHeader(headerOf(call, "x-registry-auth"));
  const compression = compressionOf(textOf(query, "compression"));
  const platformText = call.version >= 46 ? textOf(query, "platform") : "";
  const platform = platformText === "" ? undefined : parsePlatformJson(platformText);
  return stream(
    jsonType,
    progressLines((report) =>
      pushImage(engine, wanted === undefined ? reference : { ...reference, tag: wanted }, {
        credentials,
        platform,
        compression,
        report,
        signal,
      }),
    ),
  );
}

/** A parameter of our own: how layers are compressed that the registry does not have. */
function compressionOf(text: string): PushCompression | undefined {
  if (text === "" || text === "gzip" || text === "zstd") return text === "" ? undefined : text;
  throw new InvalidParameterError(`invalid compression ${JSON.stringify(text)}: must be gzip or zstd`);
}

/** From the request's body, or from an address that the daemon fetches. */
function importFrom(call: Call): Answer {
  const { engine, query, version, signal } = call;
  const source = textOf(query, "fromSrc");
  const platform = version >= 32 ? textOf(query, "platform") : "";
  const options = {
    repository: textOf(query, "repo"),
    tag: textOf(query, "tag"),
    message: textOf(query, "message"),
    source,
    changes: query.getAll("changes"),
    platform,
    signal,
  };
  return stream(
    jsonType,
    progressLines(async (report) => {
      const archive = source === "-" ? archiveOf(call) : await fetchArchive(source, signal);
      if (source !== "-") report({ status: `Downloading from ${source}` });
      const { id } = await importImage(engine, archive, options);
      report({ status: id });
    }),
  );
}

/** The request's body, or a file that our own client has handed over in its place (handed-files.ts). */
function archiveOf({ query, body, files }: Call): ByteSource {
  const ticket = textOf(query, "sampanFile");
  return ticket === "" || files === undefined ? body : files.bytes(ticket);
}

/** A source without a scheme is an http address, as dockerd has it. */
async function fetchArchive(source: string, signal: AbortSignal): Promise<ByteSource> {
  const address = source.includes("://") ? source : `http://${source}`;
  if (!URL.canParse(address)) throw new InvalidParameterError(`invalid address to import from: ${source}`);
  const response = await fetch(address, { signal }).catch((cause: unknown) => {
    throw new SystemError(`cannot import from ${source}`, { cause });
  });
  if (!response.ok || !response.body)
    throw new SystemError(`failed to GET ${address} with status ${response.status} ${response.statusText}`);
  return response.body;
}

export function load(call: Call): Answer {
  const { engine, query, signal } = call;
  const isQuiet = flagOf(query, "quiet", true);
  return stream(
    jsonType,
    progressLines(async (report) => {
      const onProgress = isQuiet ? {} : { onProgress: layerProgress(report) };
      const loaded = await loadImages(engine, archiveOf(call), { signal, ...onProgress });
      for (const image of loaded) for (const line of loadedLines(image)) report({ stream: `${line}\n` });
    }),
  );
}

export function save(call: Call): Answer {
  return saved(call, [param(call, "name")]);
}

export function saveSeveral(call: Call): Answer {
  const names = call.query.getAll("names");
  if (names.length === 0) throw new InvalidParameterError("no image to save is named");
  return saved(call, names);
}

function saved({ engine, query, version }: Call, names: readonly string[]): Answer {
  const platform = version >= 48 ? textOf(query, "platform") : "";
  return tarArchive(saveImages(engine, names, platform === "" ? undefined : parsePlatformJson(platform)));
}

/** What `docker load` prints; scripts look for these lines. */
function loadedLines({ image, names, renamed }: LoadedImage): string[] {
  const lost = renamed.map(
    ({ name, from }) =>
      `The image ${name} already exists, renaming the old one with ID ${from} to empty string`,
  );
  const loaded = names.map((name) => `Loaded image: ${name}`);
  return [...lost, ...(loaded.length > 0 ? loaded : [`Loaded image ID: ${image.id}`])];
}
