// `import`: an image of one layer out of a root file system's archive.
import { InvalidParameterError } from "../base/errors.ts";
import type { ImageConfig, ImageRunConfig, Platform } from "../spec/oci-image.ts";
import type { Reference } from "../spec/reference.ts";
import type { ByteSource } from "../storage/byte-reader.ts";
import type { StagedLayer } from "../storage/layer-store.ts";
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
  /** What containers of it run by default; the changes come on top. */
  readonly config?: ImageRunConfig;
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
  // A request that makes no sense is refused before its archive is read.
  const parsed = parseOptions(options);
  const layer = await store.layers.stage(archive, options.signal);
  return await makeImage(store, layer, parsed);
}

/** As `importImage`, of a layer that was unpacked already; it is committed or discarded. */
export async function importStaged(
  store: ImageStore,
  layer: StagedLayer,
  options: ImportOptions = {},
): Promise<Image> {
  return await makeImage(store, layer, parseOptions(options));
}

type Parsed = {
  readonly references: readonly Reference[];
  readonly config: ImageRunConfig;
  readonly platform: Platform;
  readonly comment: string;
};

function parseOptions(options: ImportOptions): Parsed {
  const { repository = "", tag, message = "", source = "-" } = options;
  return {
    references: repository === "" ? [] : [targetReference(repository, tag)],
    config: applyChanges(options.config ?? {}, options.changes ?? []),
    platform: parsePlatform(options.platform ?? ""),
    comment: message || `Imported from ${source}`,
  };
}

async function makeImage(store: ImageStore, layer: StagedLayer, parsed: Parsed): Promise<Image> {
  const { references, config, platform, comment } = parsed;
  try {
    return await store.exclusive(async () => {
      await store.layers.commit(undefined, [layer]);
      const created = store.host.clock.now().toISOString();
      const body: ImageConfig = {
        ...platform,
        created,
        config,
        rootfs: { type: "layers", diff_ids: [layer.diffID] },
        history: [{ created, comment }],
      };
      const image = store.add(Buffer.from(JSON.stringify(body)));
      return store.tag(image, references);
    });
  } finally {
    store.layers.discard(layer);
  }
}

function parsePlatform(text: string): Platform {
  const host = hostPlatform();
  if (text === "") return host;
  const [os = "", architecture = host.architecture, variant, more] = text.toLowerCase().split("/");
  if (os !== "linux")
    throw new InvalidParameterError(`operating system is not supported: ${JSON.stringify(os)}`);
  if (more !== undefined || !/^[a-z0-9_]+$/.test(architecture) || variant === "")
    throw new InvalidParameterError(`invalid platform ${JSON.stringify(text)}`);
  return { os, architecture, ...(variant === undefined ? {} : { variant }) };
}
