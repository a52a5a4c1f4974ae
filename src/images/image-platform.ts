// The platform that a request wants an image for: `linux/arm64/v8` in a query, or JSON in newer ones.
import { InvalidParameterError, NotFoundError } from "../base/errors.ts";
import { isObject } from "./image-config.ts";
import type { Image } from "./image-store.ts";

export type WantedPlatform = {
  readonly os: string;
  /** Empty: any. */
  readonly architecture: string;
  /** Empty: any. */
  readonly variant: string;
};

const otherNames: Readonly<Record<string, readonly [architecture: string, variant: string]>> = {
  x86_64: ["amd64", ""],
  "x86-64": ["amd64", ""],
  aarch64: ["arm64", ""],
  armhf: ["arm", "v7"],
  armel: ["arm", "v6"],
  i386: ["386", ""],
};

/** `os[/arch[/variant]]`; a single word may also be an architecture of Linux. */
export function parsePlatform(text: string): WantedPlatform {
  const parts = text.toLowerCase().split("/");
  if (parts.length > 3 || !parts.every((part) => /^[a-z0-9_.-]+$/.test(part)))
    throw new InvalidParameterError(
      `${JSON.stringify(text)}: invalid platform: want os, os/arch or os/arch/variant`,
    );
  const [first = "", second = "", third = ""] = parts;
  if (parts.length > 1 || ["linux", "windows", "darwin", "freebsd"].includes(first))
    return normalized({ os: first, architecture: second, variant: third });
  return normalized({ os: "linux", architecture: first, variant: "" });
}

/** An OCI platform as JSON, as in the `platform` of newer endpoints. */
export function parsePlatformJson(text: string): WantedPlatform {
  const found = parsedObject(text);
  const word = (key: string): string => (typeof found[key] === "string" ? found[key] : "");
  const [os, architecture, variant] = [word("os"), word("architecture"), word("variant")];
  if (os === "" && architecture === "" && (variant !== "" || word("os.version") !== ""))
    throw new InvalidParameterError("optional platform fields provided, but OS and Architecture are missing");
  if (os === "" || architecture === "")
    throw new InvalidParameterError("both OS and Architecture must be provided");
  return normalized({ os, architecture, variant });
}

function parsedObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const found: unknown = JSON.parse(text);
    if (isObject(found)) return found;
  } catch (cause) {
    throw new InvalidParameterError("failed to parse platform", { cause });
  }
  throw new InvalidParameterError("failed to parse platform: not an object");
}

function normalized({ os, architecture, variant }: WantedPlatform): WantedPlatform {
  const [name, itsVariant] = otherNames[architecture] ?? [architecture, ""];
  return { os, architecture: name, variant: variant || itsVariant };
}

/** Whether the image runs there: later variants of an architecture run programs for earlier ones. */
export function isForPlatform({ body }: Image, wanted: WantedPlatform): boolean {
  return (
    body.os === wanted.os &&
    (wanted.architecture === "" || body.architecture === wanted.architecture) &&
    (wanted.variant === "" || !body.variant || body.variant <= wanted.variant)
  );
}

/** NotFoundError, at which clients pull, where the image of that name is for another platform. */
export function requirePlatform(image: Image, ref: string, wanted: WantedPlatform): void {
  if (isForPlatform(image, wanted)) return;
  throw new NotFoundError(
    `image with reference ${ref} was found but its platform (${platformText(image.body)}) does not match the specified platform (${platformText(wanted)})`,
  );
}

export function platformText(platform: {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}): string {
  return [platform.os, platform.architecture, platform.variant ?? ""].filter(Boolean).join("/");
}

type LoosePlatform = { readonly os?: unknown; readonly architecture?: unknown; readonly variant?: unknown };

/**
 * The best of the candidates that run there: the highest variant that is not above the wanted one, the first of equals.
 * Undefined when none does.
 */
export function choosePlatform<T extends { readonly platform?: LoosePlatform }>(
  candidates: readonly T[],
  wanted: Pick<WantedPlatform, "os" | "architecture"> & { readonly variant?: string },
): T | undefined {
  const most = variantOf(wanted);
  let best: { readonly candidate: T; readonly variant: number } | undefined;
  for (const candidate of candidates) {
    const { platform = {} } = candidate;
    if (platform.os !== wanted.os || platform.architecture !== wanted.architecture) continue;
    const variant = variantOf(platform);
    if (variant <= most && variant > (best?.variant ?? -1)) best = { candidate, variant };
  }
  return best?.candidate;
}

/** What an architecture means when no variant is said. */
const plainVariants: Readonly<Record<string, number>> = { arm: 7, arm64: 8, amd64: 1 };

function variantOf({ architecture, variant }: LoosePlatform): number {
  const digits = typeof variant === "string" ? /^v?(\d{1,2})/.exec(variant)?.[1] : undefined;
  return digits === undefined ? (plainVariants[String(architecture)] ?? 0) : Number(digits);
}
