// `manifest`: lists of images for several machines, put together here and pushed, and what registries have under a name.
// Nothing of it needs the engine.

import { digestOf } from "../../spec/digest.ts";
import { isIndexType } from "../../spec/oci-image.ts";
import { fullName } from "../../spec/reference.ts";
import type { Context } from "../command.ts";
import { CommandError } from "../failure.ts";
import type { Flags } from "../flags.ts";
import { ListStore } from "../manifests/list-store.ts";
import {
  blobsOf,
  bytesOf,
  isKnownMachine,
  listOf,
  parseName,
  wholeName,
  type LocalManifest,
} from "../manifests/local-manifest.ts";
import {
  atRepository,
  fetchImage,
  fetchImagesOf,
  fetchManifest,
  putList,
  takeOver,
} from "../manifests/remote-manifest.ts";

export async function createManifest(
  context: Context,
  flags: Flags,
  operands: readonly string[],
): Promise<number> {
  const [list = "", ...images] = operands;
  const target = parseName(list);
  const store = new ListStore(context.configDirectory);
  if ((await store.list(target)) !== undefined && !flags.bool("amend"))
    throw new CommandError("refusing to amend an existing manifest list with no --amend flag");
  const access = { insecure: flags.bool("insecure"), actions: "pull" } as const;
  for (const name of images) {
    const image = parseName(name);
    const known = await store.get(target, image);
    if (known?.Raw !== undefined) continue;
    const found = await atRepository(context, image, access, (repository) => fetchImage(repository, image));
    await store.save(target, image, found);
  }
  await context.stdout.write(`Created manifest list ${wholeName(target)}\n`);
  return 0;
}

export async function annotateManifest(
  context: Context,
  flags: Flags,
  operands: readonly string[],
): Promise<number> {
  const [list = "", name = ""] = operands;
  const [target, image] = [parseName(list), parseName(name)];
  const store = new ListStore(context.configDirectory);
  const manifest = await store.get(target, image);
  if (manifest === undefined) throw new CommandError(`manifest for image ${name} does not exist in ${list}`);
  const { platform: before = {} } = manifest.Descriptor;
  const features = [...new Set([...(before["os.features"] ?? []), ...flags.list("os-features")])];
  const [os, arch] = [flags.text("os"), flags.text("arch")];
  const [variant, version] = [flags.text("variant"), flags.text("os-version")];
  const platform = {
    ...before,
    ...(arch && { architecture: arch }),
    ...(os && { os }),
    ...(version && { "os.version": version }),
    ...(features.length > 0 && { "os.features": features }),
    ...(variant && { variant }),
  };
  if (!isKnownMachine(platform))
    throw new CommandError(`manifest entry for image has unsupported os/arch combination: ${os}/${arch}`);
  await store.save(target, image, { ...manifest, Descriptor: { ...manifest.Descriptor, platform } });
  return 0;
}

export async function pushManifest(
  context: Context,
  flags: Flags,
  operands: readonly string[],
): Promise<number> {
  const target = parseName(operands[0] ?? "");
  const store = new ListStore(context.configDirectory);
  const manifests = await store.existing(target);
  if (manifests.length === 0) throw new CommandError(`${wholeName(target)} not found`);
  for (const { Ref, Descriptor } of manifests)
    if (!Descriptor.platform?.architecture || !Descriptor.platform.os)
      throw new CommandError(`manifest ${Ref} must have an OS and Architecture to be pushed to a registry`);
  const list = listOf(target, manifests);
  const access = { insecure: flags.bool("insecure"), actions: "pull,push" } as const;
  await atRepository(context, target, access, async (repository) => {
    for (const manifest of manifests) {
      const { Ref, Descriptor } = manifest;
      const from = parseName(Ref);
      if (from.path === target.path) continue;
      await takeOver(repository, from, target, Descriptor, blobsOf(manifest), bytesOf(manifest));
      const { digest } = Descriptor;
      await context.stdout.write(`Pushed ref ${fullName(target)}@${digest} with digest: ${digest}\n`);
    }
    await putList(repository, target, list);
  });
  await context.stdout.write(`${digestOf(list.bytes)}\n`);
  if (flags.bool("purge")) await store.remove(target);
  return 0;
}

export async function removeManifest(
  context: Context,
  _flags: Flags,
  operands: readonly string[],
): Promise<number> {
  const store = new ListStore(context.configDirectory);
  const problems: string[] = [];
  for (const name of operands) {
    try {
      const target = parseName(name);
      await store.existing(target);
      await store.remove(target);
    } catch (err) {
      if (!(err instanceof CommandError)) throw err;
      problems.push(err.message);
    }
  }
  if (problems.length > 0) throw new CommandError(problems.join("\n"));
  return 0;
}

export async function inspectManifest(
  context: Context,
  flags: Flags,
  operands: readonly string[],
): Promise<number> {
  const verbose = flags.bool("verbose");
  const reference = parseName(operands.at(-1) ?? "");
  const store = new ListStore(context.configDirectory);
  const print = async (text: string): Promise<number> => {
    await context.stdout.write(`${text}\n`);
    return 0;
  };
  const indented = (bytes: Uint8Array): string => json(JSON.parse(Buffer.from(bytes).toString("utf8")));
  if (operands.length > 1) {
    const manifest = await store.get(parseName(operands[0] ?? ""), reference);
    if (manifest === undefined) throw new CommandError(`No such manifest: ${wholeName(reference)}`);
    return await print(verbose ? json(manifest) : indented(bytesOf(manifest)));
  }
  const local = await store.list(reference);
  if (local !== undefined)
    return await print(verbose ? json(local) : listOf(reference, local).bytes.toString("utf8"));
  const access = { insecure: flags.bool("insecure"), actions: "pull" } as const;
  return await atRepository(context, reference, access, async (repository) => {
    const found = await fetchManifest(repository, reference);
    if (!verbose) return await print(indented(found.bytes));
    const images: readonly LocalManifest[] = await fetchImagesOf(repository, reference, found);
    return await print(json(isIndexType(found.mediaType) ? images : images[0]));
  });
}

function json(value: unknown): string {
  return JSON.stringify(value, undefined, "\t");
}
