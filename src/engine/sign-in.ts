// `login`: whether a registry knows a user.
import { InvalidParameterError, UnauthorizedError } from "../base/errors.ts";
import type { Credentials } from "../registry/credentials.ts";
import { registryOfAddress } from "../registry/credentials.ts";
import { parseReference } from "../spec/reference.ts";
import type { Engine } from "./engine.ts";
import { atRegistry } from "./registries.ts";

/**
 * @param address of the registry; empty: Docker Hub.
 * @returns the identity token that stands for the password from now on, where the registry gives one; else "".
 * @throws UnauthorizedError
 */
export async function signIn(
  engine: Engine,
  address: string,
  credentials: Credentials | undefined,
  signal: AbortSignal,
): Promise<string> {
  const domain = registryOfAddress(address) || "docker.io";
  const { reference } = parseReference(`${domain}/any`);
  if (reference?.domain !== domain)
    throw new InvalidParameterError(`invalid address of a registry: ${JSON.stringify(address)}`);
  if (credentials === undefined) throw new UnauthorizedError("no basic auth credentials");
  const access = { reference, credentials, signal };
  return await atRegistry(engine, "push", access, async (repository) => {
    try {
      return (await repository.signIn(signal)) ?? "";
    } catch (err) {
      if (!(err instanceof UnauthorizedError)) throw err;
      throw new UnauthorizedError(`Get "${repository.endpoint.origin}/v2/": ${err.message}`, { cause: err });
    }
  });
}
