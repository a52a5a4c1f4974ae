// All that the causes are judged by, gathered once.

import type { ContainerExtra } from "../../spec/container-extra.ts";
import type { ContainerInspect } from "../../spec/docker.ts";

export type Evidence = {
  readonly container: ContainerInspect;
  /** Undefined where the engine is another one than ours. */
  readonly extra?: ContainerExtra;
  /** The last lines that the container has written, oldest first. */
  readonly logTail: readonly string[];
  /** How the container stands whose network, pid or ipc namespace this one shares. */
  readonly joined?: { readonly name: string; readonly state: string | undefined };
  readonly nowMs: number;
};

/** The name as the user knows it. */
export function nameOf({ container }: Evidence): string {
  return container.Name.replace(/^\//, "");
}
