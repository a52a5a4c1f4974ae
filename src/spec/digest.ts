// Content digests as the OCI image specification writes them (descriptor.md, "Digests"): `algorithm:encoded`.

/** The digest of everything that is stored here; other algorithms are recognised but not taken. */
export type Digest = `sha256:${string}`;

const sha256 = /^sha256:[a-f0-9]{64}$/;

export function isDigest(text: string): text is Digest {
  return sha256.test(text);
}

/** 64 lower-case hex digits as a digest. The caller knows that they are. */
export function digestOfHex(hex: string): Digest {
  return `sha256:${hex}`;
}

export function digestOf(bytes: Uint8Array): Digest {
  return digestOfHex(new Bun.CryptoHasher("sha256").update(bytes).digest("hex"));
}

/** The part after `sha256:`. */
export function digestHex(digest: Digest): string {
  return digest.slice("sha256:".length);
}

/** The 12 hex digits by which people know an image or a container: `sha256:1a2b…` and `1a2b…` give the same. */
export function shortId(id: string): string {
  const hex = id.slice(id.indexOf(":") + 1);
  return hex.slice(0, 12);
}

const encodedLengths: Readonly<Record<string, number>> = { sha256: 64, sha384: 96, sha512: 128 };

/** What is wrong with a digest, in Docker's words; `undefined` when it is right. */
export function digestProblem(text: string): string | undefined {
  const colon = text.indexOf(":");
  if (colon <= 0 || colon === text.length - 1) return "invalid checksum digest format";
  const length = encodedLengths[text.slice(0, colon)];
  if (length === undefined) return "unsupported digest algorithm";
  const encoded = text.slice(colon + 1);
  if (encoded.length !== length) return "invalid checksum digest length";
  return /^[a-f0-9]+$/.test(encoded) ? undefined : "invalid checksum digest format";
}
