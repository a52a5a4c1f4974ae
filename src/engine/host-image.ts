// Images for `create`: those in the store, and the reserved `host/<name>`, made from this machine on first use.
import { NotFoundError } from "../base/errors.ts";
import { makeHostImage } from "../images/host-image.ts";
import type { Image } from "../images/image-store.ts";
import { hostImageName, parseReference } from "../spec/reference.ts";
import type { Engine } from "./engine.ts";

/** NotFoundError `No such image: x:latest` as Docker's, at which clients pull; a host image is made instead, once for all who ask. */
export async function resolveOrMakeImage(engine: Engine, ref: string): Promise<Image> {
  const { reference } = parseReference(ref);
  const name = reference === undefined ? undefined : hostImageName(reference);
  if (name === undefined) return engine.images.resolve(ref);
  return engine.locks.run(`host/${name}`, async () => {
    try {
      return engine.images.resolve(ref);
    } catch (err) {
      if (!(err instanceof NotFoundError)) throw err;
      engine.host.log.info("making image from this machine", { image: ref });
      return makeHostImage(engine.host, engine.images, name);
    }
  });
}
