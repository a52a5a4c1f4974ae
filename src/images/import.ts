// `import`: an image of one layer out of a root file system's archive.
import { InvalidParameterError } from "../base/errors.ts";
import type { ImageConfig, Platform } from "../spec/oci-image.ts";
import type { ByteSource } from "../storage/byte-reader.ts";
import { applyChanges } from "./changes.ts";
import { hostPlatform } from "./image-config.ts";
import type { Image, ImageStore } from "./image-store.ts";
import { targetReference } from "./tag.ts";

export type ImportOptions = {
  /** The image's name; without one it is known by its id only. */
  readonly repository?: string;
  readonly tag?: string;
  readonly message?: string;
  /** Where the archive came from, for the history: an address, or `-` for the request itself. */
  readonly source?: string;
  /** Dockerfile instructions. */
  readonly changes?: readonly string[];
  /** `os/architecture/variant`, or parts of it from the front; this machine's by default. */
  readonly platform?: string;
  readonly signal?: AbortSignal;
};

/** Takes archives that are compressed too. Nothing is left of one that cannot be read to its end. */
export async function importImage(
  store: ImageStore,
  archive: ByteSource,
  options: ImportOptions = {},
): Promise<Image> {
  const { repository = "", tag, message = "", source = "-", signal } = options;
  const references = repository === "" ? [] : [targetReference(repository, tag)];
  const config = applyChanges({}, options.changes ?? []);
  const platform = parsePlatform(options.platform ?? "");
  const layer = await store.layers.stage(archive, signal);
  try {
    return await store.exclusive(async () => {
      await store.layers.commit(undefined, [layer]);
      const created = store.host.clock.now().toISOString();
      const body: ImageConfig = {
        ...platform,
        created,
        config,
        rootfs: { type: "layers", diff_ids: [layer.diffID] },
        history: [{ created, comment: message || `Imported from ${source}` }],
      };
      const image = store.add(Buffer.from(JSON.stringify(body)));
      store.tag(image, references);
      return image;
    });
  } finally {
    store.layers.discard(layer);
  }
}

export function parsePlatform(text: string): Platform {
  const host = hostPlatform();
  if (text === "") return host;
  const [os = "", architecture = host.architecture, variant, more] = text.toLowerCase().split("/");
  if (os !== "linux")
    throw new InvalidParameterError(`operating system is not supported: ${JSON.stringify(os)}`);
  if (more !== undefined || !/^[a-z0-9_]+$/.test(architecture) || variant === "")
    throw new InvalidParameterError(`invalid platform ${JSON.stringify(text)}`);
  return { os, architecture, ...(variant === undefined ? {} : { variant }) };
}
