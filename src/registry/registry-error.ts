// What goes wrong with a registry, by kind. Its own words are passed on, shortened and without control characters.
import { SystemError } from "../base/errors.ts";

/** No whole answer came: refused, cut off, timed out, no TLS. Asking again may help. */
export class UnreachableError extends SystemError {}

/** The registry answered with an error. */
export class RegistryResponseError extends SystemError {
  readonly status: number;
  /** Codes of the distribution specification in its answer, such as `MANIFEST_UNKNOWN`. */
  readonly codes: readonly string[];

  constructor(status: number, codes: readonly string[], message: string) {
    super(message);
    this.status = status;
    this.codes = codes;
  }

  /** Who asks may not, as far as is known: registries say so of what does not exist too. */
  get isDenial(): boolean {
    return (
      [401, 403].includes(this.status) || this.codes.some((code) => ["DENIED", "UNAUTHORIZED"].includes(code))
    );
  }

  /** Asking again may help. */
  get isTemporary(): boolean {
    return this.status >= 500 || [408, 429].includes(this.status);
  }
}

const maxErrorBytes = 64 << 10;
const maxTextLength = 500;

/** The error that an answer of status 400 and above stands for; reads its body. */
export async function responseError(response: Response, what: string): Promise<RegistryResponseError> {
  const text = await limitedText(response, maxErrorBytes).catch(() => "");
  const errors = parseErrors(text);
  const codes = errors.map(({ code }) => code);
  const words = errors.map(({ code, message }) =>
    printable(`${code.toLowerCase().replaceAll("_", " ")}: ${message}`),
  );
  const plain = `unexpected status ${response.status} ${printable(response.statusText)}`.trimEnd();
  return new RegistryResponseError(
    response.status,
    codes,
    words.length > 0 ? words.join("\n") : `${plain} of ${what}`,
  );
}

function parseErrors(text: string): { readonly code: string; readonly message: string }[] {
  try {
    const { errors } = JSON.parse(text) as { errors?: unknown };
    if (!Array.isArray(errors)) return [];
    return errors
      .slice(0, 10)
      .flatMap((error: { code?: unknown; message?: unknown } | null) =>
        typeof error?.code === "string"
          ? [{ code: error.code, message: typeof error.message === "string" ? error.message : "" }]
          : [],
      );
  } catch {
    return []; // Not every error comes from the registry itself: proxies answer with pages.
  }
}

export function printable(text: string): string {
  return text.replaceAll(/[^\x20-\x7e\u{a0}-\u{10ffff}]+/gu, " ").slice(0, maxTextLength);
}

/** A body of at most `limit` bytes. @throws RegistryResponseError for a longer one. */
export async function limitedBytes(response: Response, limit: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of bodyOf(response)) {
    size += part.length;
    if (size > limit)
      throw new RegistryResponseError(
        response.status,
        [],
        `the registry's answer is longer than ${limit} bytes`,
      );
    parts.push(part);
  }
  return Buffer.concat(parts);
}

export async function limitedText(response: Response, limit: number): Promise<string> {
  return Buffer.from(await limitedBytes(response, limit)).toString("utf8");
}

/** The pieces of a body; leaving the loop gives the connection up. */
export function bodyOf(response: Response): AsyncIterable<Uint8Array> {
  return response.body ?? nothing();
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
