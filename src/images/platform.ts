// Which of an index's images is the one for a machine: os, architecture and variant, as containerd and Docker choose.
import { InvalidParameterError } from "../base/errors.ts";
import type { Platform } from "../spec/oci-image.ts";
import { hostPlatform } from "./image-config.ts";

type LoosePlatform = { readonly os?: unknown; readonly architecture?: unknown; readonly variant?: unknown };

/** `os[/arch[/variant]]`; this machine's where the text is empty. */
export function parsePlatform(text: string): Platform {
  const host = hostPlatform();
  if (text === "") return host;
  const [os = "", architecture = host.architecture, variant, more] = text.toLowerCase().split("/");
  if (os !== "linux")
    throw new InvalidParameterError(`operating system is not supported: ${JSON.stringify(os)}`);
  if (more !== undefined || !/^[a-z0-9_]+$/.test(architecture) || variant === "")
    throw new InvalidParameterError(`invalid platform ${JSON.stringify(text)}`);
  return {
    os,
    architecture: aliases[architecture] ?? architecture,
    ...(variant === undefined ? {} : { variant }),
  };
}

const aliases: Readonly<Record<string, string>> = {
  x86_64: "amd64",
  aarch64: "arm64",
  armhf: "arm",
  i386: "386",
};

export function platformText({ os, architecture, variant }: LoosePlatform): string {
  return [os, architecture, variant].filter((part) => typeof part === "string" && part !== "").join("/");
}

/**
 * The best of the candidates that run there: the highest variant that is not above the wanted one, the first of equals.
 * Undefined when none does.
 */
export function choosePlatform<T extends { readonly platform?: LoosePlatform }>(
  candidates: readonly T[],
  wanted: Platform,
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
