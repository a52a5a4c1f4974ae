// What a registry refused, in the words of dockerd, which clients look for.
import { NotFoundError, UnauthorizedError } from "../base/errors.ts";
import { RegistryResponseError } from "../registry/registry-error.ts";
import { familiarName, familiarString, type Reference } from "../spec/reference.ts";

/** Of a failure to read: registries say "denied" of what does not exist too. */
export function pullError(reference: Reference, err: unknown): unknown {
  const name = familiarName(reference);
  const denied = `pull access denied for ${name}, repository does not exist or may require 'docker login'`;
  if (err instanceof UnauthorizedError) return new NotFoundError(`${denied}: ${err.message}`, { cause: err });
  if (!(err instanceof RegistryResponseError)) return err;
  if (err.isDenial) return new NotFoundError(`${denied}: ${err.message}`, { cause: err });
  if (err.codes.includes("NAME_UNKNOWN"))
    return new NotFoundError(`repository ${name} not found: ${err.message}`, { cause: err });
  if (err.status === 404)
    return new NotFoundError(`manifest for ${familiarString(reference)} not found: ${err.message}`, {
      cause: err,
    });
  return err;
}
