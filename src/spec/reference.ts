// Names of images: the distribution project's reference grammar with Docker's familiar short form.
//
//   reference := name [":" tag] ["@" digest]      name := domain "/" path
//   busybox            is docker.io/library/busybox, and with no tag means :latest
//   host/busybox       is reserved here: images made from this machine, never pulled from anywhere
import { digestProblem } from "./digest.ts";

export type Reference = {
  /** Host name, port included: `docker.io`, `localhost:5000`. */
  readonly domain: string;
  /** Path below the domain: `library/busybox`. */
  readonly path: string;
  readonly tag?: string;
  /** `algorithm:hex`. */
  readonly digest?: string;
};

/** A reference, or what is wrong with the text in Docker's words. */
export type ParsedReference =
  | { readonly reference: Reference; readonly problem?: undefined }
  | { readonly reference?: undefined; readonly problem: string };

const defaultDomain = "docker.io";
const oldDefaultDomain = "index.docker.io";
const officialFolder = "library/";
const defaultTag = "latest";
/** The repository folder of images that are made from this machine. */
const hostFolder = "host/";

const label = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])";
const domainPattern = `(?:${label}(?:\\.${label})*|\\[(?:[a-fA-F0-9:]+)\\])(?::[0-9]+)?`;
const component = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
const tagPattern = "[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}";
const digestPattern = "[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[a-fA-F0-9]{32,}";
const grammar = new RegExp(
  `^(${domainPattern})/(${component}(?:/${component})*)(?::(${tagPattern}))?(?:@(${digestPattern}))?$`,
);
const tagOnly = new RegExp(`^${tagPattern}$`);
const identifier = /^[a-f0-9]{64}$/;
const maxPathLength = 255;
/** No longer text can be right, and the grammar takes time that grows faster than the text. */
const maxTextLength = 4096;

const invalid: ParsedReference = { problem: "invalid reference format" };

/** Reads what a user or client wrote. A missing tag stays missing: see `withDefaultTag`. */
export function parseReference(text: string): ParsedReference {
  if (text.length > maxTextLength) return invalid;
  if (identifier.test(text))
    return { problem: `invalid repository name (${text}), cannot specify 64-byte hexadecimal strings` };
  const { domain, rest } = splitDomain(text);
  const colon = rest.indexOf(":");
  const repository = colon === -1 ? rest : rest.slice(0, colon);
  if (repository !== repository.toLowerCase())
    return { problem: `invalid reference format: repository name (${repository}) must be lowercase` };
  const match = grammar.exec(`${domain}/${rest}`);
  if (match === null) return invalid;
  const [, matchedDomain = "", path = "", tag, digest] = match;
  if (path.length > maxPathLength)
    return { problem: `repository name must not be more than ${maxPathLength} characters` };
  const problem = digest === undefined ? undefined : digestProblem(digest);
  if (problem !== undefined) return { problem };
  return {
    reference: {
      domain: matchedDomain,
      path,
      ...(tag === undefined ? {} : { tag }),
      ...(digest === undefined ? {} : { digest }),
    },
  };
}

/** What stands before the first slash is a domain only when it could not be a repository's folder. */
function splitDomain(text: string): { readonly domain: string; readonly rest: string } {
  const slash = text.indexOf("/");
  const first = text.slice(0, Math.max(slash, 0));
  const isDomain =
    slash !== -1 && (/[.:]/.test(first) || first === "localhost" || first !== first.toLowerCase());
  if (isDomain && first !== oldDefaultDomain && first !== defaultDomain)
    return { domain: first, rest: text.slice(slash + 1) };
  const rest = isDomain ? text.slice(slash + 1) : text;
  return { domain: defaultDomain, rest: rest.includes("/") ? rest : officialFolder + rest };
}

export function isTag(text: string): boolean {
  return tagOnly.test(text);
}

/** `name` and, where there is neither a tag nor a digest, the tag `latest`. */
export function withDefaultTag(reference: Reference): Reference {
  const named = reference.tag !== undefined || reference.digest !== undefined;
  return named ? reference : { ...reference, tag: defaultTag };
}

/** The full name with no tag: `docker.io/library/busybox`. */
export function fullName(reference: Reference): string {
  return `${reference.domain}/${reference.path}`;
}

/** The shortest name that means the same repository: `busybox`, `user/app`, `localhost:5000/app`. */
export function familiarName({ domain, path }: Reference): string {
  if (domain !== defaultDomain) return `${domain}/${path}`;
  const short = path.startsWith(officialFolder) ? path.slice(officialFolder.length) : path;
  return short.includes("/") ? path : short;
}

/** `familiarName` with the tag and the digest, if there are any: `busybox:latest`. */
export function familiarString(reference: Reference): string {
  const tag = reference.tag === undefined ? "" : `:${reference.tag}`;
  const digest = reference.digest === undefined ? "" : `@${reference.digest}`;
  return familiarName(reference) + tag + digest;
}

/** Whether the repository is one that no registry has. */
export function isHostName({ domain, path }: Reference): boolean {
  return domain === defaultDomain && path.startsWith(hostFolder);
}

/** The NAME of `host/NAME` or `host/NAME:latest`; `undefined` for every other reference: there are no more tags there. */
export function hostImageName({ domain, path, tag = defaultTag, digest }: Reference): string | undefined {
  return isHostName({ domain, path }) && tag === defaultTag && digest === undefined
    ? path.slice(hostFolder.length)
    : undefined;
}
