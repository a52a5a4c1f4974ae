// Compiled system call filters. Compiling the default profile takes libseccomp some 10 ms, more than all the rest of a
// start; the outcome depends on the profile alone. crun leaves the program that it compiled beside its state and takes one
// that is given (annotation `run.oci.seccomp_bpf_data`, crun 0.21), so each profile is compiled once per life of the daemon.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { hasCode } from "../../base/errors.ts";
import type { RuntimeSpec } from "../../spec/oci-runtime.ts";
import type { Driver } from "../driver.ts";

const annotation = "run.oci.seccomp_bpf_data";
/** Profiles kept: all that differ by capabilities, and a good number of users' own. */
const mostPrograms = 64;

export class FilterCache {
  /** Hash of the profile -> BPF program, base64. */
  readonly #programs = new Map<string, string>();

  /** The specification with the compiled filter added when it is known. The profile stays: it is what the program means. */
  apply(driver: Driver, spec: RuntimeSpec): RuntimeSpec {
    const key = keyOf(driver, spec);
    const program = key === undefined ? undefined : this.#programs.get(key);
    if (program === undefined) return spec;
    return { ...spec, annotations: { ...spec.annotations, [annotation]: program } };
  }

  /** Keeps what the runtime compiled for a container that runs now. */
  learn(driver: Driver, spec: RuntimeSpec, containerId: string): void {
    const key = keyOf(driver, spec);
    if (key === undefined || this.#programs.has(key)) return;
    const program = readIfThere(join(driver.stateFolder, containerId, "seccomp.bpf"));
    if (program === undefined) return;
    const [oldest] = this.#programs.keys();
    if (this.#programs.size >= mostPrograms && oldest !== undefined) this.#programs.delete(oldest);
    this.#programs.set(key, program.toString("base64"));
  }
}

function keyOf({ kind, path, version }: Driver, { linux }: RuntimeSpec): string | undefined {
  if (kind !== "crun" || linux.seccomp === undefined) return undefined;
  return createHash("sha256")
    .update(`${path} ${version} ${JSON.stringify(linux.seccomp)}`)
    .digest("base64");
}

/** A container that ended at once has taken its state along: the next one will tell. */
function readIfThere(path: string): Buffer | undefined {
  try {
    const program = readFileSync(path);
    return program.length > 0 ? program : undefined;
  } catch (err) {
    if (hasCode(err, "ENOENT")) return undefined;
    throw err;
  }
}
