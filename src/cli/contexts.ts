// The user's contexts: named addresses of engines, kept where Docker's client keeps them, so that both see the same ones.
//
//   <config>/contexts/meta/<sha256 of the name>/meta.json
//   <config>/contexts/tls/<sha256 of the name>/docker/{ca,cert,key}.pem

import type { TlsSettings } from "../client/endpoint.ts";
import { CommandError } from "./failure.ts";

export type ContextMeta = {
  readonly Name: string;
  readonly Metadata: { readonly Description?: string };
  readonly Endpoints: {
    readonly docker?: { readonly Host?: string; readonly SkipTLSVerify?: boolean };
  };
};

export function contextFolder(directory: string, kind: "meta" | "tls", name: string): string {
  const id = new Bun.CryptoHasher("sha256").update(name).digest("hex");
  return `${directory}/contexts/${kind}/${id}`;
}

/** @throws CommandError when there is none. */
export async function readContext(directory: string, name: string): Promise<ContextMeta> {
  const path = `${contextFolder(directory, "meta", name)}/meta.json`;
  const file = Bun.file(path);
  if (!(await file.exists())) {
    throw new CommandError(`context "${name}": context not found: open ${path}: no such file or directory`);
  }
  try {
    return (await file.json()) as ContextMeta;
  } catch (err) {
    if (err instanceof SyntaxError) throw new CommandError(`context "${name}": ${path}: ${err.message}`);
    throw err;
  }
}

/** The TLS files of a context; undefined when it has none. */
export async function contextTls(directory: string, meta: ContextMeta): Promise<TlsSettings | undefined> {
  const folder = `${contextFolder(directory, "tls", meta.Name)}/docker`;
  const [ca, cert, key] = await Promise.all(
    ["ca.pem", "cert.pem", "key.pem"].map(async (name) => {
      const file = Bun.file(`${folder}/${name}`);
      return (await file.exists()) ? await file.text() : undefined;
    }),
  );
  if (!ca && !cert && !key) return undefined;
  const verify = !meta.Endpoints.docker?.SkipTLSVerify;
  return { verify, ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
}
